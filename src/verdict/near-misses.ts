import { plural } from '../model/counted.ts';
import type { NearMiss } from '../model/verdict.ts';
import type { Account, Sample } from './account.ts';
import { time } from './causes/evidence.ts';
import { isKilledAfterGrace, type PodStory } from './causes/pod-story.ts';
import { PROPAGATION_MS } from './causes/rule.ts';
import { type Story, servingContainer, type Visit } from './causes/story.ts';
import { most } from './extremes.ts';
import type { RunFacts } from './run-facts.ts';

/** Linux sends a second SYN after 1 s and a third after 3 s; a little less, because clocks are read at both ends. */
const SECOND_SYN_MS = 990;
const THIRD_SYN_MS = 2_990;

/** An answer is late where it took this many times the baseline's p99.9, and this much more than it. */
const LATE_FACTOR = 5;
const LATE_MORE_MS = 100;

/** Fewer answers than this have no p99.9 worth the name. */
const BASELINE_ANSWERS = 100;

/** Late answers of the control this close excuse those of the workload. */
const COINCIDENCE_MS = 250;

/** Less room than this before the end of a hook or of a grace period is little: kube-proxy's pace is a second. */
const LITTLE_ROOM_MS = 1_000;

/** What went well by little. It never changes a verdict. Pure. */
export function nearMissesOf(
  facts: RunFacts,
  story: Story,
  target: Account,
  steady: Account | undefined,
): readonly NearMiss[] {
  return [
    ...slowConnects(facts, target),
    ...closedWhileIdle(facts, target),
    ...proxyRetries(facts, target),
    ...lateAnswers(target.samples, steady?.samples ?? [], facts.header.scenario.slow?.durationMs ?? 0),
    ...oldVersionLate(facts, story),
    ...hookMargins(story),
    ...graceMargins(story),
  ];
}

/** A SYN that got lost is sent again by the client's kernel; the request succeeds, seconds late. */
function slowConnects(facts: RunFacts, { stream, samples }: Account): readonly NearMiss[] {
  const answered = new Set(samples.filter(({ end }) => end.end === 'ok').map(({ seq }) => seq));
  const connects = (facts.probes.get(stream.id) ?? []).flatMap(({ seq, connectMs }) =>
    connectMs !== undefined && connectMs >= SECOND_SYN_MS && answered.has(seq) ? [connectMs] : [],
  );
  if (connects.length === 0) return [];
  const third = connects.filter((ms) => ms >= THIRD_SYN_MS).length;
  return [
    {
      code: 'slow-connect',
      count: connects.length,
      text: `${plural(connects.length, 'connection')} stood only after a second SYN${third > 0 ? `, ${third} of them after a third` : ''}: the first one got no answer within a second.`,
      remedy: 'A client that waits less than a second for a connection would have failed here.',
    },
  ];
}

/** A proxy that asked one pod in vain and then another hides a drop from those whose requests it may repeat. */
function proxyRetries({ probes }: RunFacts, { stream, samples }: Account): readonly NearMiss[] {
  const answered = new Set(
    samples.filter(({ phase, end }) => phase !== 'before' && end.end === 'ok').map(({ seq }) => seq),
  );
  const attempts = (probes.get(stream.id) ?? []).flatMap(({ seq, attempts = 1 }) =>
    attempts > 1 && answered.has(seq) ? [attempts] : [],
  );
  if (attempts.length === 0) return [];
  return [
    {
      code: 'proxy-retried',
      count: attempts.length,
      text: `${plural(attempts.length, 'request')} ${attempts.length === 1 ? 'was' : 'were'} answered because a proxy on the way tried again (up to ${most(attempts)} times), as it says itself.`,
      remedy:
        'Requests that a proxy does not repeat, such as a POST, would have failed here: cure the pods and not only what clients see of them.',
    },
  ];
}

/**
 * Kept connections that a server nobody had told to end closed while they rested. A request that is written in that
 * very moment is lost; these were spared, because it had been heard of. Pure.
 */
export function closedWhileIdle({ probes }: RunFacts, { stream, samples }: Account): readonly NearMiss[] {
  const before = new Set(samples.filter(({ phase }) => phase === 'before').map(({ seq }) => seq));
  const kept = (probes.get(stream.id) ?? []).filter(({ seq }) => before.has(seq));
  const replaced = kept.filter((probe) => probe.replaced === true).length;
  if (replaced === 0) return [];
  const reused = kept.filter((probe) => probe.reused === true).length;
  return [
    {
      code: 'closed-while-idle',
      count: replaced,
      text: `${plural(replaced, 'kept connection')} had been closed by the server while ${replaced === 1 ? 'it' : 'they'} rested and ${replaced === 1 ? 'was' : 'were'} replaced before a request was written; ${reused} were used again.`,
      remedy:
        'A client that writes at the moment of such a close loses the request: let the server keep idle connections for longer than clients do.',
    },
  ];
}

function lateAnswers(
  target: readonly Sample[],
  steady: readonly Sample[],
  askedMs: number,
): readonly NearMiss[] {
  const boundMs = lateFrom(target, askedMs);
  const steadyBoundMs = lateFrom(steady, 0);
  if (boundMs === undefined) return [];
  const excuses = steady.filter((sample) => isLate(sample, steadyBoundMs)).map(instantOf);
  const late = target.filter(
    (sample) =>
      sample.phase !== 'before' &&
      isLate(sample, boundMs) &&
      !excuses.some((ms) => Math.abs(ms - instantOf(sample)) <= COINCIDENCE_MS),
  );
  if (late.length === 0) return [];
  const slowestMs = most(late.map(tookMs));
  return [
    {
      code: 'late-answers',
      count: late.length,
      text: `${plural(late.length, 'request')} took longer than ${time(boundMs)} from the update on, the slowest ${time(slowestMs)}; before it 99.9 % were answered within ${time(p999(target) ?? 0)}.`,
      remedy: 'A client with a shorter deadline would have given up on them.',
    },
  ];
}

/** Undefined where too little was answered before the update to say what is late. What was asked for is not late. */
function lateFrom(samples: readonly Sample[], askedMs: number): number | undefined {
  const tookMs = p999(samples);
  if (tookMs === undefined) return undefined;
  const usualMs = Math.max(0, tookMs - askedMs);
  return tookMs - usualMs + Math.max(LATE_FACTOR * usualMs, usualMs + LATE_MORE_MS);
}

function p999(samples: readonly Sample[]): number | undefined {
  const times = samples
    .filter(({ phase, end }) => phase === 'before' && end.end === 'ok')
    .map(tookMs)
    .sort((a, b) => a - b);
  return times.length < BASELINE_ANSWERS ? undefined : times[Math.ceil(times.length * 0.999) - 1];
}

function isLate(sample: Sample, boundMs: number | undefined): boolean {
  return sample.end.end === 'ok' && boundMs !== undefined && tookMs(sample) > boundMs;
}

/** From the send, not from the schedule: a prober that came late is no fault of the workload. */
function tookMs({ sentMs, endedMs, scheduledMs }: Sample): number {
  return (endedMs ?? scheduledMs) - (sentMs ?? scheduledMs);
}

function instantOf({ sentMs, scheduledMs }: Sample): number {
  return sentMs ?? scheduledMs;
}

/** Old pods that still answer long after the update was complete: clients see the old version come back. */
function oldVersionLate({ cuts }: RunFacts, { visits }: Story): readonly NearMiss[] {
  const { completeMs } = cuts;
  if (completeMs === undefined) return [];
  const late = visits.filter(
    ({ ok, pod, sentMs }) => ok && pod?.generation === 'old' && sentMs > completeMs + PROPAGATION_MS,
  );
  if (late.length === 0) return [];
  const lastMs = most(late.map(({ sentMs }) => sentMs)) - completeMs;
  return [
    {
      code: 'old-version-late',
      count: late.length,
      text: `${plural(late.length, 'request')} were answered by old pods more than ${time(PROPAGATION_MS)} after the update was complete, the last one ${time(lastMs)} after it.`,
      remedy: 'Both versions have to get along for that long; see that old pods close kept connections soon.',
    },
  ];
}

/** How long before the end of its `preStop` hook an old pod got its last new connection. */
function hookMargins(story: Story): readonly NearMiss[] {
  const { visitsOf, before } = story;
  const seconds = servingContainer(before)?.preStop?.seconds;
  const margins = oldPodsWithoutDrops(story).flatMap((pod) => {
    const neededMs = neededOf(pod, visitsOf.get(pod) ?? []);
    const hookMs = hookLengthOf(pod, seconds);
    return neededMs === undefined || hookMs === undefined
      ? []
      : [{ pod, neededMs, hookMs, roomMs: hookMs - neededMs }];
  });
  const tightest = margins.toSorted((a, b) => a.roomMs - b.roomMs)[0];
  if (!tightest) return [];
  const { pod, neededMs, hookMs, roomMs } = tightest;
  if (roomMs < 0 || roomMs >= LITTLE_ROOM_MS) return [];
  return [
    {
      code: 'prestop-margin',
      count: margins.filter((margin) => margin.roomMs < LITTLE_ROOM_MS).length,
      text: `Pod ${pod.name} was sent new connections until ${time(neededMs)} after it was told to end; its \`preStop\` hook lasts ${time(hookMs)}, so ${time(roomMs)} are left.`,
      remedy: 'Let the `preStop` hook last longer: a slower node would have lost requests.',
    },
  ];
}

/** From when it was told to end: as its node told, else as the template says of a hook that only sleeps, if it runs. */
function hookLengthOf(
  { hookOverMs, askedFromMs, terminatingMs, graceSeconds }: PodStory,
  seconds: number | undefined,
): number | undefined {
  const fromMs = askedFromMs ?? terminatingMs;
  if (hookOverMs !== undefined && fromMs !== undefined) return hookOverMs - fromMs;
  return seconds === undefined || graceSeconds === 0 ? undefined : seconds * 1000;
}

/** Only fresh connections count: a kept one goes where it always went, however long the hook lasts. */
function neededOf(pod: PodStory, visits: readonly Visit[]): number | undefined {
  const fromMs = pod.askedFromMs ?? pod.terminatingMs;
  if (fromMs === undefined) return undefined;
  const lastMs = visits.reduce(
    (last, { sentMs, reused }) => (reused ? last : Math.max(last, sentMs)),
    Number.NEGATIVE_INFINITY,
  );
  return lastMs > fromMs ? lastMs - fromMs : undefined;
}

/** Old pods that were killed although nobody lost a request by it, or nearly so. */
function graceMargins(story: Story): readonly NearMiss[] {
  const ends = oldPodsWithoutDrops(story).flatMap((pod) => {
    const { name, graceSeconds, exitedMs, terminatingMs, exitCode } = pod;
    if (graceSeconds === undefined || exitedMs === undefined) return [];
    // Killed at once is what the template asked for.
    if (graceSeconds === 0) return [];
    if (terminatingMs === undefined || exitCode === undefined) return [];
    const graceMs = graceSeconds * 1000;
    // The end is told late, so there is at least this much room.
    const roomMs = graceMs - (exitedMs - terminatingMs);
    return [{ name, killed: isKilledAfterGrace(pod), graceMs, roomMs }];
  });
  const killed = ends.filter((end) => end.killed);
  const [first] = killed;
  if (first) {
    return [
      {
        code: 'killed-after-grace',
        count: killed.length,
        text: `${plural(killed.length, 'old pod')} did not end by ${killed.length === 1 ? 'itself and was killed after its' : 'themselves and were killed after their'} grace period of ${time(first.graceMs)} (${first.name}).`,
        remedy: 'See that SIGTERM reaches the server; what is in flight at the end is lost.',
      },
    ];
  }
  const tight = ends.filter(({ roomMs }) => roomMs >= 0 && roomMs < LITTLE_ROOM_MS);
  const least = tight.toSorted((a, b) => a.roomMs - b.roomMs)[0];
  return least
    ? [
        {
          code: 'grace-margin',
          count: tight.length,
          text: `Pod ${least.name} needed all but ${time(least.roomMs)} of its grace period of ${time(least.graceMs)}.`,
          remedy: 'Raise `terminationGracePeriodSeconds`: a slower end would be a kill.',
        },
      ]
    : [];
}

/**
 * Where requests were lost at a pod, its finding says what there is to say. How one fared that was deleted in haste, as
 * by force, says nothing of what its template gives it.
 */
function oldPodsWithoutDrops({ pods, drops }: Story): readonly PodStory[] {
  const lost = new Set(drops.map(({ pod }) => pod));
  return pods.filter(
    (pod) => pod.generation === 'old' && pod.ownGraceSeconds === undefined && !lost.has(pod),
  );
}
