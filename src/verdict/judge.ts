import { CAUSES, type Finding as CauseFinding } from '../model/finding.ts';
import type { RecordingEntry, Stream } from '../model/recording.ts';
import type { Reason, RequestCounts, RunResult, Verdict } from '../model/verdict.ts';
import { accountFor, countRequests, type Sample } from './account.ts';
import { findingsOf } from './causes/findings.ts';
import { podTimesOf } from './causes/pod-times.ts';
import { storyOf } from './causes/story.ts';
import { coincidences } from './coincidence.ts';
import { worstVerdict } from './combine.ts';
import { detect, partialDetectionFloor } from './detection.ts';
import { type Evidence, isClusterTrouble, isTwinOutdated, measuringGuards, updateGuards } from './guards.ts';
import { nearMissesOf } from './near-misses.ts';
import { foldOutages } from './outages.ts';
import { type PodLife, podLives } from './pod-generations.ts';
import { responseTimes } from './response-times.ts';
import { type Finding, rolloutFinding } from './rollout-finding.ts';
import { type RunFacts, runFacts } from './run-facts.ts';
import { whoServed } from './served.ts';

/**
 * Judges one recording. Pure: the same entries always give the same result. A pass needs every guard to hold; drops
 * come before everything else, because a proven drop stays true whatever else went wrong.
 */
export function judgeRun(entries: readonly RecordingEntry[]): RunResult {
  const facts = runFacts(entries);
  if (!facts) return WITHOUT_HEADER;
  const steadyStream = facts.streams.find(({ role }) => role === 'steady');
  const target = accountFor(facts, facts.streams.find(({ role }) => role === 'target') ?? NO_STREAM);
  const steady = steadyStream && accountFor(facts, steadyStream);
  const lives = podLives(facts);
  const evidence: Evidence = { facts, target, steady, lives, served: whoServed(facts, target, lives) };
  const { triggeredMs } = facts.cuts;
  const story = storyOf(facts, target, steady);
  const causes = findingsOf(story, target);

  const outcomes = [
    ...measuringGuards(evidence),
    ...(triggeredMs === undefined ? [] : updateGuards(evidence, triggeredMs)),
  ];
  const cutShort = endFindings(evidence);
  const findings = [
    ...accountingFindings(evidence),
    ...dropFindings(evidence, causes),
    ...[rolloutFinding(facts) ?? []].flat(),
    ...cutShort,
  ];
  const guardFindings = outcomes.flatMap(({ reason }): readonly Finding[] =>
    // Where the run was cut short, guards that did not hold are consequences and not further reasons.
    reason && cutShort.length === 0 ? [{ verdict: 'inconclusive', reason }] : [],
  );
  const { verdict, reasons } = conclude([...findings, ...guardFindings]);
  const outages = foldOutages(target.samples, facts.probingStoppedMs);
  const all = responseTimes(target.samples);
  const during = responseTimes(target.samples.filter(({ phase }) => phase === 'during' || phase === 'after'));
  return {
    run: facts.header.run,
    verdict,
    reasons,
    guards: outcomes.map(({ guard }) => guard),
    requests: target.counts,
    phases: target.phases,
    drops: target.drops,
    notJudged: target.notJudged,
    outages,
    longestOutageMs: outages.reduce((longest, { lengthMs }) => Math.max(longest, lengthMs), 0),
    ...(all && { response: all }),
    ...(during && { responseDuring: during }),
    ...(triggeredMs === undefined ? {} : detectionOf(evidence, triggeredMs)),
    served: { old: evidence.served.old, new: evidence.served.new, how: evidence.served.how },
    steady: steady?.counts ?? NO_REQUESTS,
    rollout: rolloutOf(facts, lives),
    findings: causes,
    nearMisses: nearMissesOf(facts, story, target, steady),
    pods: podTimesOf(story),
  };
}

/** The worst of the findings, and what is worth telling with it. No finding at all is a pass. */
function conclude(findings: readonly Finding[]): {
  readonly verdict: Verdict;
  readonly reasons: readonly Reason[];
} {
  const isBug = findings.some(({ reason }) => reason.code === 'bug');
  const verdict = isBug ? 'error' : worstVerdict(['pass', ...findings.map((finding) => finding.verdict)]);
  const told = findings.filter(
    (finding) => finding.verdict === verdict || (!isBug && finding.verdict === 'rollout-failed'),
  );
  return { verdict, reasons: told.map(({ reason }) => reason) };
}

function accountingFindings({ facts, target, steady }: Evidence): readonly Finding[] {
  const violations = [...target.violations, ...(steady?.violations ?? []), ...strayRequests(facts)];
  const [first] = violations;
  if (first === undefined) return [];
  const more = violations.length > 1 ? ` (and ${violations.length - 1} more)` : '';
  return [
    {
      verdict: 'error',
      reason: {
        code: 'bug',
        text: `The account of the requests does not add up: ${first}${more}.`,
        remedy: 'This is a bug in Rollproof. Please report it with the recording.',
      },
    },
  ];
}

/** Requests that no account holds would be dropped unseen. */
function strayRequests({ streams, probes }: RunFacts): readonly string[] {
  const roles = streams.map(({ role }) => role);
  const twice = (['target', 'steady'] as const).filter(
    (role) => roles.indexOf(role) < roles.lastIndexOf(role),
  );
  const known = new Set(streams.map(({ id }) => id));
  const unknown = [...probes.keys()].filter((id) => !known.has(id));
  return [
    ...twice.map((role) => `there are several ${role} streams`),
    ...unknown.map((id) => `the header names no stream ${id}`),
  ];
}

/** Drops that the update has to answer for, drops that the control excuses, and drops before the update. */
function dropFindings(
  { facts, target, steady }: Evidence,
  causes: readonly CauseFinding[],
): readonly Finding[] {
  // What was dropped on the way through an outdated twin was dropped for nobody.
  if (facts.notes.some(isTwinOutdated)) return [];
  const { triggeredMs } = facts.cuts;
  const drops = target.samples.filter(({ end }) => end.end === 'dropped');
  const counted = triggeredMs === undefined ? [] : drops.filter((drop) => !isOver(drop, triggeredMs));
  const coincidenceOf = coincidences(steady?.samples ?? [], facts.notes);
  const excused = counted.filter((drop) => coincidenceOf(drop) !== undefined);
  const troubles = facts.notes.filter(isClusterTrouble);
  const unexcused = counted.length - excused.length;
  const earlier = drops.length - counted.length;
  const findings: Finding[] = [];
  if (unexcused > 0) {
    const { length: total } = drops;
    const classes = `${total === unexcused ? '' : `in all ${total}: `}${told(target.drops)}`;
    const aside = [
      ...(excused.length > 0
        ? [`${excused.length} more coincide with drops of the steady control or a trouble of the cluster`]
        : []),
      ...(earlier > 0 ? [`${earlier} more were dropped before the update`] : []),
    ];
    findings.push({
      verdict: 'dropped',
      reason: {
        code: 'dropped',
        text: `${plural(unexcused, 'request was', 'requests were')} dropped from the update on (${classes})${aside.map((text) => `; ${text}`).join('')}.`,
        remedy: CAUSES[causes[0]?.cause ?? 'unexplained'].remedy,
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

/** How the recording itself ended. */
function endFindings({ facts, target }: Evidence): readonly Finding[] {
  const { end, cuts } = facts;
  const inconclusive = (code: string, text: string, remedy: string): readonly Finding[] => [
    {
      verdict: 'inconclusive',
      reason: { code, text: end?.detail === undefined ? text : `${text} ${end.detail}`, remedy },
    },
  ];
  if (!end) {
    return inconclusive(
      'recording-truncated',
      'The recording breaks off: whatever happened after its last line is not known.',
      'Run again, and see that nothing ends the process early.',
    );
  }
  switch (end.reason) {
    case 'finished':
      // A rollout that failed before it was triggered (a paused Deployment) gives its own reason.
      if (cuts.triggeredMs !== undefined || rolloutFinding(facts) !== undefined) return [];
      return inconclusive(
        'no-update',
        'The update was never triggered.',
        'Run again; this should not happen.',
      );
    case 'workload-unavailable':
      return inconclusive(
        'workload-unavailable',
        'The workload never became available, so nothing was probed.',
        'Make it run without an update first. An image that only this machine has is loaded into kind by naming it in `images`.',
      );
    case 'baseline-failing': {
      const { dropped, scheduled } = target.counts;
      return inconclusive(
        'baseline-failing',
        `The unchanged workload does not answer reliably (${dropped} of ${scheduled} requests were dropped: ${told(target.drops)}), so the update was not triggered.`,
        'Make every request succeed without an update first: check the path, the expected status and the port.',
      );
    }
    case 'prober-lost':
      return inconclusive(
        'prober-lost',
        'The prober ended or fell silent before the run was over.',
        'Run again on a machine with more room.',
      );
    case 'cancelled':
      return inconclusive('cancelled', 'The run was cancelled.', 'Run it again.');
    case 'failed':
      return [
        {
          verdict: 'error',
          reason: {
            code: 'run-failed',
            text: `The run could not be carried through.${end.detail === undefined ? '' : ` ${end.detail}`}`,
            remedy: 'Look at the log above and at the logs of the cluster in the report folder.',
          },
        },
      ];
  }
}

function detectionOf({ facts, target }: Evidence, triggeredMs: number) {
  const { largestGapMs } = detect(target.samples, triggeredMs, facts.probingStoppedMs);
  // While a pod is replaced there is one endpoint more than there are replicas.
  const endpoints = (facts.before?.replicas ?? 0) + 1;
  const floorMs = partialDetectionFloor(target.samples, triggeredMs, facts.probingStoppedMs, endpoints);
  const isFreshEachTime = facts.header.scenario.connection === 'new';
  return {
    largestGapMs,
    detectionFloorMs: largestGapMs,
    ...(isFreshEachTime && endpoints > 1 && floorMs !== undefined
      ? { partialDetectionFloor: { endpoints, lengthMs: floorMs } }
      : {}),
  };
}

function rolloutOf(facts: RunFacts, lives: readonly PodLife[]): RunResult['rollout'] {
  const { rolloutEnd, cuts, after, before } = facts;
  const left = new Set(after?.pods.map(({ uid }) => uid));
  const old = lives.filter(({ uid }) => before?.pods.some((pod) => pod.uid === uid));
  const replaced = old.filter(({ uid, goneMs }) => (after ? !left.has(uid) : goneMs !== undefined));
  const endMs = cuts.completeMs ?? rolloutEnd?.atMs;
  return {
    ...(rolloutEnd ? { outcome: rolloutEnd.outcome } : {}),
    ...(rolloutEnd?.detail === undefined ? {} : { detail: rolloutEnd.detail }),
    replacedPods: replaced.length,
    ...(cuts.triggeredMs === undefined || endMs === undefined
      ? {}
      : { durationMs: endMs - cuts.triggeredMs }),
  };
}

/** A request belongs to the baseline only if it was over before the update; one in flight then was at its mercy. */
function isOver(sample: Sample, triggeredMs: number): boolean {
  return (sample.endedMs ?? sample.scheduledMs) < triggeredMs;
}

/** `8 refused, 85 connect-timeout` */
function told(drops: RunResult['drops']): string {
  return Object.entries(drops)
    .map(([name, count]) => `${count} ${name}`)
    .join(', ');
}

function plural(count: number, one: string, many: string): string {
  return `${count} ${count === 1 ? one : many}`;
}

const NO_REQUESTS: RequestCounts = countRequests([]);

/** Of a run that ended before there was anything to probe. */
const NO_STREAM: Stream = {
  id: 'target',
  role: 'target',
  url: '',
  address: '',
  port: 0,
  intervalMs: 0,
  expect: { statusFrom: 200, statusTo: 299 },
};

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
  pods: [],
};
