import { randomBytes } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Cluster } from '../cluster/cluster-provider.ts';
import type { PlannedScenario } from '../model/plan.ts';
import { CancelledError } from '../model/problem.ts';
import {
  type End,
  type Header,
  RECORDING_FORMAT,
  RECORDING_VERSION,
  type RecordingEntry,
  type Stream,
} from '../model/recording.ts';
import { type Expectation, type Scenario, steadyRatePerSecond } from '../model/scenario.ts';
import { openProber, type Prober } from '../prober/prober.ts';
import { monotonicMs } from '../prober/program/monotonic-clock.ts';
import type { StreamSpec } from '../prober/protocol.ts';
import { openRecording } from '../recording/recording-writer.ts';
import { type Observation, observe } from '../rollout/observe.ts';
import { runRollout } from '../rollout/rollout.ts';
import { watchRoutes } from '../rollout/route-watch.ts';
import { applyWorkload } from '../workload/apply-workload.ts';
import { awaitAvailable } from '../workload/await-available.ts';
import { createNamespace, removeNamespace } from '../workload/namespace.ts';
import type { SteadyControl } from '../workload/steady-control.ts';
import { findTarget, stillStandsFor, type Target } from '../workload/target-address.ts';
import { LiveCounts, type StreamCounts } from './live-counts.ts';
import type { Progress } from './progress.ts';
import type { PlacedVantage, SharedPlaces } from './shared-places.ts';
import { portsAfter } from './source-port-budget.ts';

export interface ScenarioRun {
  readonly planned: PlannedScenario;
  /** 1-based. */
  readonly run: number;
  readonly cluster: Cluster;
  readonly places: SharedPlaces;
  /** Path of the file the recording is written to; its folder exists. */
  readonly recordingPath: string;
  /** Rollproof's own version. */
  readonly version: string;
  /** Where a command of the user's runs. */
  readonly workingDirectory: string;
  readonly progress: Progress;
  readonly signal: AbortSignal;
}

const READY_LIMIT_MS = 300_000;
const WARM_UP_LIMIT_MS = 15_000;
const WARM_UP_INTERVAL_MS = 50;
const SETTLE_INTERVAL_MS = 20;
const WARM_UP_ANSWERS = 10;
const NAMESPACE_GONE_LIMIT_MS = 60_000;
/** What a prober gets beyond the last request's deadline to report and leave. */
const FAREWELL_MS = 5_000;
const ANY_ANSWER: Expectation = { statusFrom: 200, statusTo: 399 };

/**
 * One run of one scenario, from an empty namespace to a whole recording. What the workload does is recorded, never
 * thrown; thrown are BadInputError (the API server refuses the manifests), EnvironmentError, CancelledError.
 */
export async function runScenario(context: ScenarioRun): Promise<void> {
  const openedMs = monotonicMs();
  const clock = () => Math.round((monotonicMs() - openedMs) * 1000) / 1000;
  await using recording = await openRecording(context.recordingPath);
  const open = openingOf(context, recording);
  const end = ({ reason, detail }: Ending) =>
    recording.append({ kind: 'end', atMs: clock(), reason, ...(detail === undefined ? {} : { detail }) });
  try {
    // Everything that emits has stopped when this resolves: the end is the last entry.
    end(await measure({ context, openedMs, clock, open, emit: (entry) => recording.append(entry) }));
  } catch (error) {
    open([]);
    const cancelled = error instanceof CancelledError || context.signal.aborted;
    end({
      reason: cancelled ? 'cancelled' : 'failed',
      detail: error instanceof Error ? error.message : String(error),
    });
    throw error;
  }
}

interface Ending {
  readonly reason: End['reason'];
  readonly detail?: string;
}

/** Writes the header once; a run that ends before there is anything to probe has one without streams. */
function openingOf(context: ScenarioRun, recording: { append(entry: RecordingEntry): void }) {
  const startedAt = new Date().toISOString();
  let opened = false;
  return (streams: readonly Stream[]) => {
    if (opened) return;
    opened = true;
    const header: Header = {
      kind: 'header',
      format: RECORDING_FORMAT,
      version: RECORDING_VERSION,
      rollproof: context.version,
      startedAt,
      run: context.run,
      scenario: context.planned.scenario,
      environment: context.cluster.environment,
      streams,
    };
    recording.append(header);
  };
}

interface Measurement {
  readonly context: ScenarioRun;
  readonly openedMs: number;
  clock(): number;
  open(streams: readonly Stream[]): void;
  emit(entry: RecordingEntry): void;
}

async function measure(measurement: Measurement): Promise<Ending> {
  const { context, openedMs, clock, open } = measurement;
  const { cluster, planned, progress, signal } = context;
  const { scenario } = planned;
  await using scope = new AsyncDisposableStack();

  const namespace = await ownNamespace(context, scope);
  progress.status('applying the manifests');
  for (const warning of await applyWorkload({ cluster, namespace, objects: planned.objects, signal })) {
    progress.warning(warning);
  }
  const workload = { namespace, deployment: scenario.deployment, service: scenario.service };
  const { kubeConfig } = cluster;
  const availability = await awaitAvailable({
    ...workload,
    kubeConfig,
    timeoutMs: READY_LIMIT_MS,
    signal,
    progress: (line) => progress.status(line),
  });
  if (availability.kind === 'failed') {
    open([]);
    return { reason: 'workload-unavailable', detail: `${availability.outcome}: ${availability.detail}` };
  }
  const search = await findTarget({ ...workload, ...scenario, cluster, signal });
  if (search.kind !== 'found') {
    const { what, why } = search.problem;
    open([]);
    return { reason: 'workload-unavailable', detail: why === undefined ? what : `${what} ${why}` };
  }
  const { target } = search;
  const steady = await context.places.steadyControl(scenario, target.entryNode);
  const place = await context.places.vantage(scenario);

  const streams = streamsOf(scenario, target, steady);
  open(streams.map(({ stream }) => stream));
  const counts = new LiveCounts(streams.map(({ stream }) => stream));
  const emit = (entry: RecordingEntry) => {
    if (entry.kind === 'probe') {
      counts.add(entry);
      place.ports = portsAfter(place.ports, entry);
    }
    measurement.emit(entry);
  };
  for (const text of target.notes)
    emit({ kind: 'note', atMs: clock(), level: 'info', subject: 'target', text });

  const observation = scope.use(
    await observe({ ...workload, kubeConfig, service: target.service, clock, emit }),
  );
  scope.use(
    await watchRoutes({
      nodeShell: cluster.nodeShell,
      loopback: cluster.loopback,
      nodes: [target.entryNode ?? place.node].filter((node) => node !== undefined),
      // Warm-up requests go where the others go.
      streams: streams.map(({ stream }) => stream).filter(({ role }) => role !== 'warm-up'),
      clock,
      emit,
    }),
  );
  const prober = scope.use(
    await openProber(await place.vantage.launch(), openedMs, {
      onEntry: emit,
      onSilence(atMs) {
        const text = 'the prober has not been heard of for 2 s';
        emit({ kind: 'note', atMs, level: 'warning', subject: 'prober-silent', text });
        progress.warning(text);
      },
      onFault: (text) =>
        emit({ kind: 'note', atMs: clock(), level: 'warning', subject: 'prober-fault', text }),
    }),
  );
  const probing: Probing = { context, scenario, prober, place, streams, counts, observation, clock, emit };
  await warmUp(probing);
  const clean = await baseline(probing);
  if (clean) {
    await update(probing, namespace);
    if (!(await stillStandsFor({ ...workload, ...scenario, cluster, signal }, target))) {
      const text = `the update changed Service ${scenario.service}, and its twin ${target.service} was probed`;
      emit({ kind: 'note', atMs: clock(), level: 'warning', subject: 'twin-outdated', text });
    }
  }
  const proberEnd = await stopProbing(probing);
  if (proberEnd.kind === 'lost') return { reason: 'prober-lost', detail: proberEnd.detail };
  place.ports = { ...place.ports, next: proberEnd.nextPort };
  return { reason: clean ? 'finished' : 'baseline-failing' };
}

interface Probing {
  readonly context: ScenarioRun;
  readonly scenario: Scenario;
  readonly prober: Prober;
  readonly place: PlacedVantage;
  readonly streams: readonly ProbedStream[];
  readonly counts: LiveCounts;
  readonly observation: Observation;
  clock(): number;
  emit(entry: RecordingEntry): void;
}

interface ProbedStream {
  readonly stream: Stream;
  readonly spec: StreamSpec;
}

async function ownNamespace(
  { cluster, progress, signal }: ScenarioRun,
  scope: AsyncDisposableStack,
): Promise<string> {
  const { kubeConfig } = cluster;
  const namespace = `rollproof-${randomBytes(4).toString('hex')}`;
  await createNamespace({ kubeConfig, namespace, signal });
  scope.defer(async () => {
    // A cancelled run in a cluster of our own need not wait: the cluster goes next.
    if (signal.aborted && cluster.provider !== 'existing') return;
    progress.status('removing the workload');
    const { gone, remainingPods } = await removeNamespace({
      kubeConfig,
      namespace,
      timeoutMs: NAMESPACE_GONE_LIMIT_MS,
    });
    if (!gone)
      progress.warning(
        `namespace ${namespace} is still being removed; pods left: ${remainingPods.join(', ') || 'none'}`,
      );
  });
  return namespace;
}

/** The streams of a run: the target, the control beside it, and for both the requests until they first answer. */
function streamsOf(scenario: Scenario, target: Target, steady: SteadyControl): readonly ProbedStream[] {
  const intervalMs = 1000 / scenario.ratePerSecond;
  const steadyIntervalMs = 1000 / steadyRatePerSecond(scenario.ratePerSecond);
  const control = { ...steady, expect: ANY_ANSWER };
  const user = { ...target, path: scenario.path, expect: scenario.expect };
  return [
    probedStream(scenario, user, { id: 'target', role: 'target', intervalMs, offsetMs: 0 }),
    // Half an interval later, so that the two never wait for each other.
    probedStream(scenario, control, {
      id: 'steady',
      role: 'steady',
      intervalMs: steadyIntervalMs,
      offsetMs: intervalMs / 2,
    }),
    probedStream(scenario, user, {
      id: 'warm-up',
      role: 'warm-up',
      intervalMs: WARM_UP_INTERVAL_MS,
      offsetMs: 0,
    }),
    probedStream(scenario, control, {
      id: 'warm-up-steady',
      role: 'warm-up',
      intervalMs: WARM_UP_INTERVAL_MS,
      offsetMs: 0,
    }),
  ];
}

function probedStream(
  scenario: Scenario,
  {
    address,
    port,
    path,
    expect,
  }: Pick<Target, 'address' | 'port'> & { readonly path: string; readonly expect: Expectation },
  { offsetMs, ...stream }: Pick<Stream, 'id' | 'role' | 'intervalMs'> & { readonly offsetMs: number },
): ProbedStream {
  const host = `${address}:${port}`;
  const { connection, connections, deadlineMs } = scenario;
  const { id, intervalMs } = stream;
  return {
    stream: { ...stream, url: `http://${host}${path}`, address, port, expect },
    spec: {
      id,
      intervalMs,
      offsetMs,
      address,
      port,
      path,
      host,
      connection,
      connections,
      deadlineMs,
      expect,
    },
  };
}

async function start({ prober, place, streams }: Probing, roles: readonly Stream['role'][]): Promise<void> {
  const chosen = streams.filter(({ stream }) => roles.includes(stream.role)).map(({ spec }) => spec);
  await prober.start(chosen, place.ports);
}

/** Asks until both Services answer: right after a pod is ready, nodes may not know yet. What is asked here is not judged. */
async function warmUp(probing: Probing): Promise<void> {
  const { counts, context, prober, streams, clock } = probing;
  const ids = streams.filter(({ stream }) => stream.role === 'warm-up').map(({ stream }) => stream.id);
  context.progress.status('waiting for the Service to answer');
  await start(probing, ['warm-up']);
  const giveUpAtMs = clock() + WARM_UP_LIMIT_MS;
  while (clock() < giveUpAtMs && ids.some((id) => counts.of(id).okInARow < WARM_UP_ANSWERS)) {
    await pause(probing, WARM_UP_INTERVAL_MS);
  }
  await Promise.race([Promise.all(ids.map((id) => prober.stop(id))), prober.ended]);
}

/** Probes the unchanged workload. False where it does not answer as expected: then an update would prove nothing. */
async function baseline(probing: Probing): Promise<boolean> {
  const { counts, context, scenario, clock, emit } = probing;
  await start(probing, ['target', 'steady']);
  emit({ kind: 'mark', atMs: clock(), mark: 'probing-started' });
  context.progress.line(`baseline: ${scenario.baselineMs / 1000} s at ${scenario.ratePerSecond} requests/s`);
  await pause(probing, scenario.baselineMs);
  // A request that hangs is known to be dropped at its deadline only: the update waits for the end of each.
  const due = Math.floor((scenario.baselineMs * scenario.ratePerSecond) / 1000);
  const giveUpAtMs = clock() + scenario.deadlineMs + FAREWELL_MS;
  const target = () => counts.of('target');
  while (clock() < giveUpAtMs && target().dropped === 0 && target().settled < due) {
    await pause(probing, SETTLE_INTERVAL_MS);
  }
  return target().dropped === 0;
}

async function update(probing: Probing, namespace: string): Promise<void> {
  const { context, scenario, clock, emit, observation, counts } = probing;
  const { cluster, planned, progress, signal } = context;
  progress.line('update triggered');
  const { outcome, detail } = await runRollout({
    cluster,
    namespace,
    scenario,
    observation,
    updatedObjects: planned.updatedObjects ?? [],
    applyObjects: (objects, signal) => applyWorkload({ cluster, namespace, objects, signal }),
    workingDirectory: context.workingDirectory,
    clock,
    emit,
    progress(line) {
      progress.status(`${line} · ${told(counts.of('target'))}`);
    },
    signal,
  });
  signal.throwIfAborted();
  progress.line(`rollout ${outcome}${detail === undefined ? '' : `: ${detail}`}`);
  if (outcome !== 'completed') return;
  progress.status(`tail: ${scenario.tailMs / 1000} s after the last old pod`);
  await pause(probing, scenario.tailMs);
}

async function stopProbing({ prober, scenario, clock, emit, counts, context }: Probing) {
  const atMs = clock();
  emit({ kind: 'mark', atMs, mark: 'probing-stopped' });
  for (const stream of ['target', 'steady']) prober.stop(stream, atMs).catch(() => {});
  const end = await prober.finish(scenario.deadlineMs + FAREWELL_MS);
  context.progress.line(told(counts.of('target')));
  return end;
}

function told({ ok, dropped, other }: StreamCounts): string {
  const unjudged = other > 0 ? `, ${other} without a judgement` : '';
  return `${ok + dropped + other} requests, ${dropped} dropped${unjudged}`;
}

/** Time passes; a cancelled run does not wait for it. */
async function pause({ context }: Probing, ms: number): Promise<void> {
  await sleep(ms, undefined, { signal: context.signal });
}
