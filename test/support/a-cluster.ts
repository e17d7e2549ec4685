import type { ClusterSettings } from '../../src/model/settings.ts';

/** What is asked of a cluster by somebody who asks for nothing in particular. */
export function aCluster(provider: ClusterSettings['provider'] = 'kind'): ClusterSettings {
  return {
    provider,
    cni: 'kindnet',
    kubeProxyMode: 'iptables',
    nodes: 2,
    images: [],
    keep: false,
    proberImage: 'node:24-slim',
  };
}
