import type { KubeConfig } from '@kubernetes/client-node';
import type { ClusterSettings } from '../../model/settings.ts';
import type { KubeList } from '../../platform/kube-objects.ts';
import { kubeRequest } from '../../platform/kube-request.ts';
import { clusterNode } from '../cluster-node.ts';
import type { Cluster, ClusterNode } from '../cluster-provider.ts';
import type { NodeObject } from '../readiness/cluster-state.ts';
import type { Blueprint } from './blueprint.ts';
import type { BootedCluster } from './boot-cluster.ts';

export interface DescribeOptions {
  readonly settings: ClusterSettings;
  readonly blueprint: Blueprint;
  readonly booted: BootedCluster;
  readonly signal: AbortSignal;
}

/** What is said of a cluster in reports, and what of it others build on. */
export async function describeCluster(
  options: DescribeOptions,
): Promise<Pick<Cluster, 'nodes' | 'environment' | 'coreDnsImage' | 'pauseImage'>> {
  const { settings, blueprint, booted, signal } = options;
  const { kubeConfig, containers, manifest, state } = booted;
  const [version, nodeObjects] = await Promise.all([
    kubeRequest<{ readonly gitVersion: string }>(kubeConfig, { path: '/version', signal }),
    listNodes(kubeConfig, signal),
  ]);
  const nodes: readonly ClusterNode[] = nodeObjects.map(clusterNode);
  const { docker, kindVersion, config } = blueprint;
  const image = containers.find(({ role }) => role === 'control-plane')?.image;
  const everywhere = imagesOnEvery(nodeObjects);
  const dns = state.deployments.find(({ metadata }) => metadata.name === 'coredns');
  const dnsImage = dns?.spec?.template?.spec?.containers?.[0]?.image;
  const pauseImage = everywhere
    .filter((name) => /\/pause:/.test(name))
    .sort()
    .at(-1);
  return {
    nodes,
    environment: {
      cluster: 'kind',
      kubernetes: version.gitVersion,
      kind: kindVersion,
      ...(image === undefined ? {} : { nodeImage: image }),
      cni: manifest?.version === undefined ? settings.cni : `${settings.cni} ${manifest.version}`,
      kubeProxyMode: config.kubeProxyMode,
      nodes: nodes.length,
      platform: `${docker.operatingSystem}, Linux ${docker.kernel}, ${docker.architecture}, Docker ${docker.serverVersion}`,
      node: process.version,
      ...(settings.amplify && { amplified: settings.amplify }),
    },
    ...(dnsImage !== undefined && everywhere.includes(dnsImage) ? { coreDnsImage: dnsImage } : {}),
    ...(pauseImage === undefined ? {} : { pauseImage }),
  };
}

async function listNodes(kubeConfig: KubeConfig, signal: AbortSignal): Promise<readonly NodeObject[]> {
  const list = await kubeRequest<KubeList<NodeObject>>(kubeConfig, { path: '/api/v1/nodes', signal });
  return list.items ?? [];
}

function imagesOnEvery(nodes: readonly NodeObject[]): readonly string[] {
  const [first, ...others] = nodes.map(
    ({ status }) => new Set((status?.images ?? []).flatMap(({ names = [] }) => names)),
  );
  return [...(first ?? [])].filter((name) => others.every((names) => names.has(name)));
}
