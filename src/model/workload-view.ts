import type { ContainerState, DeploymentFact, PodFact, RecordingEntry, RolloutOutcome } from './recording.ts';

/**
 * What is known of a Deployment and its pods at an instant, folded from the facts so far. Besides the newest fact of
 * each object it remembers since when a trouble has lasted, because most troubles heal when given a moment.
 */
export interface WorkloadView {
  readonly deployment?: DeploymentFact;
  /** Existing pods by UID, terminating ones included. */
  readonly pods: ReadonlyMap<string, PodFact>;
  /** Every trouble that lasts, by the UID of the pod (or `deployment`). */
  readonly troubles: ReadonlyMap<string, Trouble & { readonly sinceMs: number }>;
  /** When an object of the workload last vanished: what it occupied is free only since then. */
  readonly lastDeletionMs: number;
  /** The newest warning event about each object (`Pod/web-1`). Untrusted text. */
  readonly warnings: ReadonlyMap<string, string>;
}

/** Something that keeps pods from becoming available. */
export interface Trouble {
  readonly outcome: RolloutOutcome;
  /** One sentence with the evidence. Untrusted text. */
  readonly detail: string;
  /** How long it may last before it counts as the end: 0 where it never heals by itself. */
  readonly patienceMs: number;
}

export const EMPTY_VIEW: WorkloadView = {
  pods: new Map(),
  troubles: new Map(),
  lastDeletionMs: 0,
  warnings: new Map(),
};

/** The view after one more entry of the recording; entries about other things leave it as it is. */
export function withFact(view: WorkloadView, entry: RecordingEntry): WorkloadView {
  if (entry.kind === 'deployment') {
    const troubles = withTrouble(view.troubles, 'deployment', deploymentTrouble(entry), entry.atMs);
    return { ...view, deployment: entry, troubles };
  }
  if (entry.kind === 'event' && entry.type === 'Warning') {
    return {
      ...view,
      warnings: new Map(view.warnings).set(entry.object, `${entry.reason}: ${entry.message}`),
    };
  }
  if (entry.kind !== 'pod') return view;
  const pods = new Map(view.pods);
  if (entry.change !== 'deleted') {
    pods.set(entry.uid, entry);
    return { ...view, pods, troubles: withTrouble(view.troubles, entry.uid, podTrouble(entry), entry.atMs) };
  }
  pods.delete(entry.uid);
  const troubles = withTrouble(view.troubles, entry.uid, undefined, entry.atMs);
  return { ...view, pods, troubles, lastDeletionMs: entry.atMs };
}

/**
 * The first trouble that has lasted longer than its patience, if any; pods in `ignored` (UIDs) have none.
 * A pod without a node is not yet in trouble while an ending pod may still be holding its place.
 */
export function lastingTrouble(
  view: WorkloadView,
  nowMs: number,
  ignored: ReadonlySet<string> = new Set(),
): (Trouble & { readonly uid: string }) | undefined {
  const placesMayComeFree = [...view.pods.values()].some(isTerminating);
  for (const [uid, trouble] of view.troubles) {
    if (ignored.has(uid)) continue;
    const unplaced = trouble.outcome === 'unschedulable';
    if (unplaced && placesMayComeFree) continue;
    const sinceMs = unplaced ? Math.max(trouble.sinceMs, view.lastDeletionMs) : trouble.sinceMs;
    if (nowMs - sinceMs >= trouble.patienceMs) return { ...trouble, uid };
  }
  return undefined;
}

/** Has the pod's deletion been asked for? */
export function isTerminating(pod: PodFact): boolean {
  return pod.deletionTimestamp !== undefined;
}

/** Back-off of the kubelet's second attempt is 10 s: a trouble it can heal gets that attempt. */
const SECOND_ATTEMPT_MS = 15_000;

function deploymentTrouble(deployment: DeploymentFact): Trouble | undefined {
  const refused = deployment.conditions.find(
    ({ type, status }) => type === 'ReplicaFailure' && status === 'True',
  );
  if (refused) {
    const detail = `the API server refuses new pods: ${refused.message ?? refused.reason ?? 'no reason given'}`;
    return { outcome: 'create-failed', detail, patienceMs: SECOND_ATTEMPT_MS };
  }
  const stalled = deployment.conditions.find(({ reason }) => reason === 'ProgressDeadlineExceeded');
  if (stalled)
    return { outcome: 'not-ready', detail: stalled.message ?? 'progress deadline exceeded', patienceMs: 0 };
  return undefined;
}

/** Pods that are ending are none: what happens to them is the subject of the measurement. */
function podTrouble(pod: PodFact): Trouble | undefined {
  if (isTerminating(pod)) return undefined;
  if (pod.unschedulable) {
    const detail = `pod ${pod.name} finds no node: ${pod.unschedulable}`;
    return { outcome: 'unschedulable', detail, patienceMs: SECOND_ATTEMPT_MS };
  }
  if (pod.phase === 'Failed') {
    const detail = `node ${pod.node ?? '(none)'} rejected or evicted pod ${pod.name}: ${pod.reason ?? 'no reason given'}`;
    return { outcome: 'unschedulable', detail, patienceMs: SECOND_ATTEMPT_MS };
  }
  for (const container of pod.containers) {
    const trouble = containerTrouble(pod, container);
    if (trouble) return trouble;
  }
  return undefined;
}

function containerTrouble(pod: PodFact, container: ContainerState): Trouble | undefined {
  const where = `container ${container.name} of pod ${pod.name}`;
  const said = container.message ? `: ${container.message}` : '';
  switch (container.state === 'waiting' ? container.reason : undefined) {
    case 'InvalidImageName':
    case 'ErrImageNeverPull':
      return { outcome: 'image-pull-failed', detail: `${where}: ${container.reason}${said}`, patienceMs: 0 };
    case 'ErrImagePull':
    case 'ImagePullBackOff':
    case 'ErrImageInspect':
    case 'RegistryUnavailable':
    case 'SignatureValidationFailed':
      return {
        outcome: 'image-pull-failed',
        detail: `${where}: ${container.reason}${said}`,
        patienceMs: SECOND_ATTEMPT_MS,
      };
    case 'CreateContainerConfigError':
    case 'CreateContainerError':
    case 'RunContainerError':
      return {
        outcome: 'create-failed',
        detail: `${where}: ${container.reason}${said}`,
        patienceMs: SECOND_ATTEMPT_MS,
      };
    case 'CrashLoopBackOff':
      return {
        outcome: 'crash-loop',
        detail: `${where} keeps ending (${howItEnded(container)})`,
        patienceMs: 0,
      };
  }
  const failed = container.state === 'terminated' && container.exitCode !== 0;
  if (failed && container.last && container.last.exitCode !== 0) {
    return {
      outcome: 'crash-loop',
      detail: `${where} ended twice (${howItEnded(container)})`,
      patienceMs: 0,
    };
  }
  return undefined;
}

function howItEnded(container: ContainerState): string {
  const ended = container.state === 'terminated' ? container : container.last;
  return ended
    ? [`exit code ${ended.exitCode}`, ended.reason].filter(Boolean).join(', ')
    : 'exit code unknown';
}

function withTrouble(
  troubles: WorkloadView['troubles'],
  key: string,
  trouble: Trouble | undefined,
  atMs: number,
): WorkloadView['troubles'] {
  const before = troubles.get(key);
  if (!before && !trouble) return troubles;
  const next = new Map(troubles);
  if (!trouble) next.delete(key);
  // ErrImagePull and ImagePullBackOff take turns: one trouble, counted from its first sign.
  else next.set(key, { ...trouble, sinceMs: before?.outcome === trouble.outcome ? before.sinceMs : atMs });
  return next;
}
