import { describe, expect, it } from 'vitest';
import { BRIEF, gateOnSandbox, HOOK } from '../../support/gate-on-sandbox.ts';

const gate = gateOnSandbox();

describe('the whole gate on a sandbox with faults', () => {
  it('is red for a good Deployment when a balancer follows nothing any more', async () => {
    const { row } = await gate({
      container: HOOK,
      scenario: BRIEF,
      planned: { rolledControl: 'dropped' },
      // The app that is new never answers: a node that follows nothing does not know of it.
      warmUpLimitMs: 2_000,
      fault: (sandbox) => void sandbox.freezeBalancers('sandbox-worker'),
    });
    expect(row.verdict, JSON.stringify(row.reasons)).toBe('dropped');
    expect(row.runs[0]?.rollout.outcome).toBe('completed');
    expect(row.runs[0]?.steady.dropped).toBe(0);
    // The steady control cannot see it: its endpoints do not change. A known-good app that is new here can.
    expect(row.rolledControl, JSON.stringify(row.trials)).toMatchObject({ state: 'dropped' });
    expect(row.findings.map(({ confidence }) => confidence)).toEqual(row.findings.map(() => 'low'));
  });
});
