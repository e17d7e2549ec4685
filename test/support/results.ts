import type { Scenario } from '../../src/model/scenario.ts';
import type { GateResult, RequestCounts, ScenarioResult } from '../../src/model/verdict.ts';

/** Counts whose sums hold. */
export function counts(
  ends: Partial<Pick<RequestCounts, 'ok' | 'dropped' | 'notJudged' | 'unsent'>> = {},
): RequestCounts {
  const { ok = 0, dropped = 0, notJudged = 0, unsent = 0 } = ends;
  const sent = ok + dropped + notJudged;
  return { scheduled: sent + unsent, sent, ok, dropped, notJudged, unsent };
}

export function aScenario(overrides: Partial<Scenario> = {}): Scenario {
  return {
    name: 'web',
    connection: 'new',
    vantage: 'runner',
    target: 'node-port',
    deployment: 'web',
    service: 'web',
    servicePort: 80,
    path: '/',
    update: { kind: 'restart' },
    ratePerSecond: 100,
    connections: 1,
    deadlineMs: 5_000,
    baselineMs: 5_000,
    tailMs: 5_000,
    rolloutDeadlineMs: 120_000,
    expect: { statusFrom: 200, statusTo: 399 },
    ...overrides,
  };
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
