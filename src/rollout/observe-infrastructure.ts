import type { KubeConfig } from '@kubernetes/client-node';
import type { Note, RecordingEntry } from '../model/recording.ts';
import type { KubeNode, KubePod } from '../platform/kube-objects.ts';
import { KubeApiError } from '../platform/kube-request.ts';
import { type KubeWatch, watchKube } from '../platform/kube-watch.ts';

export interface InfrastructureOptions {
  readonly kubeConfig: KubeConfig;
  readonly signal: AbortSignal;
  /** The workload's own namespace, which is not infrastructure. */
  readonly namespace: string;
  clock(): number;
  emit(entry: RecordingEntry): void;
}

/** Where kube-proxy and the CNIs that Rollproof knows keep their pods. */
const INFRASTRUCTURE_NAMESPACES = ['kube-system', 'kube-flannel', 'calico-system'];

/**
 * Watches what every request passes through: node conditions, and restarts of the pods of kube-proxy, CNI and DNS.
 * What it sees is emitted as warning notes (`node-condition`, `infrastructure-restart`). Never fails: where a watch
 * is refused, a note (`infrastructure-unwatched`) says so.
 */
export function observeInfrastructure(options: InfrastructureOptions): {
  readonly ready: Promise<void>;
  readonly ended: Promise<void>;
} {
  const { clock, emit, kubeConfig, signal } = options;
  const note = (level: Note['level'], subject: string, text: string) =>
    emit({ kind: 'note', atMs: clock(), level, subject, text });

  const nodeHealth = new Map<string, string>();
  const nodes = watchKube<KubeNode>({
    kubeConfig,
    signal,
    path: '/api/v1/nodes',
    onChange(change, node) {
      const health = change === 'deleted' ? 'deleted' : healthOf(node);
      const before = nodeHealth.get(node.metadata.name);
      nodeHealth.set(node.metadata.name, health);
      if (before !== undefined && before !== health) {
        note('warning', 'node-condition', `node ${node.metadata.name} went from ${before} to ${health}`);
      }
    },
  });

  const restarts = new Map<string, number>();
  const pods = INFRASTRUCTURE_NAMESPACES.filter((namespace) => namespace !== options.namespace).map(
    (namespace) =>
      watchKube<KubePod>({
        kubeConfig,
        signal,
        path: `/api/v1/namespaces/${namespace}/pods`,
        onChange(change, pod) {
          const { uid, name } = pod.metadata;
          const count = (pod.status?.containerStatuses ?? []).reduce(
            (sum, { restartCount }) => sum + restartCount,
            0,
          );
          const before = restarts.get(uid);
          restarts.set(uid, count);
          if (change === 'deleted')
            note('warning', 'infrastructure-restart', `pod ${namespace}/${name} was removed`);
          else if (before !== undefined && count > before) {
            note(
              'warning',
              'infrastructure-restart',
              `a container of pod ${namespace}/${name} was restarted`,
            );
          }
        },
      }),
  );

  const tolerated = ({ ended }: KubeWatch) =>
    ended.catch((error: unknown) => {
      const why = error instanceof KubeApiError ? error.message : String(error);
      note('info', 'infrastructure-unwatched', `nodes and infrastructure pods are not fully watched: ${why}`);
    });
  const watches = [nodes, ...pods];
  return {
    ready: Promise.allSettled(watches.map(({ listed }) => listed)).then(() => {}),
    ended: Promise.all(watches.map(tolerated)).then(() => {}),
  };
}

/** `Ready`, or the conditions that are not as they should be. */
function healthOf({ status }: KubeNode): string {
  const wrong = (status?.conditions ?? []).filter(
    ({ type, status }) => status !== (type === 'Ready' ? 'True' : 'False'),
  );
  return wrong.length === 0 ? 'Ready' : wrong.map(({ type, status }) => `${type}=${status}`).join(', ');
}
