import { expect, it } from 'vitest';
import { runRollproof } from '../support/run-rollproof.ts';

// A machine without access to the project's release names a local copy.
const manifest = process.env.ROLLPROOF_CALICO_MANIFEST;

it('tells red from green on Calico as well', async () => {
  const run = runRollproof([
    'demo',
    ...['--cni', 'calico', ...(manifest ? ['--cni-manifest', manifest] : [])],
  ]);
  const { exitCode, output } = await run.ended;
  expect(exitCode, output).toBe(0);
  const { scenarios } = run.result();
  expect(scenarios.map(({ verdict }) => verdict)).toEqual(['dropped', 'pass']);
  expect(scenarios.map(({ environment }) => environment)).toEqual([
    expect.objectContaining({ cni: expect.stringContaining('calico') }),
    expect.objectContaining({ cni: expect.stringContaining('calico') }),
  ]);
});
