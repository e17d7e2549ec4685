import { beforeAll, describe, expect, it } from 'vitest';
import type { ScenarioResult } from '../../src/model/verdict.ts';
import { runScenarios } from '../support/run-scenarios.ts';

/** What each has to come to. The server of the gRPC example ends without GOAWAY: a call may be on its way then, or none. */
const PROTOCOLS: Readonly<Record<string, readonly ScenarioResult['verdict'][]>> = {
  'HTTPS, a connection each': ['pass'],
  'HTTPS, kept connections': ['pass'],
  'gRPC health check, kept connections': ['pass', 'dropped'],
  'gRPC health check, a connection each': ['pass'],
  'HTTP/2, kept connections': ['pass'],
  'WebSocket, kept connections': ['pass'],
  'UDP, the same source ports': ['dropped'],
  'UDP, a source port each': ['pass'],
};

const CLIENTS: Readonly<Record<string, readonly ScenarioResult['verdict'][]>> = {
  'requests of 3 s': ['pass'],
  'requests of 3 s, killed after 2 s': ['dropped'],
  'connections that rest 3 s, kept for a minute': ['pass'],
  // The race may be lost before the update already, which then does not happen.
  'connections that rest 3 s, closed after 3 s': ['pass', 'dropped', 'inconclusive'],
};

describe.each([
  ['protocols', PROTOCOLS],
  ['clients', CLIENTS],
])('examples/%s on a real kind cluster', (folder, expected) => {
  let rows: readonly ScenarioResult[];
  beforeAll(async () => {
    const right = ({ name, verdict }: ScenarioResult) => expected[name]?.includes(verdict) === true;
    rows = (await runScenarios(`examples/${folder}/rollproof.yml`, right)).scenarios;
  });

  it.each(Object.entries(expected))('%s: %j, and every drop has a cause', (name, verdicts) => {
    const row = rows.find((one) => one.name === name);
    expect(verdicts, JSON.stringify(row?.reasons)).toContain(row?.verdict);
    const findings = row?.findings ?? [];
    expect(findings.filter(({ cause }) => cause === 'unexplained')).toEqual([]);
    expect(findings.reduce((sum, { drops }) => sum + drops, 0)).toBe(row?.requests.dropped);
  });

  it('has no other scenario', () => {
    expect(rows.map(({ name }) => name)).toEqual(Object.keys(expected));
  });

  if (folder !== 'clients') return;

  it('tells why requests and resting connections are lost, or nearly', () => {
    const [, killed, , closing] = rows;
    expect(killed?.findings?.[0]?.cause).toBe('request-outlives-grace');
    // Whether a request meets a close is chance. That connections are closed under their clients is not.
    const causes = (closing?.findings ?? []).map(({ cause }) => cause);
    const nearly = (closing?.nearMisses ?? []).map(({ code }) => code);
    expect([...causes, ...nearly]).toEqual(
      expect.arrayContaining([expect.stringMatching(/^(keep-alive-idle-close|closed-while-idle)$/)]),
    );
  });
});
