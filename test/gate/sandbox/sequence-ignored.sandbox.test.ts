import { describe, expect, it } from 'vitest';
import { BRIEF, gateOnSandbox, HOOK, NUMBERED } from '../../support/gate-on-sandbox.ts';

const gate = gateOnSandbox();

describe('a number that the update writes into the pods, on the sandbox', () => {
  it('that pods do not take up drops every answer after the last old pod', async () => {
    const { row } = await gate({
      container: { ...HOOK, args: ['--answer', '{"version": 1}'] },
      scenario: { ...NUMBERED, ...BRIEF },
    });
    const [run] = row.runs;
    expect(row.verdict, JSON.stringify(row.reasons)).toBe('dropped');
    expect(Object.keys(run?.drops ?? {})).toEqual(['outdated']);
    expect(run?.drops.outdated).toBe(run?.phases.tail.dropped);
  });
});
