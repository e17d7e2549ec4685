import { EXIT_CODE_FINALIZER } from '../model/our-objects.ts';
import type {
  ContainerState,
  DeploymentFact,
  EndpointsFact,
  PodFact,
  PodIdentity,
  ReplicaSetFact,
} from '../model/recording.ts';
import type {
  KubeContainerStatus,
  KubeDeployment,
  KubeEndpointSlice,
  KubeObject,
  KubePod,
  KubeReplicaSet,
} from './kube-objects.ts';

/** Hash of the pod template an object was made from, as the Deployment controller labels it; empty where there is none. */
export function templateHashOf(object: KubeObject): string {
  return object.metadata.labels?.['pod-template-hash'] ?? '';
}

/** A pod as a recording holds it, without how and when it was learnt. */
export function podFact(pod: KubePod): Omit<PodFact, 'atMs' | 'change'> {
  const { metadata, spec, status } = pod;
  const scheduled = status?.conditions?.find(({ type }) => type === 'PodScheduled');
  return {
    kind: 'pod',
    uid: metadata.uid,
    name: metadata.name,
    ...(spec.nodeName ? { node: spec.nodeName } : {}),
    ...(status?.podIP ? { address: status.podIP } : {}),
    templateHash: templateHashOf(pod),
    phase: status?.phase ?? 'Unknown',
    ...(status?.reason ? { reason: status.reason } : {}),
    ...(scheduled?.status === 'False' && scheduled.reason === 'Unschedulable'
      ? { unschedulable: scheduled.message ?? scheduled.reason }
      : {}),
    ready: status?.conditions?.some(({ type, status }) => type === 'Ready' && status === 'True') ?? false,
    ...(metadata.deletionTimestamp ? { deletionTimestamp: metadata.deletionTimestamp } : {}),
    ...(metadata.deletionGracePeriodSeconds === undefined
      ? {}
      : { deletionGracePeriodSeconds: metadata.deletionGracePeriodSeconds }),
    ...(metadata.finalizers?.includes(EXIT_CODE_FINALIZER) ? { held: true as const } : {}),
    containers: [
      ...(status?.initContainerStatuses ?? []).map((one) => ({
        ...containerState(one),
        init: true as const,
      })),
      ...(status?.containerStatuses ?? []).map(containerState),
    ],
  };
}

/** What makes a pod this pod, for the lists before and after a rollout. */
export function podIdentity(pod: KubePod): PodIdentity {
  const { uid, name, node, address, templateHash, deletionTimestamp } = podFact(pod);
  return {
    uid,
    name,
    ...(node === undefined ? {} : { node }),
    ...(address === undefined ? {} : { address }),
    templateHash,
    terminating: deletionTimestamp !== undefined,
  };
}

/** A Deployment as a recording holds it, without how and when it was learnt. */
export function deploymentFact({
  metadata,
  spec,
  status,
}: KubeDeployment): Omit<DeploymentFact, 'atMs' | 'change'> {
  return {
    kind: 'deployment',
    uid: metadata.uid,
    generation: metadata.generation ?? 0,
    observedGeneration: status?.observedGeneration ?? 0,
    replicas: spec.replicas ?? 1,
    existingReplicas: status?.replicas ?? 0,
    updatedReplicas: status?.updatedReplicas ?? 0,
    readyReplicas: status?.readyReplicas ?? 0,
    availableReplicas: status?.availableReplicas ?? 0,
    ...(spec.paused ? { paused: true as const } : {}),
    conditions: (status?.conditions ?? []).map(({ type, status, reason, message }) => ({
      type,
      status,
      ...(reason ? { reason } : {}),
      ...(message ? { message } : {}),
    })),
  };
}

/** A ReplicaSet as a recording holds it, without how and when it was learnt. */
export function replicaSetFact(replicaSet: KubeReplicaSet): Omit<ReplicaSetFact, 'atMs' | 'change'> {
  return {
    kind: 'replica-set',
    uid: replicaSet.metadata.uid,
    name: replicaSet.metadata.name,
    templateHash: templateHashOf(replicaSet),
    replicas: replicaSet.spec?.replicas ?? 0,
    readyReplicas: replicaSet.status?.readyReplicas ?? 0,
  };
}

/**
 * An EndpointSlice as a recording holds it, without how and when it was learnt.
 * A condition the server left out means what the API says it means: ready and serving, not terminating.
 */
export function endpointsFact(slice: KubeEndpointSlice): Omit<EndpointsFact, 'atMs' | 'change'> {
  return {
    kind: 'endpoints',
    slice: slice.metadata.name,
    ports: (slice.ports ?? []).map(({ name }) => name ?? ''),
    portNumbers: (slice.ports ?? []).map(({ port }) => port ?? 0),
    endpoints: (slice.endpoints ?? []).map(({ addresses, targetRef, nodeName, conditions }) => {
      const ready = conditions?.ready ?? true;
      return {
        address: addresses[0] ?? '',
        ...(targetRef?.kind === 'Pod' && targetRef.name ? { pod: targetRef.name } : {}),
        ...(nodeName ? { node: nodeName } : {}),
        ready,
        serving: conditions?.serving ?? ready,
        terminating: conditions?.terminating ?? false,
      };
    }),
  };
}

/** Does this ReplicaSet belong to the Deployment? */
export function isReplicaSetOf(deployment: string, { metadata }: KubeReplicaSet): boolean {
  return (
    metadata.ownerReferences?.some(({ kind, name }) => kind === 'Deployment' && name === deployment) ?? false
  );
}

/**
 * Does this pod belong to the Deployment? Decided by the name of the owning ReplicaSet, which the controller always
 * makes from the Deployment's name and the template hash, so that no second lookup can be out of date.
 */
export function isPodOf(deployment: string, pod: KubePod): boolean {
  const replicaSet = `${deployment}-${templateHashOf(pod)}`;
  return (
    pod.metadata.ownerReferences?.some(({ kind, name }) => kind === 'ReplicaSet' && name === replicaSet) ??
    false
  );
}

function containerState({
  name,
  ready,
  restartCount,
  containerID,
  state,
  lastState,
}: KubeContainerStatus): ContainerState {
  const { waiting, running, terminated } = state ?? {};
  const details = waiting ?? terminated;
  const startedAt = running?.startedAt ?? terminated?.startedAt;
  const last = lastState?.terminated;
  const id = containerID?.split('://')[1];
  return {
    name,
    ...(id ? { id } : {}),
    state: waiting ? 'waiting' : running ? 'running' : terminated ? 'terminated' : 'unknown',
    ready,
    restarts: restartCount,
    ...(details?.reason ? { reason: details.reason } : {}),
    ...(details?.message ? { message: details.message } : {}),
    ...(terminated ? { exitCode: terminated.exitCode } : {}),
    ...(terminated?.signal ? { signal: terminated.signal } : {}),
    ...(startedAt ? { startedAt } : {}),
    ...(terminated?.finishedAt ? { finishedAt: terminated.finishedAt } : {}),
    ...(last ? { last: { exitCode: last.exitCode, ...(last.reason ? { reason: last.reason } : {}) } } : {}),
  };
}
