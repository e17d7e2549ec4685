import type { Route } from '../model/recording.ts';
import type { RunFacts } from './run-facts.ts';

/** A route may be reported this long after its connection was used first: the listener lags behind. */
const ROUTE_LAG_MS = 2_000;

/** Tells which pod address a connection was sent to, by its local port and an instant at which it was used. */
export type RouteTable = (localPort: number, sentMs: number) => string | undefined;

/** What the nodes' connection tracking told about a stream. */
export function routeTable(facts: RunFacts, stream: string): RouteTable {
  const routes = new Map<number, Route[]>();
  for (const route of facts.routes) {
    if (route.stream !== stream) continue;
    const list = routes.get(route.localPort);
    if (list) list.push(route);
    else routes.set(route.localPort, [route]);
  }
  // Ports rest before they are used again, so the last route up to then is this connection's.
  return (localPort, sentMs) =>
    routes.get(localPort)?.findLast(({ atMs }) => atMs <= sentMs + ROUTE_LAG_MS)?.podAddress;
}
