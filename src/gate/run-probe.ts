import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import type { ProbeSettings } from '../inputs/load-probe.ts';
import type { MachineLimits } from '../model/machine-limits.ts';
import { BadInputError, messageOf } from '../model/problem.ts';
import {
  type End,
  RECORDING_FORMAT,
  RECORDING_VERSION,
  type RecordingEntry,
  type Stream,
} from '../model/recording.ts';
import { pathAsking } from '../model/scenario.ts';
import type { UrlProbe } from '../model/url-probe.ts';
import { shortageProblem, shortages } from '../plan/capacity.ts';
import { withoutBody } from '../plan/check-body.ts';
import { withoutProcessor } from '../plan/check-pacing.ts';
import { unspoken } from '../plan/check-protocol.ts';
import { restless } from '../plan/check-rest.ts';
import { unaskedFor } from '../plan/check-slow.ts';
import { openProber, type Prober } from '../prober/prober.ts';
import { monotonicMs } from '../prober/program/monotonic-clock.ts';
import type { SourcePortRange, StreamSpec } from '../prober/protocol.ts';
import { runnerVantage } from '../prober/vantage/runner.ts';
import { openRecording } from '../recording/recording-writer.ts';
import { headerAsking } from './header-asking.ts';
import { judgeRecordings } from './judge-recordings.ts';
import { LiveCounts } from './live-counts.ts';
import type { Progress } from './progress.ts';
import { recordingsFolder } from './recordings-folder.ts';
import { type NamedRecording, readNamedRecording, renderReports } from './render-reports.ts';
import { OWNED_PORTS, SourcePortMemory } from './source-port-budget.ts';

/**
 * Throws BadInputError where the prober cannot speak what is asked for (RP1120, RP1125, RP1127, RP1128), or where it
 * would use something of the machine up (RP1116 to RP1119, RP1130).
 */
export function refuseImpossible({ probes, target }: ProbeSettings, limits: MachineLimits): void {
  const problems = probes.flatMap((probe) => {
    const name = `${probe.url} (${probe.connection})`;
    return [
      ...[unspoken(name, probe.protocol, probe.connection) ?? []].flat(),
      ...[restless(name, probe) ?? []].flat(),
      ...[withoutProcessor(name, probe, limits) ?? []].flat(),
      ...[unaskedFor(name, probe.slow, target.path) ?? []].flat(),
      ...[withoutBody(name, probe.protocol, probe.expect) ?? []].flat(),
      ...shortages({ ...probe, steadyRate: () => 0 }, limits).map((shortage) =>
        shortageProblem(shortage, name, 'rate'),
      ),
    ];
  });
  if (problems.length > 0) throw new BadInputError(problems);
}

export interface ProbeSurroundings {
  /** The address of the target's host; no name is resolved any more. */
  readonly address: string;
  /** Path of the prober's bundle. */
  readonly proberProgram: string;
  /** The source ports to use; absent: those that Rollproof owns. */
  readonly ports?: SourcePortRange;
  readonly version: string;
  readonly progress: Progress;
  /** Ends the schedule early; what is in flight runs to its end, and the recording is whole. */
  readonly signal: AbortSignal;
}

/**
 * Probes a URL in every way that was asked for, one after the other, and renders the reports. A cancelled probe is
 * reported as well; those that were not begun by then are left out.
 */
export async function runProbe(settings: ProbeSettings, surroundings: ProbeSurroundings) {
  const { progress, signal, version } = surroundings;
  const folder = await recordingsFolder(settings.outputDir);
  const recordings: NamedRecording[] = [];
  const ports = new SourcePortMemory(surroundings.ports ?? OWNED_PORTS);
  for (const [index, probe] of settings.probes.entries()) {
    if (signal.aborted) break;
    using _section = progress.section(`${probe.url} (${probe.connection})`);
    const path = join(folder, `${String(index + 1).padStart(2, '0')}-${probe.connection}-run-1.ndjson`);
    await recordProbe({ ...surroundings, settings, probe, path, ports });
    recordings.push(await readNamedRecording(path));
  }
  const result = judgeRecordings(recordings, version);
  return { result, files: renderReports(result, recordings) };
}

interface ProbeRun extends Omit<ProbeSurroundings, 'ports'> {
  readonly settings: ProbeSettings;
  readonly probe: UrlProbe;
  readonly path: string;
  readonly ports: SourcePortMemory;
}

/** What a prober gets beyond the last request's deadline to report and leave. */
const FAREWELL_MS = 5_000;
/** The end of the schedule is told this long before it comes, so that the last request due is known exactly. */
const NOTICE_MS = 100;
const STATUS_MS = 500;
/** Clocks are rounded to the microsecond: what is due exactly at the end is not due before it. */
const GRAIN_MS = 0.002;

/** Makes one recording, from its header to its end. */
async function recordProbe(run: ProbeRun): Promise<void> {
  const { settings, probe, address, version, progress, signal } = run;
  const openedMs = monotonicMs();
  const clock = () => Math.round((monotonicMs() - openedMs) * 1000) / 1000;
  const { stream, spec } = streamOf(settings, probe, address);
  const counts = new LiveCounts([stream]);
  const portUse = run.ports.towards(stream);
  await using recording = await openRecording(run.path);
  const emit = (entry: RecordingEntry) => {
    if (entry.kind === 'probe') {
      counts.add(entry);
      portUse.seen(entry, monotonicMs());
    }
    recording.append(entry);
  };
  const note = (subject: string, level: 'info' | 'warning') => (text: string) =>
    emit({ kind: 'note', atMs: clock(), level, subject, text });
  const end = (reason: End['reason'], detail?: string) =>
    recording.append({ kind: 'end', atMs: clock(), reason, ...(detail === undefined ? {} : { detail }) });

  recording.append({
    kind: 'header',
    format: RECORDING_FORMAT,
    version: RECORDING_VERSION,
    rollproof: version,
    startedAt: new Date().toISOString(),
    run: 1,
    scenario: probe,
    environment: {
      cluster: 'none',
      platform: `${process.platform}/${process.arch}`,
      node: process.version,
    },
    streams: [stream],
  });
  if (settings.target.hostname !== address) {
    note('target', 'info')(`${settings.target.hostname} was resolved to ${address} before the first request`);
  }
  try {
    await using vantage = runnerVantage(run.proberProgram);
    await using prober = await openProber(await vantage.launch(), openedMs, {
      onEntry: emit,
      onSilence: () => note('prober-silent', 'warning')('the prober has not been heard of for 2 s'),
      onFault: note('prober-fault', 'warning'),
    });
    const started = await prober.start([spec], () => portUse.range(monotonicMs()));
    const startedMs = started.get(stream.id) ?? clock();
    emit({ kind: 'mark', atMs: startedMs, mark: 'probing-started' });
    const endMs = startedMs + probe.durationMs - GRAIN_MS;
    while (!signal.aborted && clock() < endMs - NOTICE_MS) {
      const { ok, dropped, other } = counts.of(stream.id);
      progress.status(`${ok + dropped + other} requests, ${dropped} dropped`);
      await pause(Math.min(STATUS_MS, endMs - NOTICE_MS - clock()), prober, signal);
      if (await hasEnded(prober)) break;
    }
    if (signal.aborted) emit({ kind: 'mark', atMs: clock(), mark: 'cancelled' });
    const stopMs = Math.min(endMs, signal.aborted ? clock() : endMs);
    // It resolves with the last report; a prober that is lost tells that by its end.
    await prober.stop(stream.id, stopMs).catch(() => {});
    emit({ kind: 'mark', atMs: stopMs, mark: 'probing-stopped' });
    const proberEnd = await prober.finish(probe.deadlineMs + FAREWELL_MS);
    if (proberEnd.kind === 'lost') end('prober-lost', proberEnd.detail);
    else if (signal.aborted) end('cancelled', messageOf(signal.reason));
    else end('finished');
    if (proberEnd.kind === 'finished') run.ports.goOnAt(proberEnd.nextPorts, monotonicMs());
  } catch (error) {
    end('failed', messageOf(error));
    throw error;
  }
}

function streamOf(
  { target }: ProbeSettings,
  {
    protocol,
    connection,
    connections,
    idleMs,
    slow,
    ratePerSecond,
    pacing,
    deadlineMs,
    expect,
    url,
  }: UrlProbe,
  address: string,
): { readonly stream: Stream; readonly spec: StreamSpec } {
  const { port, host } = target;
  const path = pathAsking(target.path, slow);
  const common = { id: 'target', address, port, intervalMs: 1000 / ratePerSecond, expect };
  return {
    stream: { ...common, role: 'target', url },
    spec: {
      ...{ ...common, protocol, path, host, connection, connections, offsetMs: 0, deadlineMs },
      ...(idleMs === undefined ? {} : { idleMs }),
      ...(pacing && { pacing }),
      ...headerAsking(slow),
    },
  };
}

/** Time passes, until somebody cancels or the prober ends. */
async function pause(ms: number, { ended }: Prober, signal: AbortSignal): Promise<void> {
  const over = new AbortController();
  const asleep = sleep(Math.max(1, ms), undefined, { signal: AbortSignal.any([signal, over.signal]) });
  await Promise.race([asleep.catch(() => {}), ended]);
  over.abort();
}

async function hasEnded({ ended }: Prober): Promise<boolean> {
  return (await Promise.race([ended, Promise.resolve(undefined)])) !== undefined;
}
