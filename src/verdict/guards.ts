import { count } from '../model/counted.ts';
import type { Note } from '../model/recording.ts';
import type { Guard, Reason } from '../model/verdict.ts';
import { type Account, type Sample, sleepsOf } from './account.ts';
import { type Detection, detect, type Gap, lengthOf } from './detection.ts';
import { HOLE_INTERVALS, HOLE_WHILE_TERMINATING_MS } from './hole-bounds.ts';
import { besideOthers } from './neighbours.ts';
import type { PodLife } from './pod-generations.ts';
import type { RunFacts } from './run-facts.ts';
import { sequenceOf } from './sequence.ts';
import { generationOf, type Served } from './served.ts';

/** What guards look at. */
export interface Evidence {
  readonly facts: RunFacts;
  readonly target: Account;
  readonly steady: Account | undefined;
  readonly lives: readonly PodLife[];
  readonly served: Served;
}

/** What guards of the measurement alone look at. */
export type Measured = Pick<Evidence, 'facts' | 'target'>;

/** A guard and, where it did not hold, the reason it gives. */
export interface GuardOutcome {
  readonly guard: Guard;
  readonly reason?: Reason;
}

/** Requests that are needed, so that "none was dropped" says something. */
export const NEEDED = { before: 200, update: 100, tail: 200, servedByEach: 20, probe: 100 } as const;

/** How long probing has to go on after the last old pod is gone: kube-proxy syncs within a second or so. */
export const TAIL_MS = 5_000;

/** Longest pause between two requests from the update on. Slow schedules may pause for five of their intervals. */
export const HOLE_MS = 250;

/** Around the termination of a pod: watches lag, and nodes learn of endpoints up to a second later. */
const BEFORE_TERMINATION_MS = 250;
const AFTER_TERMINATION_MS = 1_000;

/** Longest stall of the prober's event loop. */
const STALL_MS = 250;

/** At least this share of what was due in any second must have been sent. */
const SENT_PERCENT = 90;

/** The control must be asked at least this often, or it sees nothing. */
const CONTROL_INTERVAL_MS = 250;

/** Notes that say that something every request passes through was not stable. */
const UNSTABLE_SUBJECTS: ReadonlySet<string> = new Set(['infrastructure-restart', 'node-condition']);

/** Of a hundred requests, ninety-nine have to leave within this of the instant they were due. */
const LATE_MS = 50;

/** What a pass needs of a probe of a URL, in which nothing is updated. */
export function probeGuards(measured: Measured): readonly GuardOutcome[] {
  const { facts, target } = measured;
  const { probingStartedMs = 0, probingStoppedMs } = facts;
  return [
    allJudged(measured),
    aimedAtTarget(measured),
    proberAwake(measured),
    scheduleKept(measured),
    sentOnTime(measured),
    enough(
      'too-few-requests',
      'in all',
      target.counts.ok + target.counts.dropped,
      NEEDED.probe,
      '`--duration`',
    ),
    ...tookAsLong(measured),
    noHole(measured, detect(target.samples, probingStartedMs, probingStoppedMs), 'of the probe'),
  ];
}

/** What a pass needs of every recording, also of one in which the update was never triggered. */
export function measuringGuards(evidence: Evidence): readonly GuardOutcome[] {
  return [
    allJudged(evidence),
    aimedAtTarget(evidence),
    aimedAtService(evidence),
    proberAwake(evidence),
    scheduleKept(evidence),
  ];
}

/** What a pass needs of the update and of how it was watched. Only where the update was triggered. */
export function updateGuards(evidence: Evidence, triggeredMs: number): readonly GuardOutcome[] {
  const { facts, target } = evidence;
  const detection = detect(target.samples, triggeredMs, facts.probingStoppedMs);
  return [
    baselineClean(evidence),
    enoughBefore(evidence),
    rolloutProven(evidence),
    enoughDuringUpdate(evidence),
    tailLongEnough(evidence),
    enoughInTail(evidence),
    ...tookAsLong(evidence),
    noHole(evidence, detection),
    noHoleWhileTerminating(evidence, detection, triggeredMs),
    ...floorKept(evidence),
    servedByBoth(evidence),
    servedByNobodyElse(evidence),
    ...(target.stream.expect.sequence ? [bothNumbersSeen(evidence)] : []),
    controlClean(evidence),
    controlDense(evidence, triggeredMs),
    environmentStable(evidence, triggeredMs),
  ];
}

function allJudged({ target }: Measured): GuardOutcome {
  const { notJudged } = target.counts;
  const classes = Object.entries(target.notJudged).map(([name, number]) => `${count(number)} ${name}`);
  return outcome({
    id: 'not-judged',
    held: notJudged === 0,
    text: `${count(notJudged)} of ${count(target.counts.sent)} requests could not be judged${listed(classes)}`,
    remedy: 'Lower the rate or give the machine more room: it did not keep up with its own requests.',
  });
}

function aimedAtTarget({ facts, target }: Measured): GuardOutcome {
  const { address, port } = target.stream;
  const wanted = `${address.includes(':') ? `[${address}]` : address}:${port}`;
  const strays = (facts.probes.get(target.stream.id) ?? []).filter(
    ({ remote }) => remote !== undefined && remote !== wanted,
  );
  return outcome({
    id: 'wrong-address',
    held: strays.length === 0,
    text: `${count(strays.length)} connections went to another address than ${wanted}`,
    remedy: 'Look for a proxy or a redirection between the prober and the cluster.',
  });
}

function aimedAtService({ facts }: Evidence): GuardOutcome {
  const outdated = facts.notes.find(isTwinOutdated);
  return outcome({
    id: 'twin-outdated',
    held: outdated === undefined,
    text: outdated?.text ?? 'what was probed forwards as the Service does',
    remedy: 'Probe the Service itself: by its cluster IP (`#cluster-ip`), or as a Service of type NodePort.',
  });
}

/** Does this say that the twin that was probed no longer stood for the Service that clients use? */
export function isTwinOutdated({ subject }: Note): boolean {
  return subject === 'twin-outdated';
}

function proberAwake({ facts }: Measured): GuardOutcome {
  const sleeps = sleepsOf(facts);
  const longestSleepMs = sleeps.reduce((longest, sleep) => Math.max(longest, lengthOf(sleep)), 0);
  const stallMs = facts.heartbeats
    .filter(({ atMs }) => atMs >= (facts.probingStartedMs ?? 0) && atMs <= facts.probingStoppedMs)
    .reduce((longest, { loopStallMs }) => Math.max(longest, loopStallMs), 0);
  const text =
    facts.heartbeats.length === 0
      ? 'the prober gave no sign of life'
      : longestSleepMs > 0
        ? `the prober gave no sign of life for ${seconds(longestSleepMs)}`
        : `the prober stood still for ${Math.round(stallMs)} ms at most (bound ${STALL_MS} ms)`;
  return outcome({
    id: 'prober-asleep',
    held: facts.heartbeats.length > 0 && sleeps.length === 0 && stallMs <= STALL_MS,
    text,
    remedy: 'Run again on a machine with more room: the prober was stopped or got no processor time.',
  });
}

function scheduleKept({ facts, target }: Measured): GuardOutcome {
  const worst = worstSecond(target.samples, facts.probingStoppedMs);
  return outcome({
    id: 'schedule-not-kept',
    held: worst === undefined || worst.sent * 100 >= worst.scheduled * SENT_PERCENT,
    text:
      worst === undefined
        ? `every request that was due was sent`
        : `in the worst second ${count(worst.sent)} of ${count(worst.scheduled)} requests were sent (bound ${SENT_PERCENT} %)`,
    remedy: 'Lower the rate, or give the prober more processor time.',
  });
}

function sentOnTime({ target }: Measured): GuardOutcome {
  const lateness = target.samples
    .flatMap(({ sentMs, scheduledMs }) => (sentMs === undefined ? [] : [sentMs - scheduledMs]))
    .sort((a, b) => a - b);
  const lateMs = lateness[Math.ceil(lateness.length * 0.99) - 1] ?? 0;
  return outcome({
    id: 'sent-late',
    held: lateMs <= LATE_MS,
    text: `99 % of the requests left within ${lateMs.toFixed(1)} ms of the instant they were due (bound ${LATE_MS} ms)`,
    remedy: 'Lower the rate, or give the prober more processor time.',
  });
}

function baselineClean({ target }: Evidence): GuardOutcome {
  const { dropped, scheduled } = target.phases.before;
  return outcome({
    id: 'baseline-failing',
    held: dropped === 0,
    text: `${count(dropped)} of ${count(scheduled)} requests were dropped before the update`,
    remedy:
      'Make the unchanged workload answer every request first; what an update adds can be told only then.',
  });
}

function enoughBefore({ target }: Evidence): GuardOutcome {
  return enough(
    'too-few-before',
    'before the update',
    answered(target, ['before']),
    NEEDED.before,
    'baseline',
  );
}

function enoughDuringUpdate({ target }: Evidence): GuardOutcome {
  return enough(
    'too-few-during',
    'from the update until the last old pod was gone',
    answered(target, ['during', 'after']),
    NEEDED.update,
  );
}

function enoughInTail({ target }: Evidence): GuardOutcome {
  return enough(
    'too-few-after',
    'after the last old pod was gone',
    answered(target, ['tail']),
    NEEDED.tail,
    'tail',
  );
}

function enough(id: string, when: string, judged: number, needed: number, duration?: string): GuardOutcome {
  return outcome({
    id,
    held: judged >= needed,
    text: `${count(judged)} requests were judged ${when} (${count(needed)} are needed)`,
    remedy: `Raise the rate${duration === undefined ? '' : `, or make the ${duration} longer`}.`,
  });
}

function answered({ phases }: Account, wanted: readonly (keyof Account['phases'])[]): number {
  return wanted.reduce((sum, phase) => sum + phases[phase].ok + phases[phase].dropped, 0);
}

/** At least this share of the answers have to take at least this share of the duration that was asked for. */
const SLOW_PERCENT = 90;

/** A server that answers sooner than it was asked to has nothing in flight when its pod is told to end. */
function tookAsLong({ facts, target }: Measured): readonly GuardOutcome[] {
  const { slow } = facts.header.scenario;
  if (!slow) return [];
  const leastMs = (slow.durationMs * SLOW_PERCENT) / 100;
  const answers = target.samples.filter(({ end }) => end.end === 'ok');
  const slowOnes = answers.filter(({ sentMs = 0, endedMs = sentMs }) => endedMs - sentMs >= leastMs).length;
  return [
    outcome({
      id: 'answered-too-soon',
      held: slowOnes * 100 >= answers.length * SLOW_PERCENT,
      text: `${count(slowOnes)} of ${count(answers.length)} answers took ${leastMs} ms or more, as was asked for (bound ${SLOW_PERCENT} %)`,
      remedy:
        'Ask in the way that the server understands: {ms} or {seconds} in the path, or slow-header. Answers that come at once are not in flight when pods end.',
    }),
  ];
}

function rolloutProven({ facts }: Evidence): GuardOutcome {
  const { before, after, rolloutEnd, cuts } = facts;
  const doubts: string[] = [];
  if (rolloutEnd === undefined) doubts.push('how it ended is not known');
  if (cuts.completeMs === undefined) doubts.push('the Deployment never reported it complete');
  if (cuts.oldPodsGoneMs === undefined) doubts.push('the end of the last old pod was not seen');
  const { triggeredMs = 0, completeMs = triggeredMs, oldPodsGoneMs = triggeredMs } = cuts;
  if (completeMs < triggeredMs || oldPodsGoneMs < triggeredMs) doubts.push('it was over before it began');
  if (!before || !after) {
    doubts.push('the pods were not listed before and after it');
  } else {
    const oldUids = new Set(before.pods.map(({ uid }) => uid));
    const left = after.pods.filter(({ uid }) => oldUids.has(uid));
    if (before.pods.length === 0) doubts.push('there was no pod before it');
    if (after.templateHash === before.templateHash) doubts.push('the pod template is the same as before');
    if (left.length > 0) doubts.push(`${left.length} old pods still exist`);
    if (after.observedGeneration < after.generation)
      doubts.push('the controller has not seen the last change');
    if (after.updatedReplicas < after.replicas || after.availableReplicas < after.replicas) {
      doubts.push(`${after.availableReplicas} of ${after.replicas} new pods are available`);
    }
  }
  return outcome({
    id: 'rollout-not-proven',
    held: doubts.length === 0,
    text:
      doubts.length === 0
        ? `no pod that was there before is there any more, by UID (${before?.pods.length ?? 0} replaced)`
        : `the rollout is not proven: ${doubts.join('; ')}`,
    remedy: 'Look at the timeline; run again with `--keep` and compare with what `kubectl get pods` shows.',
  });
}

function tailLongEnough({ facts }: Evidence): GuardOutcome {
  // By LIST: the watch may tell of the same end a little later.
  const { oldPodsGoneMs = Number.POSITIVE_INFINITY } = facts.cuts;
  const tailMs = Math.max(0, facts.probingStoppedMs - oldPodsGoneMs);
  return outcome({
    id: 'tail-too-short',
    // To a tenth of a second, so that a tail of exactly the bound is not lost to the last digit.
    held: Math.round(tailMs / 100) * 100 >= TAIL_MS,
    text: `requests went on for ${seconds(tailMs)} after the last old pod was gone (${seconds(TAIL_MS)} are needed)`,
    remedy: `Set \`tail\` to ${TAIL_MS / 1000}s or more.`,
  });
}

function noHole({ target }: Measured, detection: Detection, when = 'from the update on'): GuardOutcome {
  const bound = Math.max(HOLE_MS, HOLE_INTERVALS * target.stream.intervalMs);
  return outcome({
    id: 'prober-hole',
    held: detection.largestGapMs <= bound,
    text: `the longest pause between two requests ${when} was ${Math.round(detection.largestGapMs)} ms (bound ${Math.round(bound)} ms)`,
    remedy: 'Run again on a machine with more room: an outage within the pause would not have been seen.',
  });
}

function noHoleWhileTerminating(
  { facts, target, lives }: Evidence,
  { gaps }: Detection,
  triggeredMs: number,
): GuardOutcome {
  const bound = Math.max(HOLE_WHILE_TERMINATING_MS, HOLE_INTERVALS * target.stream.intervalMs);
  const windows = lives
    .filter(({ generation }) => generation === 'old')
    .map(
      ({ terminatingMs, goneMs }): Gap => ({
        fromMs: terminatingMs === undefined ? triggeredMs : terminatingMs - BEFORE_TERMINATION_MS,
        toMs: (goneMs ?? facts.cuts.oldPodsGoneMs ?? facts.probingStoppedMs) + AFTER_TERMINATION_MS,
      }),
    );
  const longestMs = gaps
    .filter((gap) => windows.some(({ fromMs, toMs }) => gap.fromMs < toMs && gap.toMs > fromMs))
    .reduce((longest, gap) => Math.max(longest, lengthOf(gap)), 0);
  return outcome({
    id: 'prober-hole-while-terminating',
    held: longestMs <= bound,
    text: `the longest pause while an old pod was terminating was ${Math.round(longestMs)} ms (bound ${Math.round(bound)} ms)`,
    remedy: 'Run again on a machine with more room, or raise the rate: this is when requests get lost.',
  });
}

/** Others on the same cluster may not cost what the run could see. Only where there were any. */
function floorKept({ facts, target }: Evidence): readonly GuardOutcome[] {
  const { scenarios, floorMs, floorAllowedMs } = besideOthers(facts, target) ?? {};
  if (!scenarios || floorMs === undefined || floorAllowedMs === undefined) return [];
  return [
    outcome({
      id: 'floor-raised',
      held: floorMs <= floorAllowedMs,
      text: `beside ${scenarios.length} other ${scenarios.length === 1 ? 'scenario' : 'scenarios'} the smallest outage that would have been seen was ${Math.round(floorMs)} ms (bound ${Math.round(floorAllowedMs)} ms)`,
      remedy: 'Lower `parallel`, or run on a machine with more processors.',
    }),
  ];
}

function servedByBoth({ served }: Evidence): GuardOutcome {
  const how = served.how === 'conntrack' ? 'by connection tracking' : 'by the state of the EndpointSlices';
  return outcome({
    id: 'not-served-by-both',
    held: served.old >= NEEDED.servedByEach && served.new >= NEEDED.servedByEach,
    text: `old pods answered ${count(served.old)} requests, new pods ${count(served.new)}, ${how} (${NEEDED.servedByEach} each are needed)`,
    remedy: 'Check that the Service selects the pods of this Deployment, old and new, and no others.',
  });
}

function bothNumbersSeen({ facts, target }: Evidence): GuardOutcome {
  const { from = 0, to = 0, answeredOld = 0, answeredNew = 0 } = sequenceOf(facts, target) ?? {};
  return outcome({
    id: 'numbers-not-seen',
    held: answeredOld >= NEEDED.servedByEach && answeredNew >= NEEDED.servedByEach,
    text: `${count(answeredOld)} answers carried the old number ${from}, ${count(answeredNew)} the new one ${to} (${NEEDED.servedByEach} each are needed)`,
    remedy: 'Let the workload answer the variable that update: sequence names, and see that every pod does.',
  });
}

function servedByNobodyElse({ facts, served, lives }: Evidence): GuardOutcome {
  const strangers = new Set(
    facts.endpoints
      .flatMap(({ endpoints }) => endpoints)
      .filter((endpoint) => generationOf(endpoint, lives) === undefined)
      .map(({ pod, address }) => pod ?? address),
  );
  return outcome({
    id: 'served-by-others',
    held: served.foreign === 0 && strangers.size === 0,
    text: `${count(served.foreign)} requests were answered by, and ${count(strangers.size)} endpoints belong to, pods of something else${listed([...strangers].slice(0, 3))}`,
    remedy: 'Make the selector of the Service match the pods of this Deployment only.',
  });
}

function controlClean({ steady }: Evidence): GuardOutcome {
  const { dropped = 0, notJudged = 0, sent = 0 } = steady?.counts ?? {};
  return outcome({
    id: 'control-not-clean',
    held: steady !== undefined && dropped === 0 && notJudged === 0,
    text: steady
      ? `of ${count(sent)} requests to the steady control ${count(dropped)} were dropped and ${count(notJudged)} could not be judged`
      : 'no steady control was probed beside the workload',
    remedy: 'Run again: the cluster or the machine lost requests that had nothing to do with the update.',
  });
}

function controlDense({ facts, steady }: Evidence, triggeredMs: number): GuardOutcome {
  const intervalMs = steady?.stream.intervalMs ?? Number.POSITIVE_INFINITY;
  const bound = Math.max(HOLE_MS, HOLE_INTERVALS * Math.min(intervalMs, CONTROL_INTERVAL_MS));
  const gapMs = detect(steady?.samples ?? [], triggeredMs, facts.probingStoppedMs).largestGapMs;
  return outcome({
    id: 'control-sparse',
    held: steady !== undefined && intervalMs <= CONTROL_INTERVAL_MS && gapMs <= bound,
    text: `the longest pause between two requests to the steady control was ${Math.round(gapMs)} ms (bound ${Math.round(bound)} ms)`,
    remedy: 'Run again on a machine with more room: the control was not watched closely enough.',
  });
}

function environmentStable({ facts }: Evidence, triggeredMs: number): GuardOutcome {
  const troubles = facts.notes.filter((note) => isClusterTrouble(note) && note.atMs >= triggeredMs);
  return outcome({
    id: 'environment-unstable',
    held: troubles.length === 0,
    text:
      troubles.length === 0
        ? 'no node and no infrastructure pod changed'
        : `the cluster itself was not stable: ${troubles[0]?.text ?? ''}`,
    remedy: 'Run again; if it keeps happening, look at the logs of the cluster in the report folder.',
  });
}

/** Does this say that something every request passes through was not stable? */
export function isClusterTrouble({ subject }: Note): boolean {
  return UNSTABLE_SUBJECTS.has(subject);
}

function outcome(given: {
  readonly id: string;
  readonly held: boolean;
  readonly text: string;
  readonly remedy: string;
}): GuardOutcome {
  const { id, held, text, remedy } = given;
  const sentence = `${text.charAt(0).toUpperCase()}${text.slice(1)}.`;
  return {
    guard: { id, held, text: sentence },
    ...(held ? {} : { reason: { code: id, text: sentence, remedy } }),
  };
}

/** The full second of the schedule in which the smallest share was sent; undefined where there is no full one. */
function worstSecond(samples: readonly Sample[], probingStoppedMs: number) {
  const seconds = new Map<number, { scheduled: number; sent: number }>();
  for (const { scheduledMs, end } of samples) {
    const second = Math.floor(scheduledMs / 1000);
    const count = seconds.get(second) ?? { scheduled: 0, sent: 0 };
    count.scheduled++;
    if (end.end !== 'unsent') count.sent++;
    seconds.set(second, count);
  }
  const firstMs = samples[0]?.scheduledMs ?? 0;
  return [...seconds]
    .filter(([second]) => second * 1000 >= firstMs && (second + 1) * 1000 <= probingStoppedMs)
    .map(([, count]) => count)
    .reduce<{ scheduled: number; sent: number } | undefined>(
      (worst, count) =>
        worst === undefined || count.sent * worst.scheduled < worst.sent * count.scheduled ? count : worst,
      undefined,
    );
}

function listed(items: readonly string[]): string {
  return items.length === 0 ? '' : ` (${items.join(', ')})`;
}

function seconds(ms: number): string {
  return `${(ms / 1000).toFixed(1)} s`;
}
