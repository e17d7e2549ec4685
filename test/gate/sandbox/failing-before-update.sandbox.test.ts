import { describe, expect, it } from 'vitest';
import { BRIEF, gateOnSandbox } from '../../support/gate-on-sandbox.ts';

const gate = gateOnSandbox();

describe('the whole gate on the sandbox', () => {
  it('draws no verdict from a workload that fails before it is updated', async () => {
    const { row } = await gate({
      container: { args: ['--fail-every=15'], readinessProbe: undefined },
      scenario: BRIEF,
    });
    expect(row.verdict, JSON.stringify(row.reasons)).toBe('inconclusive');
  });
});
