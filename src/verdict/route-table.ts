import type { Route } from '../model/recording.ts';
import { isUrlProbe } from '../model/url-probe.ts';
import type { RunFacts } from './run-facts.ts';

/** A route may be reported this long after its connection was used first: the listener lags behind. */
const ROUTE_LAG_MS = 2_000;

/**
 * The same where one port has several routes: datagrams from it are sent elsewhere as soon as the node forgets the old
 * pod, and the new route is known with the first of them.
 */
const NEXT_ROUTE_LAG_MS = 50;

/**
 * Did a listener on a node end while requests were sent? From then on a connection without a route may have gone
 * anywhere.
 */
export function hasLostRoutes({
  notes,
  probingStoppedMs,
}: Pick<RunFacts, 'notes' | 'probingStoppedMs'>): boolean {
  return notes.some(
    ({ subject, level, atMs }) =>
      subject === 'route-source' && level === 'warning' && atMs <= probingStoppedMs,
  );
}

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
  const { scenario } = facts.header;
  const movesOn = !isUrlProbe(scenario) && scenario.protocol === 'udp';
  return (localPort, sentMs) => {
    const known = routes.get(localPort);
    const upTo = (lagMs: number) => known?.findLast(({ atMs }) => atMs <= sentMs + lagMs);
    // Ports rest before they are used again, so the last route up to then is this connection's.
    return ((movesOn ? upTo(NEXT_ROUTE_LAG_MS) : undefined) ?? upTo(ROUTE_LAG_MS))?.podAddress;
  };
}
