import { setTimeout as sleep } from 'node:timers/promises';
import type { RecordingEntry, Stream } from '../model/recording.ts';
import type { Scenario } from '../model/scenario.ts';
import type { Prober, ProberEnd } from '../prober/prober.ts';
import { monotonicMs } from '../prober/program/monotonic-clock.ts';
import type { Observation } from '../rollout/observe.ts';
import { runRollout } from '../rollout/rollout.ts';
import type { ProbedService } from '../rollout/template-fact.ts';
import { applyWorkload } from '../workload/apply-workload.ts';
import type { LiveCounts, StreamCounts } from './live-counts.ts';
import { type ProbedStream, WARM_UP_INTERVAL_MS } from './probed-streams.ts';
import type { ScenarioRun } from './scenario-run.ts';
import type { PlacedVantage } from './shared-places.ts';

/** Everything the phases of a measurement share: who probes what, who watches, where it is written. */
export interface Probing {
  readonly context: ScenarioRun;
  readonly scenario: Scenario;
  readonly prober: Prober;
  readonly place: PlacedVantage;
  readonly streams: readonly ProbedStream[];
  readonly counts: LiveCounts;
  readonly observation: Observation;
  readonly probed: ProbedService;
  clock(): number;
  emit(entry: RecordingEntry): void;
}

const WARM_UP_LIMIT_MS = 15_000;
const WARM_UP_ANSWERS = 10;
const SETTLE_INTERVAL_MS = 20;
/** What a prober gets beyond the last request's deadline to report and leave. */
export const FAREWELL_MS = 5_000;

async function start({ prober, place, streams }: Probing, roles: readonly Stream['role'][]): Promise<void> {
  const chosen = streams.filter(({ stream }) => roles.includes(stream.role)).map(({ spec }) => spec);
  await prober.start(chosen, (destination) => place.ports.towards(destination).range(monotonicMs()));
}

/** Asks until both Services answer: right after a pod is ready, nodes may not know yet. What is asked here is not judged. */
export async function warmUp(probing: Probing): Promise<void> {
  const { counts, context, prober, streams, clock } = probing;
  const ids = streams.filter(({ stream }) => stream.role === 'warm-up').map(({ stream }) => stream.id);
  context.progress.status('waiting for the Service to answer');
  await start(probing, ['warm-up']);
  const giveUpAtMs = clock() + (context.warmUpLimitMs ?? WARM_UP_LIMIT_MS);
  while (clock() < giveUpAtMs && ids.some((id) => counts.of(id).okInARow < WARM_UP_ANSWERS)) {
    await pause(probing, WARM_UP_INTERVAL_MS);
  }
  await Promise.race([Promise.all(ids.map((id) => prober.stop(id))), prober.ended]);
}

/** Probes the unchanged workload. False where it does not answer as expected: then an update would prove nothing. */
export async function baseline(probing: Probing): Promise<boolean> {
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

/** Carries the update out and follows it; after a rollout that completed, probing goes on for the tail. */
export async function update(probing: Probing, namespace: string): Promise<void> {
  const { context, scenario, clock, emit, observation, probed, counts } = probing;
  const { cluster, planned, progress, signal } = context;
  progress.line('update triggered');
  const { outcome, detail } = await runRollout({
    cluster,
    namespace,
    scenario,
    observation,
    probed,
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

/** Ends the schedules and waits for what is in flight. */
export async function stopProbing({
  prober,
  scenario,
  clock,
  emit,
  counts,
  context,
}: Probing): Promise<ProberEnd> {
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
