import { afterAll, beforeAll } from 'vitest';
import type { ConnectionFact, Heartbeat, Probe, Strays } from '../../src/model/recording.ts';
import { type RunningProcess, spawn } from '../../src/platform/process.ts';
import { openProber, type Prober, type ProberEnd } from '../../src/prober/prober.ts';
import { monotonicMs } from '../../src/prober/program/monotonic-clock.ts';
import type { SourcePortRange, StreamSpec } from '../../src/prober/protocol.ts';

export const PROBER_PROGRAM = 'src/prober/program/main.ts';

// Below the ephemeral range, so that nothing else on the machine is handed them. Each process of a test run has its
// own, and runs that stand side by side hardly ever share any.
const SLOT = (Number(process.env.VITEST_POOL_ID ?? 0) + 7 * process.ppid) % 20;
const FIRST_PORT = 12_000 + SLOT * 1_000;
const FIRST_SHARED_PORT = FIRST_PORT + 500;
let nextPort = FIRST_PORT;

/** Source ports that no other prober of this test process is handed, until five hundred have been. */
export function testPorts(count = 40): SourcePortRange {
  if (nextPort + count > FIRST_SHARED_PORT) nextPort = FIRST_PORT;
  const first = nextPort;
  nextPort += count;
  return { first, last: nextPort - 1, next: first, restMs: 0 };
}

/** A stream towards a port of loopback; fifty requests a second unless it is said otherwise. */
export function testStream(port: number, spec: Partial<StreamSpec> = {}): StreamSpec {
  return {
    id: 'target',
    address: '127.0.0.1',
    port,
    path: '/',
    host: 'web.example',
    protocol: 'http',
    connection: 'new',
    connections: 1,
    intervalMs: 20,
    offsetMs: 0,
    deadlineMs: 300,
    expect: { statusFrom: 200, statusTo: 299 },
    ...spec,
  };
}

/** A stream over kept connections, slow enough for each exchange to end before the next one, on a busy machine as well. */
export function keptAlive(protocol: StreamSpec['protocol']): Partial<StreamSpec> {
  return { protocol, connection: 'keep-alive', deadlineMs: 5_000, intervalMs: 250 };
}

export interface DrivenProber extends AsyncDisposable {
  readonly prober: Prober;
  readonly process: RunningProcess;
  readonly probes: readonly Probe[];
  readonly heartbeats: readonly Heartbeat[];
  readonly facts: readonly (ConnectionFact | Strays)[];
  readonly faults: readonly string[];
  readonly silences: readonly number[];
  finish(): Promise<ProberEnd>;
}

/** A real prober process of ours, and what it has told so far. */
export async function driveProber(env: Readonly<Record<string, string>> = {}): Promise<DrivenProber> {
  const probes: Probe[] = [];
  const heartbeats: Heartbeat[] = [];
  const facts: (ConnectionFact | Strays)[] = [];
  const faults: string[] = [];
  const silences: number[] = [];
  const child = spawn(process.execPath, [PROBER_PROGRAM], { env });
  const prober = await openProber(child, monotonicMs(), {
    onEntry(entry) {
      if (entry.kind === 'probe') probes.push(entry);
      else if (entry.kind === 'heartbeat') heartbeats.push(entry);
      else facts.push(entry);
    },
    onFault: (message) => void faults.push(message),
    onSilence: (sinceMs) => void silences.push(sinceMs),
  });
  return {
    prober,
    process: child,
    probes,
    heartbeats,
    facts,
    faults,
    silences,
    finish: () => prober.finish(5_000),
    [Symbol.asyncDispose]: () => prober[Symbol.asyncDispose](),
  };
}

const STOP_KNOWN_MS = 400;

/** Sends the first `count` requests of a stream and gives their ends in the order of the schedule. */
export type SendRequests = (spec: StreamSpec, count: number) => Promise<readonly Probe[]>;

/** What a prober told of one stream. */
export interface StreamTold {
  /** In the order of the schedule. */
  readonly probes: readonly Probe[];
  readonly facts: readonly (ConnectionFact | Strays)[];
}

/** One prober process for all tests of a file, also for those that run at the same time. Call it at the file's top. */
export function sharedProber(): SendRequests {
  const tellOf = sharedTeller();
  return async (spec, count) => (await tellOf(spec, count)).probes;
}

/** The same, with everything else that the prober tells of the stream. */
export function sharedTeller(): (spec: StreamSpec, count: number) => Promise<StreamTold> {
  const ports = { first: FIRST_SHARED_PORT, last: FIRST_PORT + 999, next: FIRST_SHARED_PORT, restMs: 0 };
  let driven: DrivenProber;
  let streams = 0;
  beforeAll(async () => {
    driven = await driveProber();
  });
  afterAll(() => driven[Symbol.asyncDispose]());
  return (spec, count) => firstRequests(driven, { ...spec, id: `${spec.id}-${++streams}` }, count, ports);
}

/** The same by a prober process of its own, for the sake of its environment. */
export async function sendRequests(
  spec: StreamSpec,
  count: number,
  env: Readonly<Record<string, string>>,
): Promise<readonly Probe[]> {
  await using driven = await driveProber(env);
  const { probes } = await firstRequests(driven, spec, count, testPorts());
  await driven.finish();
  return probes;
}

async function firstRequests(
  { prober, probes, facts }: DrivenProber,
  spec: StreamSpec,
  count: number,
  ports: SourcePortRange,
): Promise<StreamTold> {
  // On a busy machine the word to stop may come late: nothing is due until it surely has.
  const started = await prober.start([{ ...spec, offsetMs: spec.offsetMs + STOP_KNOWN_MS }], () => ports);
  const startMs = started.get(spec.id) ?? 0;
  await prober.stop(spec.id, startMs + (count - 0.5) * spec.intervalMs);
  return {
    probes: probes.filter(({ stream }) => stream === spec.id).toSorted((a, b) => a.seq - b.seq),
    facts: facts.filter(({ stream }) => stream === spec.id),
  };
}

/** A probe's end in a few words: `200`, `200 wrong body`, `body ECONNRESET`, `unsent overdue`. */
export function endOf(probe: Probe): string {
  if (probe.unsent) return `unsent ${probe.unsent}`;
  if (probe.failure) return `${probe.failure.phase} ${probe.failure.code}`;
  return `${probe.status}${probe.bodyOk === false ? ' wrong body' : ''}`;
}

/** How many probes ended in which way. */
export function countEnds(probes: readonly Probe[]): Readonly<Record<string, number>> {
  const counts: Record<string, number> = {};
  for (const probe of probes) counts[endOf(probe)] = (counts[endOf(probe)] ?? 0) + 1;
  return counts;
}
