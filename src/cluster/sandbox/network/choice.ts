import type { Random } from '../random.ts';
import type { Endpoint } from './routing.ts';

/** How a proxy picks the endpoint of a new connection: kube-proxy's iptables and nftables modes pick at random. */
export type Balancing = 'random' | 'round-robin' | 'least-connections';

/** Picks the endpoint of a new connection; `open` counts the connections that an endpoint has now. */
export type Choose = (
  from: readonly Endpoint[],
  open: (endpoint: Endpoint) => number,
) => Endpoint | undefined;

/** A picker with its own memory, for one Service port on one node. */
export function chooser(balancing: Balancing, random: Random): Choose {
  let turn = 0;
  switch (balancing) {
    case 'random':
      return (from) => from[Math.floor(random() * from.length)];
    case 'round-robin':
      return (from) => from[turn++ % from.length];
    case 'least-connections':
      return (from, open) => {
        const [first, ...rest] = from;
        return (
          first && rest.reduce((best, endpoint) => (open(endpoint) < open(best) ? endpoint : best), first)
        );
      };
  }
}

/** Identity of an endpoint. */
export function endpointKey({ address, port }: Pick<Endpoint, 'address' | 'port'>): string {
  return `${address}:${port}`;
}
