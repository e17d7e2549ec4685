import type { ReplicaSetCondition } from 'kubernetes-types/apps/v1.js';
import {
  controlledBy,
  isControlledBy,
  isPodActive,
  isPodReady,
  type Pod,
  type ReplicaSet,
} from '../api/objects.ts';
import { PODS, REPLICA_SETS } from '../api/resources.ts';
import { StatusError } from '../api/status-error.ts';
import { isJsonObject } from '../json.ts';
import { type ControllerContext, type ControllerLoop, keyOf, ownerKeys, parseKey } from './controller.ts';

const MANAGER = 'kube-controller-manager';

/** A ReplicaSet with the pods that count for it, and why it could not create more. */
interface Counted {
  readonly replicaSet: ReplicaSet;
  readonly pods: readonly Pod[];
  readonly failure: string | undefined;
}

/** Keeps as many pods as a ReplicaSet wants, and counts them. */
export function replicaSetLoop(context: ControllerContext): ControllerLoop {
  const { api, clock } = context;
  return {
    concerns({ resource, object }) {
      if (resource === REPLICA_SETS) return [keyOf(object)];
      return resource === PODS ? ownerKeys(object, 'ReplicaSet') : [];
    },
    reconcile(key) {
      const replicaSet = api.find(REPLICA_SETS, parseKey(key).namespace, parseKey(key).name);
      if (!replicaSet || replicaSet.metadata.deletionTimestamp) return undefined;
      const owned = api.store
        .list(PODS, replicaSet.metadata.namespace)
        .filter((pod) => isControlledBy(pod, replicaSet));
      const pods = owned.filter((pod) => isPodActive(pod) && !pod.metadata.deletionTimestamp);
      const missing = (replicaSet.spec.replicas ?? 1) - pods.length;
      const failure = missing > 0 ? createPods(context, replicaSet, missing) : undefined;
      if (missing < 0) deletePods(context, replicaSet, pods, -missing);
      return writeStatus({ replicaSet, pods, failure });
    },
  };

  /** Gives the milliseconds after which the next ready pod counts as available. */
  function writeStatus({ replicaSet, pods, failure }: Counted): number | undefined {
    const now = clock.now().getTime();
    const minReadyMs = (replicaSet.spec.minReadySeconds ?? 0) * 1000;
    const waits = pods.filter(isPodReady).map((pod) => readySince(pod) + minReadyMs - now);
    const templateLabels = Object.entries(replicaSet.spec.template?.metadata?.labels ?? {});
    const terminating = api.store
      .list(PODS, replicaSet.metadata.namespace)
      .filter(
        (pod) => isControlledBy(pod, replicaSet) && isPodActive(pod) && pod.metadata.deletionTimestamp,
      ).length;
    const { name, namespace } = replicaSet.metadata;
    api.update({ resource: REPLICA_SETS, namespace, name }, (draft) => {
      const before = draft.status?.conditions?.find(({ type }) => type === 'ReplicaFailure');
      const conditions: ReplicaSetCondition[] = failure
        ? [
            {
              type: 'ReplicaFailure',
              status: 'True',
              reason: 'FailedCreate',
              message: failure,
              lastTransitionTime: before?.lastTransitionTime ?? clock.timestamp(),
            },
          ]
        : [];
      draft.status = {
        replicas: pods.length,
        fullyLabeledReplicas: pods.filter(({ metadata }) =>
          templateLabels.every(([label, value]) => metadata.labels?.[label] === value),
        ).length,
        readyReplicas: waits.length,
        availableReplicas: waits.filter((wait) => wait <= 0).length,
        ...{ terminatingReplicas: terminating },
        observedGeneration: draft.metadata.generation,
        ...(conditions.length > 0 && { conditions }),
      };
    });
    const soon = waits.filter((wait) => wait > 0);
    return soon.length > 0 ? Math.min(...soon) : undefined;
  }
}

/** When the pod became ready, in milliseconds of the wall clock. */
export function readySince(pod: Pod): number {
  const condition = pod.status?.conditions?.find(({ type }) => type === 'Ready');
  return Date.parse(condition?.lastTransitionTime ?? pod.metadata.creationTimestamp);
}

function createPods(
  { api, event }: ControllerContext,
  replicaSet: ReplicaSet,
  count: number,
): string | undefined {
  const { template } = replicaSet.spec;
  const { name, namespace } = replicaSet.metadata;
  const body: unknown = {
    metadata: {
      ...template?.metadata,
      generateName: `${name}-`,
      ownerReferences: [controlledBy(replicaSet)],
    },
    spec: template?.spec ?? {},
  };
  for (let created = 0; created < count; created += 1) {
    try {
      const pod = api.create(PODS, namespace, isJsonObject(body) ? body : {}, { manager: MANAGER });
      event(replicaSet, {
        type: 'Normal',
        reason: 'SuccessfulCreate',
        message: `Created pod: ${pod.metadata.name}`,
      });
    } catch (error) {
      if (!(error instanceof StatusError)) throw error;
      event(replicaSet, {
        type: 'Warning',
        reason: 'FailedCreate',
        message: `Error creating: ${error.message}`,
      });
      return error.message;
    }
  }
  return undefined;
}

/** Pods that do least go first: not placed, not running, not ready, and then the youngest. */
function deletePods(
  { api, event }: ControllerContext,
  replicaSet: ReplicaSet,
  pods: readonly Pod[],
  count: number,
): void {
  const worth = (pod: Pod) =>
    [pod.spec.nodeName ? 1 : 0, pod.status?.phase === 'Running' ? 1 : 0, isPodReady(pod) ? 1 : 0] as const;
  const byWorth = (a: Pod, b: Pod) => {
    const [wa, wb] = [worth(a), worth(b)];
    for (const index of [0, 1, 2] as const) if (wa[index] !== wb[index]) return wa[index] - wb[index];
    return Date.parse(b.metadata.creationTimestamp) - Date.parse(a.metadata.creationTimestamp);
  };
  for (const pod of [...pods].sort(byWorth).slice(0, count)) {
    const { namespace, name } = pod.metadata;
    api.delete({ resource: PODS, namespace, name });
    event(replicaSet, { type: 'Normal', reason: 'SuccessfulDelete', message: `Deleted pod: ${name}` });
  }
}
