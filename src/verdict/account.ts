import type { Probe, Stream } from '../model/recording.ts';
import {
  type DropClass,
  type NotJudgedClass,
  PHASES,
  type Phase,
  type ProbeEnd,
  type RequestCounts,
} from '../model/verdict.ts';
import { classify, type ProbeCircumstances } from './classify.ts';
import type { Gap } from './detection.ts';
import { phaseAt } from './phases.ts';
import type { RunFacts } from './run-facts.ts';

/** One scheduled request and its one end, also where no record of it arrived. */
export interface Sample {
  readonly seq: number;
  readonly scheduledMs: number;
  readonly sentMs?: number;
  readonly endedMs?: number;
  readonly localPort?: number;
  readonly phase: Phase;
  readonly end: ProbeEnd;
}

/** All requests of one stream. */
export interface Account {
  readonly stream: Stream;
  /** In the order of the schedule, without holes. */
  readonly samples: readonly Sample[];
  readonly counts: RequestCounts;
  readonly phases: Readonly<Record<Phase, RequestCounts>>;
  readonly drops: Readonly<Partial<Record<DropClass, number>>>;
  /** Of the drops of the class `status`, how many answers had which. */
  readonly statuses: Readonly<Partial<Record<string, number>>>;
  readonly notJudged: Readonly<Partial<Record<NotJudgedClass, number>>>;
  /** Laws of accounting that do not hold, one sentence each. One is enough to distrust everything: it is a bug. */
  readonly violations: readonly string[];
}

/** A source port rests this long; conntrack keeps an unanswered SYN's entry, and where it was sent to, for as long. */
const PORT_REST_MS = 120_000;

/** Heartbeats come four times a second. Without one for this long the prober was asleep. */
const SLEEP_MS = 1_000;

/** Three hours at the highest rate. Where more are said to be due, the recording is damaged: none gets an end. */
const MAX_REQUESTS = 5_000_000;

/** Clocks are rounded to the microsecond, so an instant may lie this much off. */
const GRAIN_MS = 0.002;

/** Rates of which the interval has no end of digits add up to less than this. */
const SCHEDULE_GRAIN_MS = 1;

/** Gives every scheduled request of a stream its one end, and checks that the sums hold. */
export function accountFor(facts: RunFacts, stream: Stream): Account {
  const probes = facts.probes.get(stream.id) ?? [];
  const stalePorts = staleSourcePorts(facts, stream);
  const sleeps = sleepsOf(facts);
  const losses = lossesOf(facts);
  const recorded = new Map<number, Sample>();
  const { startMs, scheduled, reached } = scheduleOf(facts, stream, probes);
  const statuses: string[] = [];
  const violations: string[] = [...offSchedule(stream, startMs, probes)];
  for (const probe of probes) {
    violations.push(...contradictionsIn(probe));
    if (recorded.has(probe.seq)) violations.push(`request ${probe.seq} of ${stream.id} has two ends`);
    const { seq, scheduledMs, sentMs, endedMs, localPort } = probe;
    const overlaps = ({ fromMs, toMs }: Gap) =>
      (sentMs ?? scheduledMs) < toMs && (endedMs ?? scheduledMs) > fromMs;
    const end = classify(probe, stream.expect, {
      mayCarry: mayCarryAt(facts, sentMs ?? scheduledMs, endedMs ?? scheduledMs),
      staleSourcePort: stalePorts.has(probe),
      proberSlept: sleeps.some(overlaps),
      packetsLost: losses.some(overlaps),
    });
    if (end.end === 'dropped' && end.class === 'status') statuses.push(statusOf(probe));
    recorded.set(seq, {
      seq,
      scheduledMs,
      ...(sentMs === undefined ? {} : { sentMs }),
      ...(endedMs === undefined ? {} : { endedMs }),
      ...(localPort === undefined ? {} : { localPort }),
      phase: phaseAt(facts.cuts, scheduledMs),
      end,
    });
  }

  const samples: Sample[] = [];
  const accountable = scheduled <= MAX_REQUESTS ? scheduled : 0;
  for (let seq = 0; seq < accountable; seq++) {
    samples.push(
      recorded.get(seq) ?? unrecorded(facts, seq, startMs + seq * stream.intervalMs, seq < reached),
    );
  }

  const counts = countRequests(samples);
  const phases = byPhase(samples);
  violations.push(...brokenLaws({ counts, phases, recorded: recorded.size, stream: stream.id, scheduled }));
  return {
    stream,
    samples,
    counts,
    phases,
    drops: tally(samples.flatMap(({ end }) => (end.end === 'dropped' ? [end.class] : []))),
    statuses: tally(statuses),
    notJudged: tally(samples.flatMap(({ end }) => (end.end === 'not-judged' ? [end.class] : []))),
    violations,
  };
}

/** Old pods alone answer until the update, new ones alone once the last old pod is gone. */
function mayCarryAt(
  { cuts: { triggeredMs, oldPodsGoneMs } }: RunFacts,
  sentMs: number,
  endedMs: number,
): ProbeCircumstances['mayCarry'] {
  if (triggeredMs === undefined || endedMs < triggeredMs) return 'old';
  return oldPodsGoneMs !== undefined && sentMs > oldPodsGoneMs ? 'new' : 'either';
}

/** Counts the ends. The sums hold by construction for every list, the empty one included. */
export function countRequests(samples: readonly Pick<Sample, 'end'>[]): RequestCounts {
  const count = (end: ProbeEnd['end']) =>
    samples.reduce((sum, sample) => sum + (sample.end.end === end ? 1 : 0), 0);
  const [ok, dropped, notJudged, unsent] = [
    count('ok'),
    count('dropped'),
    count('not-judged'),
    count('unsent'),
  ];
  const sent = ok + dropped + notJudged;
  return { scheduled: sent + unsent, sent, ok, dropped, notJudged, unsent };
}

/** Adds up counts of several streams, phases or runs. */
export function sumCounts(all: readonly RequestCounts[]): RequestCounts {
  const sum = (key: keyof RequestCounts) => all.reduce((total, counts) => total + counts[key], 0);
  return {
    scheduled: sum('scheduled'),
    sent: sum('sent'),
    ok: sum('ok'),
    dropped: sum('dropped'),
    notJudged: sum('notJudged'),
    unsent: sum('unsent'),
  };
}

/** When the prober was asleep: stretches without a heartbeat, from the first one until probing stopped. */
export function sleepsOf(facts: RunFacts): readonly Gap[] {
  const beats = facts.heartbeats.map(({ atMs }) => atMs);
  const instants = [
    ...(facts.probingStartedMs === undefined ? [] : [facts.probingStartedMs]),
    ...beats,
    facts.probingStoppedMs,
  ].sort((a, b) => a - b);
  return instants.flatMap((toMs, index) => {
    const fromMs = instants[index - 1] ?? toMs;
    return toMs - fromMs > SLEEP_MS && fromMs < facts.probingStoppedMs ? [{ fromMs, toMs }] : [];
  });
}

/** When packets were thrown away on the machine that probes: since the heartbeat before the one that tells. */
function lossesOf({ heartbeats, probingStartedMs = 0 }: RunFacts): readonly Gap[] {
  return heartbeats.flatMap(({ atMs, lostPackets = 0 }, index) =>
    lostPackets > 0 ? [{ fromMs: heartbeats[index - 1]?.atMs ?? probingStartedMs, toMs: atMs }] : [],
  );
}

/**
 * How many probes were due, although the records of the last ones may be missing: from the schedule itself, which is
 * exact. `reached` is how far the prober had come when it last told; what is missing before that was sent and lost,
 * what is missing after it was never sent.
 */
function scheduleOf(facts: RunFacts, stream: Stream, probes: readonly Probe[]) {
  const [first] = probes;
  const startMs = first ? first.scheduledMs - first.seq * stream.intervalMs : (facts.probingStartedMs ?? 0);
  const recorded = probes.reduce((most, { seq }) => Math.max(most, seq + 1), 0);
  const told = facts.heartbeats.reduce((most, { nextSeq }) => Math.max(most, nextSeq[stream.id] ?? 0), 0);
  const reached = Math.max(recorded, told);
  const started = first !== undefined || told > 0 || facts.probingStartedMs !== undefined;
  const due = started ? Math.ceil((facts.probingStoppedMs - GRAIN_MS - startMs) / stream.intervalMs) : 0;
  return { startMs, reached, scheduled: Math.max(reached, Number.isFinite(due) ? due : 0) };
}

/**
 * Guards and bounds go by the interval that the header tells. Requests that were due at other times belong to another
 * schedule.
 */
function offSchedule(
  { id, intervalMs }: Stream,
  startMs: number,
  probes: readonly Probe[],
): readonly string[] {
  const off = probes.find(
    ({ seq, scheduledMs }) => !(Math.abs(scheduledMs - (startMs + seq * intervalMs)) <= SCHEDULE_GRAIN_MS),
  );
  return off
    ? [`request ${off.seq} of ${id} was due at ${off.scheduledMs} ms, which its schedule does not say`]
    : [];
}

function unrecorded(facts: RunFacts, seq: number, scheduledMs: number, wasSent: boolean): Sample {
  return {
    seq,
    scheduledMs,
    phase: phaseAt(facts.cuts, scheduledMs),
    end: wasSent ? { end: 'not-judged', class: 'indeterminate' } : { end: 'unsent' },
  };
}

/** Probes on fresh connections whose source port had been used towards the same address too short a time before. */
function staleSourcePorts(facts: RunFacts, stream: Stream): ReadonlySet<Probe> {
  const sameAddress = facts.streams.filter(
    ({ address, port }) => address === stream.address && port === stream.port,
  );
  const connections = sameAddress
    .flatMap(({ id }) => facts.probes.get(id) ?? [])
    .filter((probe) => probe.localPort !== undefined && probe.sentMs !== undefined)
    .sort((a, b) => (a.sentMs ?? 0) - (b.sentMs ?? 0));
  const lastUsedMs = new Map<number, number>();
  const stale = new Set<Probe>();
  for (const probe of connections) {
    const { localPort = 0, sentMs = 0, endedMs = sentMs } = probe;
    const usedMs = lastUsedMs.get(localPort);
    if (probe.reused !== true && usedMs !== undefined && sentMs - usedMs < PORT_REST_MS) stale.add(probe);
    lastUsedMs.set(localPort, Math.max(usedMs ?? 0, endedMs));
  }
  return stale;
}

function contradictionsIn({
  stream,
  seq,
  sentMs,
  endedMs,
  status,
  failure,
  unsent,
}: Probe): readonly string[] {
  const about = `request ${seq} of ${stream}`;
  const faults: string[] = [];
  if (unsent !== undefined && (sentMs !== undefined || status !== undefined || failure !== undefined)) {
    faults.push(`${about} was not sent and has an end all the same`);
  }
  if (unsent === undefined && sentMs === undefined) faults.push(`${about} was neither sent nor held back`);
  if (unsent === undefined && endedMs === undefined) faults.push(`${about} was reported without an end`);
  if (sentMs !== undefined && endedMs !== undefined && endedMs < sentMs) {
    faults.push(`${about} ended before it was sent`);
  }
  return faults;
}

function brokenLaws(totals: {
  readonly counts: RequestCounts;
  readonly phases: Readonly<Record<Phase, RequestCounts>>;
  readonly recorded: number;
  readonly scheduled: number;
  readonly stream: string;
}): readonly string[] {
  const { counts, phases, recorded, scheduled, stream } = totals;
  const broken: string[] = [];
  const law = (holds: boolean, sentence: string) => {
    if (!holds) broken.push(`${stream}: ${sentence}`);
  };
  law(
    counts.scheduled === scheduled,
    `${counts.scheduled} requests have an end, ${scheduled} were scheduled`,
  );
  law(counts.scheduled === counts.sent + counts.unsent, 'scheduled is not sent + unsent');
  law(counts.sent === counts.ok + counts.dropped + counts.notJudged, 'sent is not ok + dropped + not judged');
  law(recorded <= scheduled, `${recorded} requests were reported, ${scheduled} were scheduled`);
  const overPhases = sumCounts(PHASES.map((phase) => phases[phase]));
  law(
    overPhases.scheduled === counts.scheduled &&
      overPhases.ok === counts.ok &&
      overPhases.dropped === counts.dropped &&
      overPhases.notJudged === counts.notJudged,
    'the phases do not add up to the whole',
  );
  return broken;
}

function byPhase(samples: readonly Sample[]): Readonly<Record<Phase, RequestCounts>> {
  const of = (wanted: Phase) => countRequests(samples.filter(({ phase }) => phase === wanted));
  return { before: of('before'), during: of('during'), after: of('after'), tail: of('tail') };
}

/** `503`, or `grpc-status 14` of a call that HTTP has nothing against. */
function statusOf({ status, grpcStatus = 0 }: Probe): string {
  return grpcStatus === 0 ? String(status) : `grpc-status ${grpcStatus}`;
}

function tally<Name extends string>(names: readonly Name[]): Partial<Record<Name, number>> {
  const counts: Partial<Record<Name, number>> = {};
  for (const name of names) counts[name] = (counts[name] ?? 0) + 1;
  return counts;
}
