import { count, plural } from '../model/counted.ts';
import { isUrlProbe } from '../model/url-probe.ts';
import type { GateResult } from '../model/verdict.ts';

/**
 * What came of it, in one sentence without a full stop. `name` makes the names of Deployments, which are the user's,
 * fit for where the sentence is printed.
 */
export function headline({ verdict, scenarios }: GateResult, name: (text: string) => string): string {
  const subject = subjectOf(scenarios, name);
  const sent = scenarios.reduce((sum, { requests }) => sum + requests.sent, 0);
  const dropped = scenarios.reduce((sum, { requests }) => sum + requests.dropped, 0);
  switch (verdict) {
    case 'pass':
      return `${subject} dropped none of ${plural(sent, 'request')}`;
    case 'dropped':
      return `${subject} dropped ${count(dropped)} of ${plural(sent, 'request')}`;
    case 'rollout-failed':
      return `${subject} failed`;
    case 'inconclusive':
      return scenarios.length === 0 ? 'No verdict: nothing was run' : `${subject}: no verdict is possible`;
    case 'error':
      return scenarios.length === 0
        ? 'Rollproof could not measure anything'
        : `${subject}: Rollproof could not measure everything`;
  }
}

/** What dropped requests, or did not: the updates, or what was probed without one. */
function subjectOf(scenarios: GateResult['scenarios'], name: (text: string) => string): string {
  const probed = [
    ...new Set(scenarios.flatMap(({ scenario }) => (isUrlProbe(scenario) ? [scenario.url] : []))),
  ];
  const [url] = probed;
  if (url !== undefined) return probed.length === 1 ? name(url) : plural(probed.length, 'URL');
  const deployments = [
    ...new Set(scenarios.flatMap(({ scenario }) => (isUrlProbe(scenario) ? [] : [scenario.deployment]))),
  ];
  const [only] = deployments;
  return deployments.length === 1 && only !== undefined
    ? `Rolling update of ${name(only)}`
    : `Rolling updates of ${plural(deployments.length, 'Deployment')}`;
}
