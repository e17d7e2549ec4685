import { isDeepStrictEqual } from 'node:util';
import type { ManifestObject } from '../model/manifest.ts';
import { BadInputError } from '../model/problem.ts';
import type { Mark, RecordingEntry, RolloutEnd, RolloutOutcome, WorkloadBefore } from '../model/recording.ts';
import type { Scenario } from '../model/scenario.ts';
import { isTerminating, type WorkloadView } from '../model/workload-view.ts';
import { type Expectation, judgeProgress, remainingOldPods } from './completion.ts';
import { noteFailingLogs } from './failing-logs.ts';
import { LastingWait } from './lasting-wait.ts';
import {
  getDeployment,
  type ListedWorkload,
  listWorkload,
  type WorkloadPlace,
  workloadAfter,
  workloadBefore,
} from './list-workload.ts';
import type { Observation } from './observe.ts';
import { type ProbedService, readProbedService, templateFact } from './template-fact.ts';
import { type Triggered, triggerUpdate, type UpdatedCluster } from './trigger.ts';

export interface RolloutOptions {
  readonly cluster: UpdatedCluster;
  readonly namespace: string;
  readonly scenario: Pick<Scenario, 'deployment' | 'update' | 'rolloutDeadlineMs'>;
  /** Absent where nothing is probed. */
  readonly probed?: ProbedService;
  /** Runs since before the baseline; it is not closed here. */
  readonly observation: Observation;
  readonly updatedObjects: readonly ManifestObject[];
  /** Applies objects into the scenario's namespace; throws BadInputError where the server refuses one. */
  applyObjects(objects: readonly ManifestObject[], signal: AbortSignal): Promise<unknown>;
  /** Where a command of the user's runs. */
  readonly workingDirectory: string;
  /** Milliseconds since the recording opened. */
  clock(): number;
  emit(entry: RecordingEntry): void;
  /** Untrusted text: lines a command printed are among them. */
  progress(line: string): void;
  readonly signal: AbortSignal;
}

/**
 * Updates the Deployment and follows it to the end: until it is complete and every old pod object is gone, or until
 * it is known to have failed. Emits the workload before and after by LIST, the marks of the phases, and the end,
 * which is also given back. Throws BadInputError where the update does not fit the workload, EnvironmentError where
 * the API server is lost; a rollout that fails is a result.
 */
export async function runRollout(options: RolloutOptions): Promise<RolloutEnd> {
  const place = {
    kubeConfig: options.cluster.kubeConfig,
    namespace: options.namespace,
    deployment: options.scenario.deployment,
    signal: options.signal,
  };
  const stop = new AbortController();
  const end = (outcome: RolloutOutcome, detail?: string): RolloutEnd => {
    const entry = {
      kind: 'rollout-end',
      atMs: options.clock(),
      outcome,
      ...(detail === undefined ? {} : { detail }),
    } as const;
    options.emit(entry);
    return entry;
  };
  try {
    const current = await listWorkload(place);
    const before = workloadBefore(current, options.clock());
    options.emit(before);
    await emitTemplate(options, place, current);
    await options.observation.holdPods(current.pods, options.signal);
    const { outcome, detail } = await follow(
      options,
      place,
      current,
      before,
      AbortSignal.any([options.signal, stop.signal]),
    );
    await emitWorkloadAfter(options, place);
    return end(outcome, detail);
  } catch (error) {
    if (options.signal.aborted) return end('cancelled');
    throw error;
  } finally {
    stop.abort();
  }
}

async function emitWorkloadAfter(options: RolloutOptions, place: WorkloadPlace): Promise<void> {
  const { emit, clock } = options;
  try {
    const listed = await listWorkload(place);
    emit(workloadAfter(listed, clock()));
    await emitTemplate(options, place, listed);
  } catch (error) {
    // Where somebody has deleted the Deployment there is nothing to list, and the end says so.
    if (!(error instanceof BadInputError)) throw error;
  }
}

async function emitTemplate(
  { emit, clock, probed }: RolloutOptions,
  { kubeConfig, namespace, signal }: WorkloadPlace,
  { deployment, templateHash }: ListedWorkload,
): Promise<void> {
  const service = probed && (await readProbedService(kubeConfig, namespace, probed.name, signal));
  emit(templateFact({ deployment, templateHash, atMs: clock(), probed, service }));
}

interface Outcome {
  readonly outcome: RolloutOutcome;
  readonly detail?: string;
}

/** How long a state that time alone may change (a trouble's patience, the deadline) goes unjudged. */
const TICK_MS = 250;

async function follow(
  options: RolloutOptions,
  place: WorkloadPlace,
  current: ListedWorkload,
  before: WorkloadBefore,
  signal: AbortSignal,
): Promise<Outcome> {
  const { clock, observation, scenario } = options;
  if (current.deployment.spec.paused) {
    return {
      outcome: 'paused',
      detail: 'the Deployment is paused (spec.paused), so no update of it rolls out',
    };
  }
  const triggeredMs = mark(options, 'update-triggered');
  const trigger = startTrigger(options, current, signal);
  const { uid } = current.deployment.metadata;
  const wait = new LastingWait();
  let told = '';
  let replaced = false;
  let completed = false;
  for (;;) {
    const view = observation.view();
    const triggered = trigger.result();
    if (triggered?.kind === 'failed') return triggered;
    const expectation: Expectation = {
      before,
      uid,
      ...(triggered ? { generation: triggered.generation } : {}),
    };
    const progress = judgeProgress(view, expectation, clock());
    if (progress.kind === 'failed') {
      if (progress.pod) await noteFailingLogs(options, view.pods.get(progress.pod));
      return progress.outcome === 'not-ready'
        ? { ...progress, detail: withWarnings(progress.detail, view) }
        : progress;
    }
    if (triggered && !replaced) {
      const now = await getDeployment(place);
      // The template itself is compared: with the strategy Recreate its new ReplicaSet comes only much later.
      if (isDeepStrictEqual(now.spec.template, current.deployment.spec.template)) {
        const detail = `the pod template is the same as before (${before.templateHash})`;
        return { outcome: 'nothing-replaced', detail };
      }
      replaced = true;
    }
    if (progress.kind === 'complete' && replaced && !completed) {
      completed = true;
      mark(options, 'rollout-complete');
    }
    if (completed && remainingOldPods(view, before).length === 0 && (await oldPodsGone(place, before))) {
      mark(options, 'old-pods-gone');
      return { outcome: 'completed' };
    }
    const waitingFor = progress.kind === 'under-way' ? progress.waitingFor : 'old pods to be gone';
    const lasting = wait.at(clock(), waitingFor);
    // Said again and again, because not every log shows every word; but not over what a command prints.
    if (lasting !== undefined && (triggered || lasting !== told)) {
      told = lasting;
      options.progress(`waiting for ${lasting}`);
    }
    if (clock() - triggeredMs > scenario.rolloutDeadlineMs) {
      const detail = `after ${scenario.rolloutDeadlineMs / 1000} s still waiting for ${waitingFor}`;
      return { outcome: 'timed-out', detail: withWarnings(detail, view) };
    }
    await Promise.race([observation.nextFact(TICK_MS, options.signal), trigger.failed]);
  }
}

/** The trigger runs beside the observation: a command may wait for the very rollout it has started. */
function startTrigger(options: RolloutOptions, current: ListedWorkload, signal: AbortSignal) {
  let result: Triggered | undefined;
  const running = triggerUpdate({ ...options, update: options.scenario.update, current, signal }).then(
    (triggered) => {
      result = triggered;
    },
  );
  const failed = running.then(() => new Promise<never>(() => {}));
  failed.catch(() => {});
  return { result: () => result, failed };
}

/** The final word on old pods is the server's, not the watch's. */
async function oldPodsGone(place: WorkloadPlace, before: WorkloadBefore): Promise<boolean> {
  const { pods } = await listWorkload(place);
  const existing = new Set(pods.map(({ metadata }) => metadata.uid));
  return before.pods.every(({ uid }) => !existing.has(uid));
}

function mark({ clock, emit }: RolloutOptions, name: Mark['mark']): number {
  const atMs = clock();
  emit({ kind: 'mark', atMs, mark: name });
  return atMs;
}

/** Adds the kubelet's newest word on every pod that is not ready. */
function withWarnings(detail: string, view: WorkloadView): string {
  const unready = [...view.pods.values()].filter((pod) => !pod.ready && !isTerminating(pod));
  const warnings = unready
    .map(({ name }) => view.warnings.get(`Pod/${name}`))
    .filter((text) => text !== undefined);
  return [detail, ...warnings].join('; ');
}
