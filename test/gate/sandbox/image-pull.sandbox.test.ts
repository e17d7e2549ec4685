import { describe, expect, it } from 'vitest';
import { BRIEF, gateOnSandbox } from '../../support/gate-on-sandbox.ts';

const gate = gateOnSandbox();

describe('the whole gate on the sandbox', () => {
  it('tells a rollout that can not be pulled from one that drops', async () => {
    const { row } = await gate({
      // The gate gives a pull fifteen seconds to succeed after all: nothing is learnt from many requests meanwhile.
      scenario: {
        ...BRIEF,
        ratePerSecond: 10,
        update: { kind: 'image', container: 'web', image: 'registry.invalid/web:2' },
      },
    });
    expect(row.verdict, JSON.stringify(row.reasons)).toBe('rollout-failed');
    expect(row.runs[0]?.rollout.outcome).toBe('image-pull-failed');
  });
});
