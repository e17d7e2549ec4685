import type { Protocol } from '../model/scenario.ts';
import type { ScenarioSettings } from '../model/settings.ts';
import type { Findings } from './findings.ts';

/** What the prober has a transport for. */
const SPOKEN: ReadonlySet<Protocol> = new Set(['http', 'h2', 'grpc', 'tcp', 'websocket', 'udp']);

/** A protocol without a transport is refused here, so that the prober is never asked for it. */
export function checkProtocol({ name, protocol }: ScenarioSettings, findings: Findings): void {
  if (SPOKEN.has(protocol)) return;
  findings.problem({
    code: 'RP1120',
    what: `Scenario ${JSON.stringify(name)} is to speak ${protocol}, which cannot be probed yet.`,
    where: 'protocol',
    remedy: `Write protocol: ${[...SPOKEN].join(' or ')}.`,
  });
}
