import type { Cause, Finding } from '../model/finding.ts';
import type { MeasuredStaticFinding, StaticFinding, StaticOutcome } from '../model/static-finding.ts';
import type { RunResult, Verdict } from '../model/verdict.ts';
import { time } from './causes/evidence.ts';
import type { PodStory } from './causes/pod-story.ts';
import type { Story } from './causes/story.ts';
import { most } from './extremes.ts';
import type { RunFacts } from './run-facts.ts';

/** A run that was judged, as far as static findings are set against it. */
export interface JudgedRun {
  readonly facts: RunFacts;
  readonly story: Story;
  readonly causes: readonly Finding[];
  readonly verdict: Verdict;
}

/** What a run says of one static finding. */
type Answer = Pick<MeasuredStaticFinding, 'outcome' | 'because'>;

/** Sets what the manifests alone had shown against what the run has. It has no part in the verdict. */
export function measureStaticFindings(run: JudgedRun): readonly MeasuredStaticFinding[] {
  return run.facts.staticFindings.map(({ finding }) => ({ ...finding, ...answerTo(finding, run) }));
}

/** Each finding once, with the most that any of the runs says of it. */
export function staticFindingsOfRuns(runs: readonly RunResult[]): readonly MeasuredStaticFinding[] {
  const all = runs.flatMap(({ run, staticFindings }) => staticFindings.map((finding) => ({ run, finding })));
  const same = Map.groupBy(all, ({ finding: { cause, place, text } }) =>
    JSON.stringify([cause, place, text]),
  );
  return [...same.values()].flatMap((some) => {
    const most = some.toSorted((a, b) => weightOf(a.finding) - weightOf(b.finding))[0];
    if (!most) return [];
    const { run, finding } = most;
    return runs.length === 1 ? finding : { ...finding, because: `Run ${run}: ${finding.because}` };
  });
}

const WEIGHTS: readonly StaticOutcome[] = ['confirmed', 'contradicted', 'not-observed', 'not-measured'];

function weightOf({ outcome }: MeasuredStaticFinding): number {
  return WEIGHTS.indexOf(outcome);
}

function answerTo(finding: StaticFinding, run: JudgedRun): Answer {
  const { causes, facts, verdict, story } = run;
  const seen = causes.find(({ cause }) => cause === finding.cause);
  if (seen?.cause === 'grace-too-short' && seen.pods.every((name) => wasHurried(name, story))) {
    const because = 'Whoever deleted the pods gave them less time than the manifests do.';
    return { outcome: 'not-measured', because };
  }
  if (seen) {
    const drops = seen.drops === 1 ? '1 drop is' : `${seen.drops} drops are`;
    return {
      outcome: 'confirmed',
      because:
        seen.drops > 0
          ? `${drops} laid to this cause (confidence ${seen.confidence}).`
          : 'The run names this cause.',
    };
  }
  const isJudged = verdict === 'pass' || verdict === 'dropped' || verdict === 'rollout-failed';
  if (!isJudged || facts.cuts.triggeredMs === undefined) {
    return { outcome: 'not-measured', because: 'The run came to no verdict about the update.' };
  }
  if (isElsewhere(finding, run)) {
    return { outcome: 'not-measured', because: 'The requests of this run went another way.' };
  }
  const contrary = CONTRARY[finding.cause]?.(run, finding);
  if (contrary !== undefined) return { outcome: 'contradicted', because: contrary };
  return { outcome: 'not-observed', because: 'No request was dropped for it in this run.' };
}

function wasHurried(name: string, { pods }: Story): boolean {
  return pods.some((pod) => pod.name === name && pod.ownGraceSeconds !== undefined);
}

/** A traffic policy is about one way in: requests that came by the other one tell nothing. */
function isElsewhere({ cause }: StaticFinding, { facts, story }: JudgedRun): boolean {
  const { scenario } = facts.header;
  if (cause !== 'local-traffic-policy' || !('target' in scenario)) return false;
  const { externalTrafficPolicy, internalTrafficPolicy } = (story.after ?? story.before)?.service ?? {};
  const policy = scenario.target === 'node-port' ? externalTrafficPolicy : internalTrafficPolicy;
  return scenario.target === 'host-port' || policy !== 'Local';
}

/** What a run can show against a finding, as a sentence; undefined where it shows nothing of the kind. */
const CONTRARY: Readonly<
  Partial<Record<Cause, (run: JudgedRun, finding: StaticFinding) => string | undefined>>
> = {
  'stops-before-endpoint-removal': ({ story }) => {
    const latestMs = Math.max(
      0,
      ...endedPods(story).map((pod) => {
        const { askedFromMs = Number.POSITIVE_INFINITY } = pod;
        const fresh = (story.visitsOf.get(pod) ?? []).filter(({ ok, reused }) => ok && !reused);
        return Math.max(0, most(fresh.map(({ sentMs }) => sentMs))) - askedFromMs;
      }),
    );
    return latestMs < PROOF_MS
      ? undefined
      : `Old pods went on taking new connections for up to ${time(latestMs)} after they were told to end.`;
  },
  'prestop-exceeds-grace': endedInTime,
  'sigterm-ignored': endedInTime,
  'no-endpoints': ({ facts, story }) => {
    const { triggeredMs = 0, oldPodsGoneMs = story.stoppedMs } = facts.cuts;
    const spans = story.endpoints.filter(
      ({ fromMs }, index) =>
        fromMs < oldPodsGoneMs && (story.endpoints[index + 1]?.fromMs ?? story.stoppedMs) > triggeredMs,
    );
    return spans.length > 0 && spans.every(({ endpoints }) => endpoints.some(({ ready }) => ready))
      ? 'The Service had a ready pod all through the update.'
      : undefined;
  },
  'host-port-conflict': completed,
  'nothing-rolled': completed,
  'rollout-stalled': completed,
};

/** Longer than the rules of any node take to follow, so that it is no accident. */
const PROOF_MS = 1_000;

/** Only what is said to be sure is contradicted by a rollout that completes; the rest may need another cluster. */
function completed({ facts }: JudgedRun, { severity }: StaticFinding): string | undefined {
  return severity === 'error' && facts.rolloutEnd?.outcome === 'completed'
    ? 'The rollout completed.'
    : undefined;
}

/** Did all old pods end by themselves, well within their grace period? */
function endedInTime({ story }: JudgedRun): string | undefined {
  const ended = endedPods(story);
  const tookMs = ended.map(
    ({ askedFromMs = 0, exitedMs = Number.POSITIVE_INFINITY }) => exitedMs - askedFromMs,
  );
  const inTime = ended.every(
    ({ graceSeconds = 0, exitCode }, index) =>
      exitCode !== 137 && (tookMs[index] ?? 0) < graceSeconds * 1000 - PROOF_MS,
  );
  return ended.length === 0 || !inTime
    ? undefined
    : `Old pods ended by themselves within ${time(most(tookMs))}, before their grace period was over.`;
}

function endedPods({ pods }: Story): readonly PodStory[] {
  return pods.filter(({ generation, askedFromMs }) => generation === 'old' && askedFromMs !== undefined);
}
