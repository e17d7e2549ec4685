import type { Probe } from '../model/recording.ts';
import { SOURCE_PORT_REST_MS } from '../model/scenario.ts';
import type { SourcePortRange } from '../prober/protocol.ts';

/**
 * The source ports a vantage owns. 120 s is the life of an unanswered connection in the node's tracking table: until
 * then a port last used towards a pod that is gone may still be sent there (docs/adr/0004).
 */
export const OWNED_PORTS: SourcePortRange = {
  first: 10_000,
  last: 60_999,
  next: 10_000,
  restMs: SOURCE_PORT_REST_MS,
};

/**
 * The range after a request, so that the next run goes on behind the ports of this one also where its prober is lost
 * and cannot tell where it stopped.
 */
export function portsAfter(ports: SourcePortRange, { localPort, reused }: Probe): SourcePortRange {
  if (localPort === undefined || reused === true) return ports;
  return { ...ports, next: localPort >= ports.last ? ports.first : localPort + 1 };
}
