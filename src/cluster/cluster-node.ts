import type { ClusterNode } from './cluster-provider.ts';
import type { NodeObject } from './readiness/cluster-state.ts';

/** What a Node object says about placing pods on it and reaching it. */
export function clusterNode({ metadata, spec, status }: NodeObject): ClusterNode {
  const address = status?.addresses?.find(({ type }) => type === 'InternalIP')?.address;
  // Taints of the node's own condition come and go; those that stay are someone's decision.
  const closed = spec?.taints?.some(
    ({ key, effect }) => effect !== 'PreferNoSchedule' && !key.startsWith('node.kubernetes.io/'),
  );
  return {
    name: metadata.name,
    address: address ?? metadata.name,
    controlPlane: 'node-role.kubernetes.io/control-plane' in (metadata.labels ?? {}),
    schedulable: !closed && spec?.unschedulable !== true,
  };
}
