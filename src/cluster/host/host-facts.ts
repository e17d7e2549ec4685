import { readFile, statfs } from 'node:fs/promises';
import { release } from 'node:os';
import { gunzipSync } from 'node:zlib';
import { localBridgePlugin } from '../cni/cni-plugins.ts';
import { type DockerInfo, type DockerTrouble, dockerInfo, localTags } from '../kind/docker-cli.ts';
import { kindVersion } from '../kind/kind-cli.ts';

/** Everything about this machine that decides whether a kind cluster can live on it. */
export interface HostFacts {
  readonly platform: string;
  readonly docker: DockerInfo | DockerTrouble;
  /** Undefined: there is no kind. */
  readonly kindVersion: string | undefined;
  /** Undefined where they cannot be read, as on machines that are not Linux. */
  readonly inotify: { readonly watches: number; readonly instances: number } | undefined;
  /** Free bytes where Docker keeps its data. */
  readonly freeDiskBytes: number | undefined;
  readonly modules: readonly KernelModule[];
  /** Tags of kindest/node that Docker holds. */
  readonly nodeImages: readonly string[];
  /** Path of the CNI plugin `bridge` on this machine. */
  readonly bridgePlugin: string | undefined;
}

export interface KernelModule {
  readonly name: string;
  /** `available`: the kernel loads it when it is needed. `unknown`: nothing tells. */
  readonly state: 'loaded' | 'available' | 'missing' | 'unknown';
}

/** Looks at everything once. Throws nothing but what is unexpected. */
export async function examineHost(signal?: AbortSignal): Promise<HostFacts> {
  const docker = await dockerInfo(signal);
  const engine = 'kind' in docker ? undefined : docker;
  const [kind, inotify, freeDiskBytes, modules, nodeImages, bridgePlugin] = await Promise.all([
    kindVersion(signal),
    inotifyLimits(),
    freeBytes(engine?.rootDir),
    kernelModules(),
    engine ? localTags('kindest/node', signal) : [],
    localBridgePlugin(),
  ]);
  return {
    platform: process.platform,
    docker,
    kindVersion: kind,
    inotify,
    freeDiskBytes,
    modules,
    nodeImages,
    bridgePlugin,
  };
}

/** The limits the kernel has on inotify; undefined where there are none to read. */
export async function inotifyLimits(): Promise<HostFacts['inotify']> {
  const [watches, instances] = await Promise.all(
    ['max_user_watches', 'max_user_instances'].map((name) => readText(`/proc/sys/fs/inotify/${name}`)),
  );
  if (watches === undefined || instances === undefined) return undefined;
  return { watches: Number(watches), instances: Number(instances) };
}

async function freeBytes(rootDir: string | undefined): Promise<number | undefined> {
  // Docker's folder may be closed to us, or be on another machine.
  for (const path of [rootDir, '/']) {
    if (!path) continue;
    try {
      const { bavail, bsize } = await statfs(path);
      return bavail * bsize;
    } catch {}
  }
  return undefined;
}

/** What kube-proxy and the CNIs ask of the kernel, and where it shows when it is there. */
const MODULES: readonly { readonly name: string; readonly trace?: string; readonly option: string }[] = [
  { name: 'br_netfilter', trace: '/proc/sys/net/bridge/bridge-nf-call-iptables', option: 'BRIDGE_NETFILTER' },
  { name: 'nf_conntrack', trace: '/proc/sys/net/netfilter/nf_conntrack_max', option: 'NF_CONNTRACK' },
  { name: 'nf_tables', option: 'NF_TABLES' },
  { name: 'ip_vs', trace: '/proc/net/ip_vs', option: 'IP_VS' },
  { name: 'vxlan', option: 'VXLAN' },
];

/** State of the kernel modules that kube-proxy's modes and the CNIs need. */
export async function kernelModules(): Promise<readonly KernelModule[]> {
  if (process.platform !== 'linux') return MODULES.map(({ name }) => ({ name, state: 'unknown' }));
  const [loaded, shipped, configuration] = await Promise.all([
    readText('/proc/modules'),
    readText(`/lib/modules/${release()}/modules.dep`),
    kernelConfiguration(),
  ]);
  return await Promise.all(
    MODULES.map(async ({ name, trace, option }): Promise<KernelModule> => {
      if (new RegExp(`^${name} `, 'm').test(loaded ?? '')) return { name, state: 'loaded' };
      if (trace && (await readText(trace)) !== undefined) return { name, state: 'loaded' };
      if ((await readText(`/sys/module/${name}/uevent`)) !== undefined) return { name, state: 'loaded' };
      if (shipped?.includes(`/${name}.ko`)) return { name, state: 'available' };
      const setting = new RegExp(`^CONFIG_${option}=(.)`, 'm').exec(configuration ?? '')?.[1];
      if (setting === 'y') return { name, state: 'loaded' };
      // Configured as a module, but no such file is shipped: what cannot be loaded is not there.
      if (configuration !== undefined && (setting === undefined || shipped !== undefined))
        return { name, state: 'missing' };
      return { name, state: setting === 'm' ? 'available' : 'unknown' };
    }),
  );
}

async function kernelConfiguration(): Promise<string | undefined> {
  try {
    return gunzipSync(await readFile('/proc/config.gz')).toString();
  } catch {
    return await readText(`/boot/config-${release()}`);
  }
}

async function readText(path: string): Promise<string | undefined> {
  try {
    return await readFile(path, 'utf8');
  } catch {
    return undefined;
  }
}
