import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { KubeConfig } from '@kubernetes/client-node';
import { EnvironmentError } from '../../model/problem.ts';
import type { Environment } from '../../model/recording.ts';
import { SANDBOX_NOTICE } from '../../model/sandbox-notice.ts';
import type { AcquireContext, Cluster, ClusterProvider } from '../cluster-provider.ts';
import { PODS } from './api/resources.ts';
import { KUBERNETES_VERSION } from './api/schema.ts';
import { portOnHost } from './network/port-on-host.ts';
import { type PartialSandboxOptions, Sandbox } from './sandbox.ts';

export type { WatchFault } from './faults.ts';
export type { PartialSandboxOptions } from './sandbox.ts';

/** A cluster that is a sandbox, with the sandbox itself for those who want to disturb it. */
export interface SandboxCluster extends Cluster {
  readonly provider: 'sandbox';
  readonly sandbox: Sandbox;
}

/** A provider whose cluster is a sandbox in this process: there in milliseconds, gone with this process. */
export interface SandboxProvider extends ClusterProvider {
  acquire(...parameters: Parameters<ClusterProvider['acquire']>): Promise<SandboxCluster>;
}

/** The only door of this part. Settings of a real cluster (CNI, images, kube-proxy's mode) have no meaning here. */
export function sandboxProvider(options: PartialSandboxOptions = {}): SandboxProvider {
  return {
    async acquire({ nodes, amplify, fallback }, { progress, workDir }) {
      if (process.platform !== 'linux') throw notOnThisSystem();
      const sandbox = await Sandbox.start(
        withDelay({ nodes, ...options }, amplify?.propagationDelayMs),
      ).catch((cause) => {
        throw noAddresses(cause);
      });
      progress(SANDBOX_NOTICE);
      const facts = { ...(amplify && { amplified: amplify }), ...(fallback && { fallback }) };
      return await clusterOf(sandbox, workDir, facts);
    },
  };
}

function withDelay(
  options: PartialSandboxOptions,
  minSyncPeriodMs: number | undefined,
): PartialSandboxOptions {
  return minSyncPeriodMs === undefined
    ? options
    : { ...options, proxy: { ...options.proxy, minSyncPeriodMs } };
}

async function clusterOf(
  sandbox: Sandbox,
  workDir: AcquireContext['workDir'],
  facts: Partial<Environment>,
): Promise<SandboxCluster> {
  const name = 'sandbox';
  const kubeConfig = new KubeConfig();
  kubeConfig.loadFromClusterAndUser({ name, server: sandbox.apiUrl, skipTLSVerify: true }, { name });
  const kubeconfigPath = join(workDir, 'sandbox.kubeconfig');
  await writeFile(kubeconfigPath, kubeConfig.exportConfig(), { mode: 0o600 });
  return {
    provider: 'sandbox',
    name,
    sandbox,
    kubeConfig,
    kubeconfigPath,
    nodes: sandbox.nodes,
    environment: { ...environmentOf(sandbox), ...facts },
    coreDnsImage: 'registry.k8s.io/coredns/coredns:v1.12.1',
    pauseImage: 'registry.k8s.io/pause:3.10',
    loopback: {
      runnerAddress: sandbox.runnerAddress,
      portOnHost,
      observeConnections: (observer) =>
        sandbox.observeConnections((node, connection) => observer({ node, ...connection })),
    },
    collectLogs: (directory) => collectLogs(sandbox, directory),
    [Symbol.asyncDispose]: () => sandbox.close(),
  };
}

function environmentOf({ options, nodes }: Sandbox): Environment {
  return {
    cluster: 'sandbox',
    kubernetes: `${KUBERNETES_VERSION.gitVersion} (sandbox)`,
    cni: 'none (loopback)',
    kubeProxyMode: `userspace, ${options.balancing}`,
    nodes: nodes.length,
    platform: `${process.platform}/${process.arch}`,
    node: process.version,
  };
}

/** Every container's log, and what the sandbox itself complained of. */
async function collectLogs(sandbox: Sandbox, directory: string): Promise<void> {
  try {
    await mkdir(directory, { recursive: true });
    for (const { metadata, spec } of sandbox.api.store.list(PODS)) {
      for (const { name } of spec.containers) {
        const log = sandbox.podLog(metadata.namespace, metadata.name, name);
        if (log) await writeFile(join(directory, `${metadata.namespace}_${metadata.name}_${name}.log`), log);
      }
    }
    if (sandbox.complaints.length > 0)
      await writeFile(join(directory, 'sandbox.log'), `${sandbox.complaints.join('\n')}\n`);
  } catch {
    // Logs of a failed run are a courtesy: that they can not be written must not hide the failure.
  }
}

function notOnThisSystem(): EnvironmentError {
  return new EnvironmentError({
    code: 'RP2701',
    what: `The sandbox does not run on ${process.platform}.`,
    why: 'It gives every pod an address in 127.0.0.0/8, and only Linux has all of them.',
    remedy: 'Use `cluster: kind`, or run in a Linux virtual machine.',
  });
}

function noAddresses(cause: unknown): EnvironmentError {
  return new EnvironmentError(
    {
      code: 'RP2702',
      what: 'The sandbox found no free block of loopback addresses.',
      why: cause instanceof Error ? cause.message : String(cause),
      remedy: 'End other sandboxes, or allow processes to listen on addresses in 127.64.0.0/10.',
    },
    { cause },
  );
}
