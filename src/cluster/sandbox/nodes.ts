import type { ClusterApi } from './api/cluster-api.ts';
import { NODES, PODS } from './api/resources.ts';
import { KUBERNETES_VERSION } from './api/schema.ts';
import type { SandboxClock } from './clock.ts';

/** A node of a sandbox. */
export interface SandboxNode {
  readonly name: string;
  readonly number: number;
  readonly address: string;
  readonly controlPlane: boolean;
  readonly schedulable: boolean;
}

/** Registers a node, ready from the first moment. `podCIDR` is where the addresses of its pods come from. */
export function createNode(
  api: ClusterApi,
  clock: SandboxClock,
  { name, address, controlPlane, schedulable }: SandboxNode,
  podCIDR: string,
): void {
  const role = controlPlane ? { 'node-role.kubernetes.io/control-plane': '' } : {};
  const taints = schedulable ? [] : [{ key: 'node-role.kubernetes.io/control-plane', effect: 'NoSchedule' }];
  const labels = {
    'kubernetes.io/hostname': name,
    'kubernetes.io/os': 'linux',
    'kubernetes.io/arch': process.arch === 'x64' ? 'amd64' : process.arch,
    ...role,
  };
  api.create(
    NODES,
    '',
    {
      metadata: { name, labels },
      spec: { podCIDR, podCIDRs: [podCIDR], ...(taints.length > 0 && { taints }) },
    },
    { manager: 'kubelet' },
  );
  const now = clock.timestamp();
  api.update({ resource: NODES, namespace: '', name }, (draft) => {
    draft.status = {
      addresses: [
        { type: 'InternalIP', address },
        { type: 'Hostname', address: name },
      ],
      conditions: [
        {
          type: 'Ready',
          status: 'True',
          reason: 'KubeletReady',
          message: 'kubelet is posting ready status',
          lastHeartbeatTime: now,
          lastTransitionTime: now,
        },
      ],
      nodeInfo: {
        architecture: String(labels['kubernetes.io/arch']),
        bootID: '',
        containerRuntimeVersion: 'sandbox://1',
        kernelVersion: '',
        kubeProxyVersion: KUBERNETES_VERSION.gitVersion,
        kubeletVersion: KUBERNETES_VERSION.gitVersion,
        machineID: '',
        operatingSystem: 'linux',
        osImage: 'Rollproof sandbox',
        systemUUID: '',
      },
    };
  });
}

/** What the control plane concludes of a node that has been silent for long. */
export function markNodeLost(api: ClusterApi, clock: SandboxClock, node: string): void {
  const now = clock.timestamp();
  api.update({ resource: NODES, namespace: '', name: node }, (draft) => {
    const reason = { reason: 'NodeStatusUnknown', message: 'Kubelet stopped posting node status.' };
    draft.status = {
      ...draft.status,
      conditions: [{ type: 'Ready', status: 'Unknown', ...reason, lastTransitionTime: now }],
    };
  });
  for (const { metadata, spec } of api.store.list(PODS)) {
    if (spec.nodeName !== node) continue;
    api.update({ resource: PODS, namespace: metadata.namespace, name: metadata.name }, (draft) => {
      const conditions = (draft.status?.conditions ?? []).map((condition) =>
        condition.type === 'Ready'
          ? { ...condition, status: 'False', reason: 'NodeLost', lastTransitionTime: now }
          : condition,
      );
      draft.status = { ...draft.status, conditions };
    });
  }
}
