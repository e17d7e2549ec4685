import { randomBytes } from 'node:crypto';
import { CancelledError, messageOf } from '../model/problem.ts';
import {
  type End,
  type Header,
  RECORDING_FORMAT,
  RECORDING_VERSION,
  type RecordingEntry,
  type Stream,
} from '../model/recording.ts';
import { carrierOf } from '../model/scenario.ts';
import { openProber } from '../prober/prober.ts';
import { monotonicMs } from '../prober/program/monotonic-clock.ts';
import { openRecording } from '../recording/recording-writer.ts';
import { mayHoldPods } from '../rollout/exit-code-keeper.ts';
import { observe } from '../rollout/observe.ts';
import { watchProcesses } from '../rollout/process-watch.ts';
import { emitProxyFigures } from '../rollout/proxy-figures.ts';
import { watchRoutes } from '../rollout/route-watch.ts';
import { type RuntimeWatch, watchRuntimes } from '../rollout/runtime-watch.ts';
import { applyWorkload } from '../workload/apply-workload.ts';
import { awaitAvailable } from '../workload/await-available.ts';
import { createNamespace, removeNamespace } from '../workload/namespace.ts';
import { findTarget, stillStandsFor } from '../workload/target-address.ts';
import { LiveCounts } from './live-counts.ts';
import { openPodProbing, type PodProbing } from './pod-probing.ts';
import { probedStreams } from './probed-streams.ts';
import { baseline, FAREWELL_MS, type Probing, stopProbing, update, warmUp } from './probing.ts';
import type { ScenarioRun } from './scenario-run.ts';
import type { PlacedVantage } from './shared-places.ts';
import { withPlaces } from './template-places.ts';

const READY_LIMIT_MS = 300_000;
const NAMESPACE_GONE_LIMIT_MS = 60_000;
/** What pods get to end when nobody measures them any more: hooks of many seconds would be waited for after each run. */
const GRACE_AFTER_RUN_SECONDS = 1;

/**
 * One run of one scenario, from an empty namespace to a whole recording. What the workload does is recorded, never
 * thrown; thrown are BadInputError (the API server refuses the manifests), EnvironmentError, CancelledError.
 */
export async function runScenario(context: ScenarioRun): Promise<void> {
  const openedMs = monotonicMs();
  const clock = () => Math.round((monotonicMs() - openedMs) * 1000) / 1000;
  await using recording = await openRecording(context.recordingPath);
  const early: RecordingEntry[] = [];
  const open = openingOf(context, recording, clock, early);
  using membership = context.company.enter(context.planned.scenario.name, context.run, (news) => {
    const entry = { kind: 'neighbour', atMs: clock(), ...news } as const;
    if (open.isDone()) recording.append(entry);
    else early.push(entry);
  });
  const emit = (entry: RecordingEntry) => {
    if (entry.kind === 'mark' && entry.mark === 'update-triggered') membership.updates();
    recording.append(entry);
  };
  const end = ({ reason, detail }: Ending) => {
    // Nothing is heard any more from here on.
    membership[Symbol.dispose]();
    recording.append({ kind: 'end', atMs: clock(), reason, ...(detail === undefined ? {} : { detail }) });
  };
  try {
    // Everything that emits has stopped when this resolves: the end is the last entry.
    end(await measure({ context, openedMs, clock, open: open.write, emit }));
  } catch (error) {
    open.write([]);
    const cancelled = error instanceof CancelledError || context.signal.aborted;
    end({
      reason: cancelled ? 'cancelled' : 'failed',
      detail: messageOf(error),
    });
    throw error;
  }
}

interface Ending {
  readonly reason: End['reason'];
  readonly detail?: string;
}

/**
 * Writes the header once, and behind it what had to be told before; a run that ends before there is anything to probe
 * has one without streams.
 */
function openingOf(
  context: ScenarioRun,
  recording: { append(entry: RecordingEntry): void },
  clock: () => number,
  early: readonly RecordingEntry[],
) {
  const startedAt = new Date().toISOString();
  const { planned } = context;
  let opened = false;
  const write = (streams: readonly Stream[]) => {
    if (opened) return;
    opened = true;
    const header: Header = {
      kind: 'header',
      format: RECORDING_FORMAT,
      version: RECORDING_VERSION,
      rollproof: context.version,
      startedAt,
      run: context.run,
      ...(planned.repeat > 1 ? { repeat: { runs: planned.repeat, all: planned.repeatAll === true } } : {}),
      scenario: planned.scenario,
      ...(context.trial && { trial: context.trial }),
      environment: context.cluster.environment,
      streams,
    };
    recording.append(header);
    for (const entry of early) recording.append(entry);
    // A trial has other manifests than those that were checked.
    for (const finding of context.trial ? [] : (planned.staticFindings ?? [])) {
      recording.append({ kind: 'static-finding', atMs: clock(), finding });
    }
  };
  return { write, isDone: () => opened };
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
  const podPlace = placeOfPodProber(context);
  // It comes up while other things do; whoever waits for it is told where it does not.
  podPlace?.catch(() => {});
  const steady = await context.places.steadyControl(scenario, target.entryNode, context.lane);
  const place = await context.places.vantage(scenario, context.lane);
  const entryNode = target.entryNode ?? place.node;

  const streams = probedStreams(scenario, target, steady);
  open(streams.map(({ stream }) => stream));
  const portUses = new Map(streams.map(({ stream }) => [stream.id, place.ports.towards(stream)]));
  const counts = new LiveCounts(streams.map(({ stream }) => stream));
  let podProbing: PodProbing | undefined;
  let runtimes: RuntimeWatch | undefined;
  const emit = (entry: RecordingEntry) => {
    if (entry.kind === 'probe') {
      counts.add(entry);
      portUses.get(entry.stream)?.seen(entry, monotonicMs());
    }
    measurement.emit(entry.kind === 'template' ? withPlaces(entry, planned) : entry);
    podProbing?.see(entry);
    runtimes?.see(entry);
  };
  for (const text of target.notes)
    emit({ kind: 'note', atMs: clock(), level: 'info', subject: 'target', text });

  const asked = {
    nodeShell: cluster.nodeShell,
    nodes: cluster.nodes.map(({ name }) => name),
    namespace,
    clock,
    emit,
  };
  if (podPlace) {
    podProbing = scope.use(
      await openPodProbing({ scenario, target, place: podPlace, openedMs, clock, emit }),
    );
  }
  // Before the pods are listed, so that it learns of each.
  runtimes = scope.use(await watchRuntimes(asked));
  const observation = scope.use(
    await observe({
      ...workload,
      ...{ kubeConfig, service: target.service, clock, emit },
      mayHoldPods: mayHoldPods({ provider: cluster.provider, carrier: carrierOf(scenario.protocol) }),
    }),
  );
  scope.use(
    await watchRoutes({
      nodeShell: cluster.nodeShell,
      loopback: cluster.loopback,
      nodes: entryNode === undefined ? [] : [entryNode],
      // Warm-up requests go where the others go.
      streams: streams.map(({ stream }) => stream).filter(({ role }) => role !== 'warm-up'),
      carrier: carrierOf(scenario.protocol),
      clock,
      emit,
    }),
  );
  scope.use(await watchProcesses(asked));
  await emitProxyFigures(asked);
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
  const probed = {
    name: target.service,
    port: scenario.servicePort,
    ...(entryNode === undefined ? {} : { entryNode }),
  };
  const probing: Probing = {
    ...{ context, scenario, prober, place, streams, counts, observation, probed, clock, emit },
  };
  await warmUp(probing);
  const clean = await baseline(probing);
  if (clean) {
    await update(probing, namespace);
    if (!(await stillStandsFor({ ...workload, ...scenario, cluster, signal }, target))) {
      const text = `the update changed Service ${scenario.service}, and its twin ${target.service} was probed`;
      emit({ kind: 'note', atMs: clock(), level: 'warning', subject: 'twin-outdated', text });
    }
  }
  const [proberEnd] = await Promise.all([
    stopProbing(probing),
    podProbing?.finish(scenario.deadlineMs + FAREWELL_MS),
  ]);
  if (proberEnd.kind === 'lost') return { reason: 'prober-lost', detail: proberEnd.detail };
  place.ports.goOnAt(proberEnd.nextPorts, monotonicMs());
  await emitProxyFigures(asked);
  return { reason: clean ? 'finished' : 'baseline-failing' };
}

/**
 * Where pods are asked at their own addresses: where the prober stands, if that is in the cluster, else in a pod beside.
 * Undefined where nobody wants to know, and where it would take a pod in somebody's cluster that no scenario asks for.
 */
function placeOfPodProber({
  cluster,
  places,
  planned,
  lane,
}: ScenarioRun): Promise<PlacedVantage> | undefined {
  const { vantage, podProbes } = planned.scenario;
  if (podProbes === false || (vantage === 'runner' && cluster.provider === 'existing')) return undefined;
  return places.vantage({ vantage: cluster.loopback ? vantage : 'pod' }, lane);
}

async function ownNamespace(
  { cluster, clusterGoesNext, progress, signal }: ScenarioRun,
  scope: AsyncDisposableStack,
): Promise<string> {
  const { kubeConfig } = cluster;
  const namespace = `rollproof-${randomBytes(4).toString('hex')}`;
  await createNamespace({ kubeConfig, namespace, signal });
  scope.defer(async () => {
    // Nothing waits for a namespace whose cluster goes next; that of a cancelled run does, if it is our own.
    if (clusterGoesNext || (signal.aborted && cluster.provider !== 'existing')) return;
    progress.status('removing the workload');
    const { gone, remainingPods } = await removeNamespace({
      kubeConfig,
      namespace,
      timeoutMs: NAMESPACE_GONE_LIMIT_MS,
      // In somebody's cluster they may have something to tidy up.
      ...(cluster.provider !== 'existing' && { graceSeconds: GRACE_AFTER_RUN_SECONDS }),
    });
    if (!gone)
      progress.warning(
        `namespace ${namespace} is still being removed; pods left: ${remainingPods.join(', ') || 'none'}`,
      );
  });
  return namespace;
}
