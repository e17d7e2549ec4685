import type { SourcePortRange } from '../prober/protocol.ts';

/**
 * The source ports a vantage owns. 120 s is the life of an unanswered connection in the node's tracking table: until
 * then a port last used towards a pod that is gone may still be sent there (docs/adr/0004).
 */
export const OWNED_PORTS: SourcePortRange = { first: 10_000, last: 60_999, next: 10_000, restMs: 120_000 };
