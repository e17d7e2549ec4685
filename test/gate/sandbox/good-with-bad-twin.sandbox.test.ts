import { describe, expect, it } from 'vitest';
import { gateOnSandbox, HOOK } from '../../support/gate-on-sandbox.ts';

const gate = gateOnSandbox();

describe('the whole gate, for a Deployment with preStop', () => {
  it('is green, and shows by a bad twin that it could have been red', async () => {
    const { row } = await gate({ container: HOOK, planned: { sensitivity: true, tryFixRuns: 3 } });
    expect(row.reasons).toEqual([]);
    expect(row.verdict).toBe('pass');
    expect(row.runs[0]?.rollout).toMatchObject({ outcome: 'completed', replacedPods: 2 });
    expect(row.staticFindings.filter(({ outcome }) => outcome === 'confirmed')).toEqual([]);
    expect(row.sensitivity).toMatchObject({ state: 'shown' });
    expect(row.trials).toHaveLength(1);
  });
});
