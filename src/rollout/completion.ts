import type { DeploymentFact, RolloutOutcome, WorkloadBefore } from '../model/recording.ts';
import { isTerminating, lastingTrouble, type WorkloadView } from '../model/workload-view.ts';

/** What is known of the update that is being followed. */
export interface Expectation {
  readonly before: WorkloadBefore;
  /** UID of the Deployment before the update. */
  readonly uid: string;
  /** Generation our own write produced; absent while a command of the user's is still writing. */
  readonly generation?: number;
}

/** Where a rollout stands. `complete` is the Deployment's own word for it; old pods may still be terminating. */
export type Progress =
  | { readonly kind: 'under-way'; readonly waitingFor: string }
  | { readonly kind: 'complete' }
  | {
      readonly kind: 'failed';
      readonly outcome: RolloutOutcome;
      readonly detail: string;
      /** UID of the pod that is the evidence. */
      readonly pod?: string;
    };

/** Judges a rollout from the facts so far. The same view gives other answers later: troubles are given time to heal. */
export function judgeProgress(view: WorkloadView, expectation: Expectation, nowMs: number): Progress {
  const { before, generation } = expectation;
  const { deployment } = view;
  if (!deployment) return { kind: 'under-way', waitingFor: 'the Deployment' };
  const intruder = foreignChange(deployment, expectation);
  if (intruder) return { kind: 'failed', outcome: 'foreign-change', detail: intruder };
  if (deployment.paused) {
    return { kind: 'failed', outcome: 'paused', detail: 'the Deployment is paused: spec.paused is true' };
  }
  const waitingFor = missing(view, deployment, before, generation);
  if (waitingFor === undefined) return { kind: 'complete' };
  const oldPods = new Set(before.pods.map(({ uid }) => uid));
  // Conditions of the Deployment are those of the last rollout until the controller has seen this one.
  if (deployment.observedGeneration < deployment.generation) oldPods.add('deployment');
  const trouble = lastingTrouble(view, nowMs, oldPods);
  if (!trouble) return { kind: 'under-way', waitingFor };
  const { outcome, detail } = trouble;
  return { kind: 'failed', outcome, detail, ...(trouble.uid === 'deployment' ? {} : { pod: trouble.uid }) };
}

/** Pods of the workload before the update that still exist, terminating ones included: their UIDs. */
export function remainingOldPods(view: WorkloadView, before: WorkloadBefore): readonly string[] {
  return before.pods.map(({ uid }) => uid).filter((uid) => view.pods.has(uid));
}

function foreignChange(
  deployment: DeploymentFact,
  { before, uid, generation }: Expectation,
): string | undefined {
  if (deployment.change === 'deleted' || deployment.uid !== uid) {
    return 'the Deployment was deleted during the rollout; what came after it is no rolling update';
  }
  if (generation === undefined || deployment.generation <= generation) return undefined;
  const scaled =
    deployment.replicas === before.replicas
      ? ''
      : `; replicas went from ${before.replicas} to ${deployment.replicas}`;
  return `somebody else changed the Deployment during the rollout: its generation is ${deployment.generation}, our update made ${generation}${scaled}`;
}

/** What a complete rollout still lacks, or undefined where nothing does. */
function missing(
  view: WorkloadView,
  deployment: DeploymentFact,
  before: WorkloadBefore,
  generation: number | undefined,
): string | undefined {
  const {
    replicas,
    existingReplicas = 0,
    updatedReplicas,
    availableReplicas,
    observedGeneration,
  } = deployment;
  if (generation === undefined) {
    return deployment.generation > before.generation
      ? 'what writes the update to end: it has changed the Deployment'
      : 'the update to be written';
  }
  if (deployment.generation < generation || observedGeneration < deployment.generation) {
    return 'the Deployment controller to see the update';
  }
  if (updatedReplicas < replicas) return `new pods: ${updatedReplicas} of ${replicas} were created`;
  const living = [...view.pods.values()].filter((pod) => !isTerminating(pod));
  const fresh = living.filter((pod) => pod.templateHash !== before.templateHash);
  const unready = fresh.filter((pod) => !pod.ready).map(({ name }) => name);
  if (fresh.length - unready.length < replicas)
    return `new pods to be ready: ${unready.join(', ') || 'none is seen yet'}`;
  // The status may be a moment older than the pods and the other way round: both must agree.
  if (existingReplicas > updatedReplicas || fresh.length < living.length)
    return 'old pods to be asked to end';
  return availableReplicas < replicas
    ? `new pods to be available: ${availableReplicas} of ${replicas} are`
    : undefined;
}
