import { describe, expect, it } from 'vitest';
import type { Scenario } from '../../../src/model/scenario.ts';
import { sequenceOfRun } from '../../../src/model/sequence.ts';
import { BRIEF, gateOnSandbox } from '../../support/gate-on-sandbox.ts';

const gate = gateOnSandbox();

const STEADY_END = { lifecycle: { preStop: { sleep: { seconds: 2 } } } };
const NUMBERED: Partial<Scenario> = {
  update: { kind: 'sequence', name: 'VERSION', ...sequenceOfRun(1) },
  expect: { statusFrom: 200, statusTo: 299, sequence: { path: '$.version', ...sequenceOfRun(1) } },
};

describe('a number that the update writes into the pods, on the sandbox', () => {
  it('that pods do not take up drops every answer after the last old pod', async () => {
    const { row } = await gate({
      container: { ...STEADY_END, args: ['--answer', '{"version": 1}'] },
      scenario: { ...NUMBERED, ...BRIEF },
    });
    const [run] = row.runs;
    expect(row.verdict, JSON.stringify(row.reasons)).toBe('dropped');
    expect(Object.keys(run?.drops ?? {})).toEqual(['outdated']);
    expect(run?.drops.outdated).toBe(run?.phases.tail.dropped);
  });
});
