import { describe, expect, it } from 'vitest';
import { BRIEF, gateOnSandbox, HOOK } from '../../support/gate-on-sandbox.ts';

const gate = gateOnSandbox();

describe('the whole gate on a sandbox with faults', () => {
  it('tells a node that is gone from a Deployment that drops', async () => {
    const { row } = await gate({
      container: HOOK,
      scenario: { ...BRIEF, deadlineMs: 1_000, rolloutDeadlineMs: 3_000 },
      options: { nodeGraceMs: 100 },
      fault: (sandbox) => sandbox.removeNode('sandbox-worker'),
    });
    expect(row.runs[0]?.steady.dropped).toBeGreaterThan(0);
    expect(row.verdict, JSON.stringify(row.reasons)).toBe('rollout-failed');
  });
});
