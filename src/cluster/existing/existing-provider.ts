import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { KubeConfig } from '@kubernetes/client-node';
import { EnvironmentError, messageOf } from '../../model/problem.ts';
import type { Environment } from '../../model/recording.ts';
import type { ClusterSettings } from '../../model/settings.ts';
import type { KubeList } from '../../platform/kube-objects.ts';
import { KubeApiError, kubeRequest } from '../../platform/kube-request.ts';
import { clusterNode } from '../cluster-node.ts';
import type { ClusterProvider } from '../cluster-provider.ts';
import type { NodeObject, WorkloadObject } from '../readiness/cluster-state.ts';
import { missingPermissions } from './permissions.ts';
import { saveOurLogs } from './save-our-logs.ts';

/**
 * Takes a cluster that a kubeconfig context leads to. Nothing is created in it and nothing removed; what the gate does
 * there, it does in namespaces of its own. Throws EnvironmentError where the context, the server or a permission is
 * missing.
 */
export function existingProvider(): ClusterProvider {
  return {
    async acquire(settings, { signal, progress, workDir }) {
      const kubeConfig = contextOf(settings);
      const context = kubeConfig.getCurrentContext();
      const [version] = await Promise.all([
        kubeRequest<{ readonly gitVersion: string }>(kubeConfig, { path: '/version', signal }),
        requirePermissions(kubeConfig, signal),
      ]);
      progress(`context ${context}, Kubernetes ${version.gitVersion}`);
      const [nodeObjects, daemonSets, proxyMode] = await Promise.all([
        listIfAllowed<NodeObject>(kubeConfig, '/api/v1/nodes', signal),
        listIfAllowed<WorkloadObject>(kubeConfig, '/apis/apps/v1/daemonsets', signal),
        kubeProxyMode(kubeConfig, signal),
      ]);
      const environment: Environment = {
        cluster: 'existing',
        kubernetes: version.gitVersion,
        cni: cniOf(daemonSets),
        kubeProxyMode: proxyMode,
        nodes: nodeObjects.length,
        platform: `${process.platform}, ${process.arch}`,
        node: process.version,
      };
      return {
        provider: 'existing',
        name: context,
        kubeConfig,
        kubeconfigPath: await writeKubeconfig(kubeConfig, workDir),
        nodes: nodeObjects.map(clusterNode),
        environment,
        collectLogs: (directory) => saveOurLogs(kubeConfig, directory),
        async [Symbol.asyncDispose]() {},
      };
    },
  };
}

/** A configuration that knows one context and nothing else. */
function contextOf({ context, kubeconfig }: ClusterSettings): KubeConfig {
  const all = new KubeConfig();
  try {
    if (kubeconfig === undefined) all.loadFromDefault();
    else all.loadFromFile(kubeconfig);
  } catch (error) {
    throw new EnvironmentError(
      {
        code: 'RP2402',
        what: 'The kubeconfig cannot be read.',
        where: kubeconfig ?? process.env.KUBECONFIG ?? '~/.kube/config',
        why: messageOf(error),
        remedy: 'Name the file with `kubeconfig`, or set KUBECONFIG.',
      },
      { cause: error },
    );
  }
  const name = context ?? all.getCurrentContext();
  const chosen = all.getContextObject(name);
  const cluster = chosen ? all.getCluster(chosen.cluster) : null;
  if (!chosen || !cluster) {
    const known = all.getContexts().map((one) => one.name);
    throw new EnvironmentError({
      code: 'RP2401',
      what: name ? `The kubeconfig has no context ${name}.` : 'The kubeconfig has no current context.',
      where: context === undefined ? 'kubeconfig' : 'context',
      why: known.length > 0 ? `It has ${known.join(', ')}.` : 'It has no context at all.',
      remedy: 'Name one of them in `context`.',
    });
  }
  const user = all.getUser(chosen.user);
  const one = new KubeConfig();
  one.loadFromOptions({
    clusters: [cluster],
    users: user ? [user] : [],
    contexts: [chosen],
    currentContext: name,
  });
  return one;
}

/** For child processes such as `command:` updates: they see this context and no other. */
async function writeKubeconfig(kubeConfig: KubeConfig, workDir: string): Promise<string> {
  const path = join(workDir, 'kubeconfig');
  await writeFile(path, kubeConfig.exportConfig(), { mode: 0o600 });
  return path;
}

async function requirePermissions(kubeConfig: KubeConfig, signal: AbortSignal): Promise<void> {
  const missing = await missingPermissions(kubeConfig, signal);
  if (missing.length === 0) return;
  throw new EnvironmentError({
    code: 'RP2403',
    what: `The context ${kubeConfig.getCurrentContext()} may not do what the gate needs.`,
    where: 'context',
    why: `It is not allowed to: ${missing.join(', ')}.`,
    remedy:
      'Use a context that may create namespaces and work in them, or let Rollproof boot a kind cluster.',
  });
}

async function listIfAllowed<T>(
  kubeConfig: KubeConfig,
  path: string,
  signal: AbortSignal,
): Promise<readonly T[]> {
  try {
    return (await kubeRequest<KubeList<T>>(kubeConfig, { path, signal })).items ?? [];
  } catch (error) {
    // It only makes the description poorer.
    if (error instanceof KubeApiError && error.status === 403) return [];
    throw error;
  }
}

/** DaemonSets by which a CNI is recognised. */
const AGENTS: Readonly<Record<string, string>> = {
  'calico-node': 'calico',
  cilium: 'cilium',
  'kube-flannel-ds': 'flannel',
  kindnet: 'kindnet',
  'antrea-agent': 'antrea',
  'aws-node': 'aws-vpc-cni',
  'azure-cns': 'azure-cni',
  'ovnkube-node': 'ovn-kubernetes',
};

function cniOf(daemonSets: readonly WorkloadObject[]): string {
  const found = daemonSets.flatMap(({ metadata }) => AGENTS[metadata.name] ?? []);
  return found.length > 0 ? found.join(' + ') : 'unknown';
}

async function kubeProxyMode(kubeConfig: KubeConfig, signal: AbortSignal): Promise<string> {
  try {
    const path = '/api/v1/namespaces/kube-system/configmaps/kube-proxy';
    const { data } = await kubeRequest<{ readonly data?: Readonly<Record<string, string>> }>(kubeConfig, {
      path,
      signal,
    });
    const mode = /^mode: *"?(\w*)"?/m.exec(data?.['config.conf'] ?? '');
    // Left open, kube-proxy takes iptables on Linux.
    return mode ? mode[1] || 'iptables' : 'unknown';
  } catch (error) {
    if (error instanceof KubeApiError) return 'unknown';
    throw error;
  }
}
