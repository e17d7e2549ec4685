import type {
  NodeSelectorRequirement,
  NodeSelectorTerm,
  Taint,
  Toleration,
} from 'kubernetes-types/core/v1.js';
import { isPodActive, type Node, type Pod } from '../api/objects.ts';
import { NODES, PODS } from '../api/resources.ts';
import { matchesSelector } from '../api/selectors.ts';
import { type ControllerContext, type ControllerLoop, keyOf, parseKey } from './controller.ts';

/** Gives every pod without a node one that fits, with the fewest pods; says why where none does. */
export function schedulerLoop({ api, clock, event }: ControllerContext): ControllerLoop {
  const unplaced = () =>
    api.store.list(PODS).filter((pod) => !pod.spec.nodeName && !pod.metadata.deletionTimestamp);
  return {
    concerns({ resource, object, type }) {
      if (resource === PODS && type !== 'DELETED') return [keyOf(object)];
      // A node or a port that comes free may be what a pod waits for.
      return resource === NODES || resource === PODS ? unplaced().map(keyOf) : [];
    },
    reconcile(key) {
      const { namespace, name } = parseKey(key);
      const pod = api.find(PODS, namespace, name);
      if (!pod || pod.spec.nodeName || pod.metadata.deletionTimestamp) return undefined;
      const pods = api.store.list(PODS).filter((other) => isPodActive(other) && other.spec.nodeName);
      const nodes = api.store.list(NODES).map((node) => ({ node, why: whyNot(pod, node, pods) }));
      const load = (node: Node) => pods.filter((other) => other.spec.nodeName === node.metadata.name).length;
      const [best] = nodes.filter(({ why }) => why === undefined).sort((a, b) => load(a.node) - load(b.node));
      const condition = { type: 'PodScheduled', lastTransitionTime: clock.timestamp() };
      if (best) {
        const node = best.node.metadata.name;
        api.update({ resource: PODS, namespace, name }, (draft) => {
          draft.spec.nodeName = node;
          draft.status = { ...draft.status, conditions: [{ ...condition, status: 'True' }] };
        });
        event(pod, {
          type: 'Normal',
          reason: 'Scheduled',
          message: `Successfully assigned ${namespace}/${name} to ${node}`,
        });
        return undefined;
      }
      const message = `0/${nodes.length} nodes are available: ${countReasons(nodes.map(({ why }) => why ?? ''))}.`;
      const known = pod.status?.conditions?.find(({ type }) => type === 'PodScheduled');
      if (known?.message === message) return undefined;
      api.update({ resource: PODS, namespace, name }, (draft) => {
        draft.status = {
          ...draft.status,
          conditions: [{ ...condition, status: 'False', reason: 'Unschedulable', message }],
        };
      });
      event(pod, { type: 'Warning', reason: 'FailedScheduling', message });
      return undefined;
    },
  };
}

/** Why a pod can not go on a node, in the scheduler's words; undefined where it can. */
function whyNot(pod: Pod, node: Node, pods: readonly Pod[]): string | undefined {
  const labels = node.metadata.labels ?? {};
  if (node.spec.unschedulable) return 'node(s) were unschedulable';
  const ready = node.status?.conditions?.some(({ type, status }) => type === 'Ready' && status === 'True');
  if (!ready) return 'node(s) were not ready';
  const taint = node.spec.taints?.find(
    (candidate) =>
      candidate.effect !== 'PreferNoSchedule' && !tolerates(pod.spec.tolerations ?? [], candidate),
  );
  if (taint) return `node(s) had untolerated taint(s)`;
  const selected = Object.entries(pod.spec.nodeSelector ?? {}).every(([key, value]) => labels[key] === value);
  const terms =
    pod.spec.affinity?.nodeAffinity?.requiredDuringSchedulingIgnoredDuringExecution?.nodeSelectorTerms;
  if (!selected || (terms && !terms.some((term) => meets(node, term))))
    return "node(s) didn't match Pod's node affinity/selector";
  if (violatesAntiAffinity(pod, node, pods)) return "node(s) didn't match pod anti-affinity rules";
  const taken = new Set(
    pods.filter((other) => other.spec.nodeName === node.metadata.name).flatMap(hostPorts),
  );
  if (hostPorts(pod).some((port) => taken.has(port)))
    return "node(s) didn't have free ports for the requested pod ports";
  return undefined;
}

function hostPorts({ spec }: Pod): string[] {
  return spec.containers.flatMap(({ ports = [] }) =>
    ports
      .filter(({ hostPort }) => hostPort)
      .map(({ hostPort, protocol = 'TCP' }) => `${protocol}/${hostPort}`),
  );
}

function tolerates(tolerations: readonly Toleration[], taint: Taint): boolean {
  return tolerations.some(({ key, operator = 'Equal', value = '', effect }) => {
    if (effect && effect !== taint.effect) return false;
    if (!key) return operator === 'Exists';
    return key === taint.key && (operator === 'Exists' || value === (taint.value ?? ''));
  });
}

function meets(node: Node, term: NodeSelectorTerm): boolean {
  const fields = { 'metadata.name': node.metadata.name };
  return (
    meetsAll(term.matchExpressions ?? [], node.metadata.labels ?? {}) &&
    meetsAll(term.matchFields ?? [], fields)
  );
}

function meetsAll(
  requirements: readonly NodeSelectorRequirement[],
  labels: Readonly<Record<string, string>>,
): boolean {
  return requirements.every(({ key, operator, values = [] }) => {
    const [bound] = values;
    const value = labels[key];
    if (operator === 'Gt') return value !== undefined && Number(value) > Number(bound);
    if (operator === 'Lt') return value !== undefined && Number(value) < Number(bound);
    return matchesSelector({ matchExpressions: [{ key, operator, values: [...values] }] }, labels);
  });
}

/** Only the required rules by host name, which is how replicas are kept apart. */
function violatesAntiAffinity(pod: Pod, node: Node, pods: readonly Pod[]): boolean {
  const terms = pod.spec.affinity?.podAntiAffinity?.requiredDuringSchedulingIgnoredDuringExecution ?? [];
  const here = pods.filter(
    (other) =>
      other.spec.nodeName === node.metadata.name && other.metadata.namespace === pod.metadata.namespace,
  );
  return terms.some(
    ({ topologyKey, labelSelector }) =>
      topologyKey === 'kubernetes.io/hostname' &&
      labelSelector &&
      here.some((other) => matchesSelector(labelSelector, other.metadata.labels)),
  );
}

function countReasons(reasons: readonly string[]): string {
  const counts = new Map<string, number>();
  for (const reason of reasons) counts.set(reason, (counts.get(reason) ?? 0) + 1);
  return [...counts].map(([reason, count]) => `${count} ${reason}`).join(', ');
}
