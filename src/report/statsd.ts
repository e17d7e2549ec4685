import { slug } from '../model/slug.ts';
import type { GateResult, ScenarioResult } from '../model/verdict.ts';

/**
 * The result as statsd lines: counters of requests and verdicts, timings of response times, outages and rollouts.
 * Names are `rollproof.<scenario>.<figure>`; of a scenario's name letters, digits and hyphens are left.
 */
export function renderStatsd({ verdict, scenarios }: GateResult): readonly string[] {
  return [`rollproof.verdict.${verdict}:1|c`, ...scenarios.flatMap(scenarioLines)];
}

function scenarioLines({ name, verdict, requests, runs }: ScenarioResult): readonly string[] {
  const prefix = `rollproof.${slug(name)}`;
  const counter = (figure: string, count: number) => `${prefix}.${figure}:${count}|c`;
  const timing = (figure: string, ms: number | undefined) =>
    ms === undefined ? [] : [`${prefix}.${figure}:${Math.round(ms * 1000) / 1000}|ms`];
  return [
    counter(`verdict.${verdict}`, 1),
    counter('requests.sent', requests.sent),
    counter('requests.ok', requests.ok),
    counter('requests.dropped', requests.dropped),
    counter('requests.not-judged', requests.notJudged),
    counter('requests.unsent', requests.unsent),
    ...runs.flatMap(({ response, outages, rollout, sequence }) => [
      ...timing('response.p50', response?.p50Ms),
      ...timing('response.p99', response?.p99Ms),
      ...outages.flatMap(({ lengthMs }) => timing('outage', lengthMs)),
      ...timing('rollout', rollout.durationMs),
      ...timing('confirmed.first', sequence?.firstNewMs),
      ...timing('confirmed.all', sequence?.allNewMs),
    ]),
  ];
}
