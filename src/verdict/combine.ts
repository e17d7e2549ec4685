import type { Environment } from '../model/recording.ts';
import type { Scenario } from '../model/scenario.ts';
import {
  type GateResult,
  RESULT_SCHEMA_VERSION,
  type Reason,
  type RunResult,
  type ScenarioResult,
  type Verdict,
} from '../model/verdict.ts';
import { sumCounts } from './account.ts';

/** From the one that outweighs all others to the one that needs all to agree. */
const PRECEDENCE: readonly Verdict[] = ['dropped', 'rollout-failed', 'error', 'inconclusive', 'pass'];

/** The verdict over several: the worst of them, in any order and however often. Of none it is inconclusive. */
export function worstVerdict(verdicts: readonly Verdict[]): Verdict {
  return PRECEDENCE.find((verdict) => verdicts.includes(verdict)) ?? 'inconclusive';
}

export interface ScenarioParts {
  readonly scenario: Scenario;
  readonly environment?: Environment;
  readonly runs: readonly RunResult[];
  /** Why runs are missing: the environment failed before they were made. Each makes the scenario an `error`. */
  readonly reasons?: readonly Reason[];
}

/** Puts the runs of one scenario together. */
export function scenarioResult({ scenario, environment, runs, reasons = [] }: ScenarioParts): ScenarioResult {
  const inOrder = runs.toSorted((a, b) => a.run - b.run);
  const verdict = worstVerdict([
    ...inOrder.map((run) => run.verdict),
    ...reasons.map((): Verdict => 'error'),
  ]);
  const missing = inOrder.length === 0 && reasons.length === 0 ? [NOT_RUN] : [];
  return {
    name: scenario.name,
    verdict,
    requests: sumCounts(inOrder.map(({ requests }) => requests)),
    outages: inOrder.flatMap(({ run, outages }) => outages.map((outage) => ({ run, ...outage }))),
    longestOutageMs: inOrder.reduce((longest, { longestOutageMs }) => Math.max(longest, longestOutageMs), 0),
    reasons: distinct([...reasons, ...missing, ...reasonsOfRuns(inOrder)]),
    scenario,
    ...(environment && { environment }),
    runs: inOrder,
  };
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

function distinct(reasons: readonly Reason[]): readonly Reason[] {
  return [...new Map(reasons.map((reason) => [`${reason.code} ${reason.text}`, reason])).values()];
}
