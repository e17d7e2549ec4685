import type { Finding } from '../model/finding.ts';
import {
  type GateResult,
  type MadeAgain,
  type NearMiss,
  RESULT_SCHEMA_VERSION,
  type Reason,
  type RunResult,
  type ScenarioResult,
  type Verdict,
} from '../model/verdict.ts';
import { sumCounts } from './account.ts';
import { replacementsOfRuns } from './replacements.ts';
import { staticFindingsOfRuns } from './static-findings.ts';
import {
  findingsInDoubt,
  findingsWithFixes,
  rolledControlOf,
  sensitivityOf,
  type TrialRun,
  trialResults,
} from './trials.ts';

/** From the one that outweighs all others to the one that needs all to agree. */
const PRECEDENCE: readonly Verdict[] = ['dropped', 'rollout-failed', 'error', 'inconclusive', 'pass'];

/** The verdict over several: the worst of them, in any order and however often. Of none it is inconclusive. */
export function worstVerdict(verdicts: readonly Verdict[]): Verdict {
  return PRECEDENCE.find((verdict) => verdicts.includes(verdict)) ?? 'inconclusive';
}

export interface ScenarioParts {
  readonly scenario: ScenarioResult['scenario'];
  readonly environment?: ScenarioResult['environment'];
  readonly runs: readonly RunResult[];
  /** Why runs are missing: the environment failed before they were made. Each makes the scenario an `error`. */
  readonly reasons?: readonly Reason[];
  /** Runs with other manifests than the user's. They change no verdict. */
  readonly trials?: readonly TrialRun[];
  /** Runs that were planned and not made. */
  readonly runsNotMade?: number;
}

/**
 * How many of the planned runs are left out after this one: all, where it failed so clearly that no further run could
 * make it a pass. What could not be measured may well be measured the next time.
 */
export function runsLeftOut(last: RunResult | undefined, planned: number): number {
  const failed = last?.verdict === 'dropped' || last?.verdict === 'rollout-failed';
  return failed ? Math.max(0, planned - last.run) : 0;
}

/** Puts the runs of one scenario together. */
export function scenarioResult({
  scenario,
  environment,
  runs,
  reasons = [],
  trials = [],
  runsNotMade = 0,
}: ScenarioParts): ScenarioResult {
  const { replaced = [], counting = [] } = Object.groupBy(runs, (run) =>
    isMadeAgain(run, runs) ? 'replaced' : 'counting',
  );
  const madeAgain = replaced.map(
    ({ run, beside, reasons: [first] }): MadeAgain => ({
      run,
      beside: beside?.scenarios ?? [],
      why: first?.text ?? '',
    }),
  );
  const inOrder = counting.toSorted((a, b) => a.run - b.run);
  const verdict = worstVerdict([
    ...inOrder.map((run) => run.verdict),
    ...reasons.map((): Verdict => 'error'),
  ]);
  const tried = trialResults(trials);
  const sensitivity = sensitivityOf(tried);
  const rolledControl = rolledControlOf(tried);
  const replacements = replacementsOfRuns(inOrder);
  const missing = inOrder.length === 0 && reasons.length === 0 ? [NOT_RUN] : [];
  return {
    name: scenario.name,
    verdict,
    requests: sumCounts(inOrder.map(({ requests }) => requests)),
    outages: inOrder.flatMap(({ run, outages }) => outages.map((outage) => ({ run, ...outage }))),
    longestOutageMs: inOrder.reduce((longest, { longestOutageMs }) => Math.max(longest, longestOutageMs), 0),
    reasons: distinct([...reasons, ...missing, ...reasonsOfRuns(inOrder)]),
    ...(replacements && { replacements }),
    ...(madeAgain.length > 0 && { madeAgain }),
    ...(runsNotMade > 0 && { runsNotMade }),
    findings: findingsInDoubt(findingsWithFixes(findingsOfRuns(inOrder), inOrder, tried), rolledControl),
    nearMisses: nearMissesOfRuns(inOrder),
    staticFindings: staticFindingsOfRuns(inOrder),
    scenario,
    ...(environment && { environment }),
    runs: inOrder,
    ...(tried.length > 0 && { trials: tried }),
    ...(sensitivity && { sensitivity }),
    ...(rolledControl && { rolledControl }),
  };
}

/**
 * A run that only others kept from a verdict says nothing for or against the workload, once the same run has been made
 * alone. One that saw a drop is kept: a drop that does not come again is no pass.
 */
function isMadeAgain({ run, verdict, beside, requests }: RunResult, all: readonly RunResult[]): boolean {
  return (
    beside !== undefined &&
    verdict === 'inconclusive' &&
    requests.dropped === 0 &&
    all.some((other) => other.run === run && other.beside === undefined)
  );
}

export type GateParts = Omit<GateResult, 'schemaVersion' | 'verdict'>;

/** Puts the scenarios together. Reasons that belong to no scenario make the whole an `error`. */
export function gateResult({ rollproof, startedAt, scenarios, reasons, assumed }: GateParts): GateResult {
  return {
    schemaVersion: RESULT_SCHEMA_VERSION,
    rollproof,
    startedAt,
    verdict: worstVerdict([
      ...scenarios.map(({ verdict }) => verdict),
      ...reasons.map((): Verdict => 'error'),
    ]),
    scenarios,
    reasons: scenarios.length === 0 && reasons.length === 0 ? [NOT_RUN] : reasons,
    assumed,
  };
}

const NOT_RUN: Reason = {
  code: 'not-run',
  text: 'Nothing was run, so nothing is known.',
  remedy: 'Check that the configuration names at least one scenario.',
};

/** With several runs each reason says which one it is from. */
function reasonsOfRuns(runs: readonly RunResult[]): readonly Reason[] {
  if (runs.length === 1) return runs.flatMap(({ reasons }) => reasons);
  return runs.flatMap(({ run, reasons }) =>
    reasons.map((reason) => ({ ...reason, text: `Run ${run}: ${reason.text}` })),
  );
}

/**
 * One finding for each cause; evidence of several runs says which it is from. The suggestion is that of the run in which
 * ending pods were sent connections for longest: what is enough there is enough in the others.
 */
function findingsOfRuns(runs: readonly RunResult[]): readonly Finding[] {
  const [first] = runs;
  if (runs.length === 1 && first) return first.findings;
  const all = runs.flatMap(({ run, findings, sentToEndingMs = 0 }) =>
    findings.map((finding) => ({ run, finding, sentToEndingMs })),
  );
  const merged = [...Map.groupBy(all, ({ finding }) => finding.cause).values()].flatMap((some) => {
    const worst = some.toSorted((a, b) => b.finding.drops - a.finding.drops)[0]?.finding;
    if (!worst) return [];
    const slowest = some.toSorted((a, b) => b.sentToEndingMs - a.sentToEndingMs)[0]?.finding.suggestion;
    return {
      ...worst,
      ...(slowest && { suggestion: slowest }),
      drops: some.reduce((sum, { finding }) => sum + finding.drops, 0),
      pods: [...new Set(some.flatMap(({ finding }) => finding.pods))],
      evidence: some.flatMap(({ run, finding }) => finding.evidence.map((text) => `Run ${run}: ${text}`)),
    };
  });
  return merged.toSorted(byWeight);
}

/** With several runs each says which one it is from. */
function nearMissesOfRuns(runs: readonly RunResult[]): readonly NearMiss[] {
  return runs.flatMap(({ run, nearMisses }) =>
    runs.length === 1
      ? nearMisses
      : nearMisses.map((miss) => ({ ...miss, text: `Run ${run}: ${miss.text}` })),
  );
}

/** Most drops first, then what is unexplained, then what concerns no drop at all. */
function byWeight(a: Finding, b: Finding): number {
  const rank = ({ cause, drops }: Finding) => (drops === 0 ? 2 : cause === 'unexplained' ? 1 : 0);
  return rank(a) - rank(b) || b.drops - a.drops;
}

function distinct(reasons: readonly Reason[]): readonly Reason[] {
  return [...new Map(reasons.map((reason) => [`${reason.code} ${reason.text}`, reason])).values()];
}
