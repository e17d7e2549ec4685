import type { Problem } from '../model/problem.ts';
import { connectionsResting, type Measure } from '../model/scenario.ts';
import type { ScenarioSettings } from '../model/settings.ts';
import type { Findings } from './findings.ts';

/**
 * Why connections cannot rest as long as they are to (RP1127): each carries one request in `idleMs`, so that their
 * number bounds the rate. Undefined where they can, or where none is to rest.
 */
export function restless(
  who: string,
  { connections, idleMs, ratePerSecond }: Pick<Measure, 'connections' | 'idleMs' | 'ratePerSecond'>,
): Problem | undefined {
  if (idleMs === undefined) return undefined;
  const needed = connectionsResting(ratePerSecond, idleMs);
  if (connections >= needed) return undefined;
  const rate = Math.floor(((connections - 1) * 1000) / idleMs);
  return {
    code: 'RP1127',
    what: `${who} has too few connections for each to rest ${idleMs / 1000} s.`,
    where: 'connections',
    why: `${ratePerSecond} requests/s need ${needed} of them, ${connections} are given.`,
    remedy: `Write connections: ${needed} or more${rate >= 1 ? `, or rate: ${rate} or less` : ''}, or leave connections out.`,
  };
}

export function checkRest(settings: ScenarioSettings, findings: Findings): void {
  const problem = restless(`Scenario ${JSON.stringify(settings.name)}`, settings);
  if (problem) findings.problem(problem);
}
