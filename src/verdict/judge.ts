import { count, plural } from '../model/counted.ts';
import { CAUSES, type Finding as CauseFinding } from '../model/finding.ts';
import type { RecordingEntry } from '../model/recording.ts';
import type { RunResult } from '../model/verdict.ts';
import { type Account, accountFor, type Sample } from './account.ts';
import { findingsOf } from './causes/findings.ts';
import { podTimesOf } from './causes/pod-times.ts';
import { sentToEndingMs } from './causes/sent-to-ending.ts';
import { storyOf } from './causes/story.ts';
import { coincidences } from './coincidence.ts';
import { connectionBalance } from './connections.ts';
import { detect, detectionChances, detectionFloor, partialDetectionFloor } from './detection.ts';
import { endpointSpans } from './endpoint-spans.ts';
import { most } from './extremes.ts';
import { type Evidence, isClusterTrouble, isTwinOutdated, measuringGuards, updateGuards } from './guards.ts';
import { judgeProbe } from './judge-probe.ts';
import { nearMissesOf } from './near-misses.ts';
import { besideOthers, neighboursWithin } from './neighbours.ts';
import { type PodLife, podLives } from './pod-generations.ts';
import { countReplacements } from './replacements.ts';
import { responseTimes } from './response-times.ts';
import { type Finding, rolloutFinding } from './rollout-finding.ts';
import { isRollout, type RolloutFacts, type RunFacts, runFacts } from './run-facts.ts';
import {
  accountingFindings,
  conclude,
  cutShortFindings,
  guardFindings,
  measuredResult,
  NO_REQUESTS,
  NO_STREAM,
  told,
  unfinished,
} from './run-outcome.ts';
import { sequenceOf } from './sequence.ts';
import { whoServed } from './served.ts';
import { measureStaticFindings } from './static-findings.ts';

/**
 * Judges one recording. Pure: the same entries always give the same result. A pass needs every guard to hold; drops
 * come before everything else, because a proven drop stays true whatever else went wrong.
 */
export function judgeRun(entries: readonly RecordingEntry[]): RunResult {
  const facts = runFacts(entries);
  if (!facts) return WITHOUT_HEADER;
  return isRollout(facts) ? judgeRollout(facts) : judgeProbe(facts);
}

function judgeRollout(facts: RolloutFacts): RunResult {
  const steadyStream = facts.streams.find(({ role }) => role === 'steady');
  const target = accountFor(facts, facts.streams.find(({ role }) => role === 'target') ?? NO_STREAM);
  const steady = steadyStream && accountFor(facts, steadyStream);
  const lives = podLives(facts);
  const evidence: Evidence = { facts, target, steady, lives, served: whoServed(facts, target, lives) };
  const { triggeredMs } = facts.cuts;
  const story = storyOf(facts, target, steady);
  const causes = findingsOf(story, target, steady);

  const outcomes = [
    ...measuringGuards(evidence),
    ...(triggeredMs === undefined ? [] : updateGuards(evidence, triggeredMs)),
  ];
  const drops = sortDrops(evidence);
  const cutShort = endFindings(evidence);
  const { verdict, reasons } = conclude([
    ...accountingFindings(facts, steady ? [target, steady] : [target]),
    ...dropFindings(evidence, drops, causes),
    ...rolloutFindings(facts),
    ...cutShort,
    ...guardFindings(outcomes, cutShort),
  ]);
  const beside = besideOthers(facts, target);
  const connections = connectionBalance(facts, target.stream.id, lives);
  const toEndingMs = sentToEndingMs(story, []);
  const sequence = sequenceOf(facts, target);
  const judged = verdict === 'pass' || verdict === 'dropped';
  const replacements = judged ? countReplacements(replacedPods(facts, lives), drops.unexcused) : undefined;
  const during = responseTimes(target.samples.filter(({ phase }) => phase === 'during' || phase === 'after'));
  return {
    run: facts.header.run,
    verdict,
    reasons,
    guards: outcomes.map(({ guard }) => guard),
    ...measuredResult(facts, target),
    ...(during && { responseDuring: during }),
    ...(triggeredMs === undefined ? {} : detectionOf(facts, target, triggeredMs)),
    ...(beside && { beside }),
    ...(toEndingMs === undefined ? {} : { sentToEndingMs: toEndingMs }),
    ...(replacements && { replacements }),
    ...(connections ? { connections } : {}),
    served: { old: evidence.served.old, new: evidence.served.new, how: evidence.served.how },
    steady: steady?.counts ?? NO_REQUESTS,
    ...(sequence && { sequence }),
    rollout: rolloutOf(facts, lives),
    findings: causes,
    nearMisses: nearMissesOf(facts, story, target, steady),
    staticFindings: measureStaticFindings({ facts, story, causes, verdict }),
    pods: podTimesOf(story),
  };
}

/** The dropped requests, by who has to answer for them. */
interface SortedDrops {
  readonly all: readonly Sample[];
  /** The update's own. */
  readonly unexcused: readonly Sample[];
  /** The control dropped one, too, or the cluster was in trouble. */
  readonly excused: readonly Sample[];
  /** Others ran on the cluster at the same time: the update's own or theirs. */
  readonly doubtful: readonly Sample[];
  /** Over before the update. */
  readonly earlier: readonly Sample[];
}

function sortDrops({ facts, target, steady }: Evidence): SortedDrops {
  const { triggeredMs } = facts.cuts;
  const all = target.samples.filter(({ end }) => end.end === 'dropped');
  const counted = triggeredMs === undefined ? [] : all.filter((drop) => !isOver(drop, triggeredMs));
  const coincidenceOf = coincidences(
    steady?.samples ?? [],
    facts.notes,
    facts.header.scenario.slow !== undefined,
  );
  const isAccompanied = neighboursWithin(facts.neighbours);
  const sorted = Map.groupBy(counted, (drop) => {
    if (coincidenceOf(drop) !== undefined) return 'excused';
    const { sentMs = drop.scheduledMs, endedMs = sentMs } = drop;
    return isAccompanied(sentMs, endedMs) ? 'doubtful' : 'unexcused';
  });
  const isCounted = new Set(counted);
  return {
    all,
    unexcused: sorted.get('unexcused') ?? [],
    excused: sorted.get('excused') ?? [],
    doubtful: sorted.get('doubtful') ?? [],
    earlier: all.filter((drop) => !isCounted.has(drop)),
  };
}

/** Drops that the update has to answer for, drops that the control excuses, and drops before the update. */
function dropFindings(
  { facts, target }: Evidence,
  drops: SortedDrops,
  causes: readonly CauseFinding[],
): readonly Finding[] {
  // What was dropped on the way through an outdated twin was dropped for nobody.
  if (facts.notes.some(isTwinOutdated)) return [];
  const { excused, doubtful } = drops;
  const troubles = facts.notes.filter(isClusterTrouble);
  const unexcused = drops.unexcused.length;
  const earlier = drops.earlier.length;
  const findings: Finding[] = [];
  if (unexcused > 0) {
    const { length: total } = drops.all;
    const classes = `${total === unexcused ? '' : `in all ${count(total)}: `}${told(target)}`;
    const aside = [
      ...(excused.length > 0
        ? [
            `${count(excused.length)} more coincide with drops of the steady control or a trouble of the cluster`,
          ]
        : []),
      ...(doubtful.length > 0
        ? [`${count(doubtful.length)} more were dropped while other scenarios ran on the cluster`]
        : []),
      ...(earlier > 0 ? [`${count(earlier)} more were dropped before the update`] : []),
    ];
    findings.push({
      verdict: 'dropped',
      reason: {
        code: 'dropped',
        text: `${plural(unexcused, 'request was', 'requests were')} dropped from the update on (${classes})${aside.map((text) => `; ${text}`).join('')}.`,
        remedy: CAUSES[causes[0]?.cause ?? 'unexplained'].remedy,
      },
    });
  } else if (doubtful.length > 0) {
    findings.push({
      verdict: 'inconclusive',
      reason: {
        code: 'dropped-beside-others',
        text: `${plural(doubtful.length, 'request was', 'requests were')} dropped from the update on (${told(target)}) while other scenarios ran on the cluster: whose doing that is, only a run alone shows.`,
        remedy: 'Look at the run that was made alone; with `parallel: 1` all of them are.',
      },
    });
  } else if (excused.length > 0) {
    findings.push({
      verdict: 'inconclusive',
      reason: {
        code: 'drops-excused',
        text: `All ${plural(excused.length, 'dropped request', 'dropped requests')} coincide with ${troubles.length > 0 ? `a trouble of the cluster (${troubles[0]?.text})` : 'drops of the steady control, which was not updated'}: the cluster or the machine is to blame.`,
        remedy: 'Run again, on a machine with more room if it happens often.',
      },
    });
  }
  return findings;
}

/** Failures that are known at once, whoever else is there. */
const FAILED_BY_ITSELF: ReadonlySet<string | undefined> = new Set([
  ...['nothing-replaced', 'image-pull-failed', 'paused', 'update-rejected', 'command-failed'],
]);

/** Why the rollout keeps the run from passing. Beside others it may have failed for want of what they took. */
function rolloutFindings(facts: RunFacts): readonly Finding[] {
  const finding = rolloutFinding(facts);
  if (!finding) return [];
  const { rolloutEnd, cuts } = facts;
  const fromMs = cuts.triggeredMs ?? 0;
  const isDoubtful =
    finding.verdict === 'rollout-failed' &&
    !FAILED_BY_ITSELF.has(rolloutEnd?.outcome) &&
    neighboursWithin(facts.neighbours)(fromMs, rolloutEnd?.atMs ?? fromMs);
  if (!isDoubtful) return [finding];
  const { text, ...reason } = finding.reason;
  const doubt =
    'Other scenarios ran on the cluster meanwhile: whether it fails by itself, only a run alone shows.';
  return [{ verdict: 'inconclusive', reason: { ...reason, text: `${text} ${doubt}` } }];
}

/** How the recording itself ended. */
function endFindings({ facts, target }: Evidence): readonly Finding[] {
  const { end, cuts } = facts;
  switch (end?.reason) {
    case 'finished':
      // A rollout that failed before it was triggered (a paused Deployment) gives its own reason.
      if (cuts.triggeredMs !== undefined || rolloutFinding(facts) !== undefined) return [];
      return unfinished(
        end,
        'no-update',
        'The update was never triggered.',
        'Run again; this should not happen.',
      );
    case 'workload-unavailable':
      return unfinished(
        end,
        'workload-unavailable',
        'The workload never became available, so nothing was probed.',
        'Make it run without an update first. An image that only this machine has is loaded into kind by naming it in `images`.',
      );
    case 'baseline-failing': {
      const { dropped, scheduled } = target.counts;
      return unfinished(
        end,
        'baseline-failing',
        `The unchanged workload does not answer reliably (${count(dropped)} of ${count(scheduled)} requests were dropped: ${told(target)}), so the update was not triggered.`,
        'Make every request succeed without an update first: check the path, the expected status and the port.',
      );
    }
    default:
      return cutShortFindings(facts);
  }
}

function detectionOf(facts: RolloutFacts, target: Account, triggeredMs: number) {
  const { largestGapMs } = detect(target.samples, triggeredMs, facts.probingStoppedMs);
  const endpoints = endpointsInUpdate(facts, triggeredMs);
  const floorMs = partialDetectionFloor(target.samples, triggeredMs, facts.probingStoppedMs, endpoints);
  const chances = detectionChances(target.samples, triggeredMs, facts.probingStoppedMs, endpoints);
  const isAtRandom = facts.header.scenario.connection === 'new' && !isTiedToSome(facts);
  return {
    largestGapMs,
    detectionFloorMs: detectionFloor(target.samples, triggeredMs, facts.probingStoppedMs),
    ...(isAtRandom && endpoints > 1 && floorMs !== undefined
      ? { partialDetectionFloor: { endpoints, lengthMs: floorMs } }
      : {}),
    ...(isAtRandom && endpoints > 1 ? { partialDetection: chances } : {}),
  };
}

/** While a pod is replaced there is one endpoint more than there are replicas; where more may surge, more are. */
function endpointsInUpdate({ before, endpoints, templates }: RolloutFacts, triggeredMs: number): number {
  const spans = endpointSpans(endpoints, templates[0]?.service?.port?.name);
  const seen = spans
    .filter((_, index) => (spans[index + 1]?.fromMs ?? Number.POSITIVE_INFINITY) > triggeredMs)
    .map((span) => span.endpoints.filter(({ ready }) => ready).length);
  return Math.max((before?.replicas ?? 0) + 1, most(seen));
}

/** Whether new connections go to some endpoints only, so that an outage of another one meets none of them. */
function isTiedToSome({ header, templates }: RolloutFacts): boolean {
  const { target } = header.scenario;
  return (
    target === 'host-port' ||
    templates.some(
      ({ service: { sessionAffinity, externalTrafficPolicy, internalTrafficPolicy } = {} }) =>
        sessionAffinity === 'ClientIP' ||
        (target === 'node-port' ? externalTrafficPolicy : internalTrafficPolicy) === 'Local',
    )
  );
}

/** The pods that were there before the update and are not there after it. */
function replacedPods({ before, after }: RolloutFacts, lives: readonly PodLife[]): readonly PodLife[] {
  const left = new Set(after?.pods.map(({ uid }) => uid));
  return lives
    .filter(({ uid }) => before?.pods.some((pod) => pod.uid === uid))
    .filter(({ uid, goneMs }) => (after ? !left.has(uid) : goneMs !== undefined));
}

function rolloutOf(facts: RolloutFacts, lives: readonly PodLife[]): RunResult['rollout'] {
  const { rolloutEnd, cuts } = facts;
  const endMs = cuts.completeMs ?? rolloutEnd?.atMs;
  return {
    ...(rolloutEnd ? { outcome: rolloutEnd.outcome } : {}),
    ...(rolloutEnd?.detail === undefined ? {} : { detail: rolloutEnd.detail }),
    replacedPods: replacedPods(facts, lives).length,
    ...(cuts.triggeredMs === undefined || endMs === undefined
      ? {}
      : { durationMs: endMs - cuts.triggeredMs }),
  };
}

/** A request belongs to the baseline only if it was over before the update; one in flight then was at its mercy. */
function isOver(sample: Sample, triggeredMs: number): boolean {
  return (sample.endedMs ?? sample.scheduledMs) < triggeredMs;
}

const WITHOUT_HEADER: RunResult = {
  run: 0,
  verdict: 'error',
  reasons: [
    {
      code: 'bug',
      text: 'The recording has no header.',
      remedy: 'This is a bug in Rollproof. Please report it with the recording.',
    },
  ],
  guards: [],
  requests: NO_REQUESTS,
  phases: { before: NO_REQUESTS, during: NO_REQUESTS, after: NO_REQUESTS, tail: NO_REQUESTS },
  drops: {},
  notJudged: {},
  outages: [],
  longestOutageMs: 0,
  served: { old: 0, new: 0, how: 'inferred' },
  steady: NO_REQUESTS,
  rollout: { replacedPods: 0 },
  findings: [],
  nearMisses: [],
  staticFindings: [],
  pods: [],
};
