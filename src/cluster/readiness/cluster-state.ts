import type { KubeCondition, KubeObject, KubePod } from '../../platform/kube-objects.ts';

/** The part of a Node that readiness is read from. */
export interface NodeObject extends KubeObject {
  readonly spec?: {
    readonly taints?: readonly { readonly key: string; readonly effect: string }[];
    readonly unschedulable?: boolean;
  };
  readonly status?: {
    readonly conditions?: readonly KubeCondition[];
    readonly addresses?: readonly { readonly type: string; readonly address: string }[];
    readonly images?: readonly { readonly names?: readonly string[] }[];
  };
}

/** The part of a DaemonSet or Deployment that readiness is read from. */
export interface WorkloadObject extends KubeObject {
  readonly spec?: {
    readonly replicas?: number;
    readonly template?: { readonly spec?: { readonly containers?: readonly { readonly image?: string }[] } };
  };
  readonly status?: {
    readonly observedGeneration?: number;
    readonly desiredNumberScheduled?: number;
    readonly updatedNumberScheduled?: number;
    readonly numberReady?: number;
    readonly availableReplicas?: number;
  };
}

/** What a booting cluster is known to look like right now. */
export interface ClusterState {
  readonly nodes: readonly NodeObject[];
  readonly daemonSets: readonly WorkloadObject[];
  readonly deployments: readonly WorkloadObject[];
  readonly pods: readonly KubePod[];
}

export interface ReadinessGoal {
  readonly nodes: number;
  /** DaemonSets that must be ready on every node, as `namespace/name`. */
  readonly daemonSets: readonly string[];
}

/** Everything the cluster still lacks, one line each; empty: it is ready. */
export function whatIsMissing(state: ClusterState, goal: ReadinessGoal): readonly string[] {
  const nodes =
    state.nodes.length < goal.nodes
      ? [`${state.nodes.length} of ${goal.nodes} nodes have registered`]
      : state.nodes.flatMap(nodeTrouble);
  const daemonSets = goal.daemonSets.flatMap((name) => daemonSetTrouble(name, find(state.daemonSets, name)));
  return [...nodes, ...daemonSets, ...dnsTrouble(find(state.deployments, 'kube-system/coredns'))];
}

/** Images that a pod's node has failed to get, each once. */
export function unreachableImages(state: ClusterState): readonly string[] {
  const images = state.pods.flatMap(({ spec, status }) => {
    const containers = [...(spec.initContainers ?? []), ...spec.containers];
    return [...(status?.initContainerStatuses ?? []), ...(status?.containerStatuses ?? [])].flatMap(
      (container) => {
        if (!IMAGE_REASONS.has(container.state?.waiting?.reason ?? '')) return [];
        return containers.find(({ name }) => name === container.name)?.image ?? [];
      },
    );
  });
  return [...new Set(images)];
}

const IMAGE_REASONS: ReadonlySet<string> = new Set([
  'ErrImagePull',
  'ImagePullBackOff',
  'ErrImageNeverPull',
  'InvalidImageName',
]);

/** One line for every pod that is not ready, with why as far as its status says. */
export function podTrouble(state: ClusterState): readonly string[] {
  return state.pods.flatMap((pod) => {
    const {
      phase = 'Unknown',
      conditions = [],
      initContainerStatuses = [],
      containerStatuses = [],
    } = pod.status ?? {};
    if (phase === 'Succeeded' || conditions.some(({ type, status }) => type === 'Ready' && status === 'True'))
      return [];
    const containers = [...initContainerStatuses, ...containerStatuses].flatMap(
      ({ name, state: now, lastState, restartCount }) => {
        const waiting = now?.waiting;
        const ended = now?.terminated?.exitCode ? now.terminated : lastState?.terminated;
        const restarts = restartCount > 0 ? `, ${restartCount} restarts` : '';
        if (waiting && waiting.reason !== 'PodInitializing')
          return [
            `${name} ${waiting.reason ?? 'waiting'}${waiting.message ? `: ${waiting.message}` : ''}${restarts}`,
          ];
        return ended?.exitCode ? [`${name} exited with ${ended.exitCode}${restarts}`] : [];
      },
    );
    const unscheduled = conditions.find(({ type, status }) => type === 'PodScheduled' && status === 'False');
    const why = [...(unscheduled?.message ? [unscheduled.message] : []), ...containers].join('; ');
    return [`pod ${pod.metadata.namespace}/${pod.metadata.name}: ${phase}${why ? ` (${why})` : ''}`];
  });
}

function nodeTrouble({ metadata, status }: NodeObject): readonly string[] {
  const ready = status?.conditions?.find(({ type }) => type === 'Ready');
  if (ready?.status === 'True') return [];
  const why = ready?.message ?? ready?.reason ?? 'it has said nothing yet';
  // Before its CNI is there, every node says so in three ways at once.
  const short = why.includes('cni plugin not initialized') ? 'the CNI is not there yet' : why;
  return [`node ${metadata.name} is not Ready: ${short}`];
}

function daemonSetTrouble(name: string, set: WorkloadObject | undefined): readonly string[] {
  if (!set) return [`DaemonSet ${name} does not exist`];
  const {
    observedGeneration = 0,
    desiredNumberScheduled = 0,
    updatedNumberScheduled = 0,
    numberReady = 0,
  } = set.status ?? {};
  if (observedGeneration < (set.metadata.generation ?? 0)) return [`DaemonSet ${name} was not looked at yet`];
  const wanted = Math.max(desiredNumberScheduled, 1);
  if (numberReady >= wanted && updatedNumberScheduled >= wanted) return [];
  return [`DaemonSet ${name}: ${numberReady} of ${wanted} pods are ready`];
}

function dnsTrouble(deployment: WorkloadObject | undefined): readonly string[] {
  if (!deployment) return ['Deployment kube-system/coredns does not exist'];
  const available = deployment.status?.availableReplicas ?? 0;
  return available > 0 ? [] : ['Deployment kube-system/coredns: no pod is available'];
}

function find(objects: readonly WorkloadObject[], name: string): WorkloadObject | undefined {
  return objects.find(({ metadata }) => `${metadata.namespace}/${metadata.name}` === name);
}
