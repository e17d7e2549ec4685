import type { Problem } from '../model/problem.ts';
import type { ConnectionMode, Protocol } from '../model/scenario.ts';
import type { ScenarioSettings } from '../model/settings.ts';
import type { Findings } from './findings.ts';

/** Uses of connections that are HTTP/1.1's own. */
const HTTP_ONLY: ReadonlySet<ConnectionMode> = new Set(['idle-reuse', 'slow']);
const HTTP: ReadonlySet<Protocol> = new Set(['http', 'https']);

/** Why something cannot be asked in a protocol over such connections; undefined where it can. */
export function unspoken(who: string, protocol: Protocol, connection: ConnectionMode): Problem | undefined {
  if (!HTTP_ONLY.has(connection) || HTTP.has(protocol)) return undefined;
  return {
    code: 'RP1120',
    what: `${who} is to speak ${protocol} with connection: ${connection}, which cannot be probed.`,
    where: 'connection',
    why: 'Connections are used that way by clients of HTTP/1.1.',
    remedy: 'Write connection: new or keep-alive, or protocol: http or https.',
  };
}

/** What has no transport is refused here, so that the prober is never asked for it. */
export function checkProtocol({ name, protocol, connection }: ScenarioSettings, findings: Findings): void {
  const problem = unspoken(`Scenario ${JSON.stringify(name)}`, protocol, connection);
  if (problem) findings.problem(problem);
}
