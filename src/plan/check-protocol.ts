import type { Problem } from '../model/problem.ts';
import type { Protocol } from '../model/scenario.ts';
import type { ScenarioSettings } from '../model/settings.ts';
import type { Findings } from './findings.ts';

/** What the prober has a transport for. */
const SPOKEN: ReadonlySet<Protocol> = new Set(['http', 'h2', 'grpc', 'tcp', 'websocket', 'udp']);

/** Why something cannot speak a protocol; undefined where it can. */
export function unspoken(who: string, protocol: Protocol): Problem | undefined {
  if (SPOKEN.has(protocol)) return undefined;
  return {
    code: 'RP1120',
    what: `${who} is to speak ${protocol}, which cannot be probed yet.`,
    where: 'protocol',
    remedy: `Write protocol: ${[...SPOKEN].join(' or ')}.`,
  };
}

/** A protocol without a transport is refused here, so that the prober is never asked for it. */
export function checkProtocol({ name, protocol }: ScenarioSettings, findings: Findings): void {
  const problem = unspoken(`Scenario ${JSON.stringify(name)}`, protocol);
  if (problem) findings.problem(problem);
}
