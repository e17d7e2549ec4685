import { describe, expect, it } from 'vitest';
import { renderConsole } from '../../../src/report/console-table.ts';
import { BRIEF, gateOnSandbox } from '../../support/gate-on-sandbox.ts';

const gate = gateOnSandbox();

describe('runs with other manifests, on the sandbox', () => {
  it('withdraw a suggestion with which requests are still dropped, after the first of them', async () => {
    const { row, result } = await gate({
      deployment: { strategy: { type: 'Recreate' } },
      scenario: BRIEF,
      planned: { tryFixRuns: 3 },
    });
    const finding = row.findings.find(({ cause }) => cause === 'no-endpoints');
    expect(finding?.fix, JSON.stringify(row.findings)).toMatchObject({
      state: 'withdrawn',
      trials: { runs: 1, planned: 3, passed: 0 },
    });
    expect(finding?.fix?.trials?.why).toContain('stops-before-endpoint-removal');
    expect(renderConsole(result, { colours: false })).toContain('is withdrawn');
  });
});
