import type { GateResult } from '../model/verdict.ts';
import { count, plural } from './figures.ts';

/**
 * What came of it, in one sentence without a full stop. `name` makes the names of Deployments, which are the user's,
 * fit for where the sentence is printed.
 */
export function headline({ verdict, scenarios }: GateResult, name: (text: string) => string): string {
  const deployments = [...new Set(scenarios.map(({ scenario }) => scenario.deployment))];
  const [only] = deployments;
  const update =
    deployments.length === 1 && only !== undefined
      ? `Rolling update of ${name(only)}`
      : `Rolling updates of ${plural(deployments.length, 'Deployment')}`;
  const sent = scenarios.reduce((sum, { requests }) => sum + requests.sent, 0);
  const dropped = scenarios.reduce((sum, { requests }) => sum + requests.dropped, 0);
  switch (verdict) {
    case 'pass':
      return `${update} dropped none of ${plural(sent, 'request')}`;
    case 'dropped':
      return `${update} dropped ${count(dropped)} of ${plural(sent, 'request')}`;
    case 'rollout-failed':
      return `${update} failed`;
    case 'inconclusive':
      return scenarios.length === 0 ? 'No verdict: nothing was run' : `${update}: no verdict is possible`;
    case 'error':
      return scenarios.length === 0
        ? 'Rollproof could not measure anything'
        : `${update}: Rollproof could not measure everything`;
  }
}
