import type { Check } from '../model/check.ts';
import type { HostFacts, KernelModule } from './host/host-facts.ts';
import { INOTIFY, INOTIFY_REMEDY, REMEDIES } from './host/host-problems.ts';

export { examineHost, type HostFacts } from './host/host-facts.ts';

/** What the facts mean, in the order in which one would mend things. Pure. */
export function diagnose(facts: HostFacts): readonly Check[] {
  return [
    ...dockerChecks(facts),
    facts.kindVersion === undefined
      ? fail('kind', 'There is no `kind` on this machine.', REMEDIES.kindMissing)
      : ok('kind', `kind ${facts.kindVersion}`),
    ...cgroupCheck(facts),
    ...inotifyCheck(facts),
    ...diskCheck(facts),
    ...facts.modules.map(moduleCheck),
    ...nodeImageCheck(facts),
    bridgeCheck(facts),
  ];
}

function dockerChecks({ docker }: HostFacts): readonly Check[] {
  if (!('kind' in docker)) {
    const { serverVersion, operatingSystem, architecture, kernel } = docker;
    return [
      ok('docker-client', 'The docker client is there.'),
      ok(
        'docker-engine',
        `Docker engine ${serverVersion} on ${operatingSystem}, ${architecture}, kernel ${kernel}`,
      ),
    ];
  }
  if (docker.kind === 'no-client')
    return [fail('docker-client', 'There is no `docker` on this machine.', REMEDIES.dockerMissing)];
  return [
    ok('docker-client', 'The docker client is there.'),
    fail('docker-engine', `The Docker engine cannot be reached: ${docker.message}`, REMEDIES.dockerStopped),
  ];
}

function cgroupCheck({ docker }: HostFacts): readonly Check[] {
  if ('kind' in docker) return [];
  return docker.cgroupVersion === 2
    ? [ok('cgroup', 'cgroup v2')]
    : [
        warn(
          'cgroup',
          'cgroup v1: Kubernetes 1.35 and later do not run here.',
          'Use `kubernetes-version: 1.34`, or boot the machine with systemd.unified_cgroup_hierarchy=1.',
        ),
      ];
}

function inotifyCheck({ inotify }: HostFacts): readonly Check[] {
  if (!inotify) return [];
  const text = `inotify: ${inotify.watches} watches, ${inotify.instances} instances`;
  if (inotify.watches >= INOTIFY.watches && inotify.instances >= INOTIFY.instances)
    return [ok('inotify', text)];
  return [warn('inotify', `${text}: nodes may fail with "too many open files".`, INOTIFY_REMEDY)];
}

const GIB = 1024 ** 3;

function diskCheck({ freeDiskBytes }: HostFacts): readonly Check[] {
  if (freeDiskBytes === undefined) return [];
  const text = `${(freeDiskBytes / GIB).toFixed(1)} GiB free`;
  // Nodes do not evict pods when the disk is full; they fail at random instead.
  if (freeDiskBytes < 2 * GIB)
    return [fail('disk', `${text}: too little for a cluster.`, 'Free space with `docker system prune`.')];
  if (freeDiskBytes < 8 * GIB)
    return [
      warn('disk', `${text}: little for a cluster and its images.`, 'Free space with `docker system prune`.'),
    ];
  return [ok('disk', text)];
}

/** What is lost without a module. */
const NEEDED_BY: Readonly<Record<string, string>> = {
  br_netfilter: 'Services between pods of one node',
  nf_conntrack: 'Services',
  nf_tables: '`kube-proxy-mode: nftables`',
  ip_vs: '`kube-proxy-mode: ipvs`',
  vxlan: '`cni: calico`, `flannel` and `cilium`',
};

function moduleCheck({ name, state }: KernelModule): Check {
  const id = `module-${name.replaceAll('_', '-')}`;
  switch (state) {
    case 'loaded':
      return ok(id, `kernel module ${name} is loaded or built in`);
    case 'available':
      return ok(id, `kernel module ${name} can be loaded`);
    case 'unknown':
      return ok(
        id,
        `kernel module ${name}: nothing tells whether it is there; needed for ${NEEDED_BY[name]}`,
      );
    case 'missing':
      return warn(
        id,
        `kernel module ${name} is missing: ${NEEDED_BY[name]} will not work.`,
        `Load it (\`sudo modprobe ${name}\`), or do without.`,
      );
  }
}

function nodeImageCheck({ docker, nodeImages }: HostFacts): readonly Check[] {
  if ('kind' in docker) return [];
  return nodeImages.length > 0
    ? [ok('node-image', `node images: ${nodeImages.map((tag) => `kindest/node:${tag}`).join(', ')}`)]
    : [ok('node-image', 'No node image is in Docker yet: the first cluster pulls one (about 400 MB).')];
}

function bridgeCheck({ bridgePlugin }: HostFacts): Check {
  return bridgePlugin === undefined
    ? ok('cni-bridge', 'No CNI plugin `bridge` is on this machine: `cni: flannel` downloads it.')
    : ok('cni-bridge', `CNI plugin bridge: ${bridgePlugin}`);
}

function ok(id: string, text: string): Check {
  return { id, status: 'ok', text };
}

function warn(id: string, text: string, remedy: string): Check {
  return { id, status: 'warn', text, remedy };
}

function fail(id: string, text: string, remedy: string): Check {
  return { id, status: 'fail', text, remedy };
}
