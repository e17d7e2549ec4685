import type { GateResult, RequestCounts, ScenarioResult } from '../../src/model/verdict.ts';
import { aScenario } from './a-recording.ts';

/** Counts whose sums hold. */
export function counts(
  ends: Partial<Pick<RequestCounts, 'ok' | 'dropped' | 'notJudged' | 'unsent'>> = {},
): RequestCounts {
  const { ok = 0, dropped = 0, notJudged = 0, unsent = 0 } = ends;
  const sent = ok + dropped + notJudged;
  return { scheduled: sent + unsent, sent, ok, dropped, notJudged, unsent };
}

/** A green row of the table. */
export function aScenarioResult(overrides: Partial<ScenarioResult> = {}): ScenarioResult {
  return {
    name: 'web',
    verdict: 'pass',
    requests: counts({ ok: 1_000 }),
    outages: [],
    longestOutageMs: 0,
    reasons: [],
    findings: [],
    nearMisses: [],
    staticFindings: [],
    scenario: aScenario(),
    runs: [],
    ...overrides,
  };
}

/** A run in which everything was green. */
export function aGateResult(overrides: Partial<GateResult> = {}): GateResult {
  return {
    schemaVersion: 1,
    rollproof: '0.0.0',
    startedAt: '2026-11-20T20:41:00.000Z',
    verdict: 'pass',
    scenarios: [aScenarioResult()],
    reasons: [],
    assumed: [],
    ...overrides,
  };
}
