import { readFileSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { expect } from 'vitest';
import { parse, stringify } from 'yaml';
import type { GateResult, ScenarioResult } from '../../src/model/verdict.ts';
import { runRollproof } from './run-rollproof.ts';

/**
 * Runs the scenarios of a config file on one cluster. One that is not `right` and says of itself that it could not
 * measure (there is no verdict, or the control lost requests, too) is run once more and named; what is told with a
 * verdict and a clean control is never asked again.
 */
export async function runScenarios(
  config: string,
  right: (row: ScenarioResult) => boolean,
): Promise<GateResult> {
  const result = await resultOf(config);
  const disturbed = result.scenarios
    .filter((row) => !right(row) && couldNotMeasure(row))
    .map(({ name }) => name);
  if (disturbed.length === 0) return result;
  console.log(`once more, because the machine let them measure nothing: ${disturbed.join(', ')}`);
  const settings = parse(readFileSync(config, 'utf8'));
  const again = settings.scenarios.filter(({ name }: { readonly name: string }) => disturbed.includes(name));
  // Beside the other, because paths in it count from its folder.
  const repeat = join(dirname(config), 'repeat.yml');
  writeFileSync(repeat, stringify({ ...settings, scenarios: again }));
  try {
    const { scenarios } = await resultOf(repeat);
    const latest = new Map([...result.scenarios, ...scenarios].map((row) => [row.name, row]));
    return { ...result, scenarios: [...latest.values()] };
  } finally {
    rmSync(repeat);
  }
}

async function resultOf(config: string): Promise<GateResult> {
  const run = runRollproof(['run', '-c', config]);
  const { exitCode, output } = await run.ended;
  // Drops are what some are for. A run that could not be made has other codes, and no result.
  expect([0, 1, 3, 4], output).toContain(exitCode);
  return run.result();
}

function couldNotMeasure({ verdict, runs }: ScenarioResult): boolean {
  return verdict === 'inconclusive' || runs.some(({ steady }) => steady.dropped > 0);
}
