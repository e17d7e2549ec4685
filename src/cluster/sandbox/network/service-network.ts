import { createServer, type Server } from 'node:net';
import type { ClusterApi } from '../api/cluster-api.ts';
import { ENDPOINT_SLICES, SERVICES } from '../api/resources.ts';
import { NodeProxy, type NodeProxyOptions } from './node-proxy.ts';
import { eligible, routesOf, type ServicePortRoute } from './routing.ts';

export type ServiceNetworkOptions = Pick<
  NodeProxyOptions,
  'addresses' | 'clock' | 'timings' | 'balancing' | 'seed' | 'pods' | 'onConnection' | 'onListenError'
>;

/**
 * All nodes' proxies. Node ports belong to one node each; a Service's own address is one socket that everybody
 * shares, so a connection to it is handed to the proxy of the node it comes from.
 */
export class ServiceNetwork {
  readonly #api: ClusterApi;
  readonly #options: ServiceNetworkOptions;
  readonly #proxies = new Map<string, NodeProxy>();
  readonly #numbers = new Map<number, string>();
  readonly #listeners = new Map<string, Server>();
  readonly #unsubscribe: () => void;

  constructor(api: ClusterApi, options: ServiceNetworkOptions) {
    this.#api = api;
    this.#options = options;
    this.#unsubscribe = api.store.subscribe(({ resource }) => {
      if (resource !== SERVICES && resource !== ENDPOINT_SLICES) return;
      for (const proxy of this.#proxies.values()) proxy.changed();
    });
  }

  /** Starts the proxy of a node. */
  addNode(name: string, number: number): NodeProxy {
    const routes = () => routesOf(this.#api.store.list(SERVICES), this.#api.store.list(ENDPOINT_SLICES));
    const address = this.#options.addresses.node(number);
    const proxy = new NodeProxy({ ...this.#options, name, address, routes }, () => this.#listen());
    this.#proxies.set(name, proxy);
    this.#numbers.set(number, name);
    proxy.changed();
    return proxy;
  }

  /** The node is gone: its ports refuse. */
  removeNode(name: string): void {
    this.#proxies.get(name)?.close();
    this.#proxies.delete(name);
    this.#listen();
  }

  proxy(name: string): NodeProxy | undefined {
    return this.#proxies.get(name);
  }

  get proxies(): readonly NodeProxy[] {
    return [...this.#proxies.values()];
  }

  close(): void {
    this.#unsubscribe();
    for (const proxy of this.#proxies.values()) proxy.close();
    for (const server of this.#listeners.values()) server.close();
  }

  /** A Service's address is open while at least one node has something behind it. */
  #listen(): void {
    const wanted = new Map<string, ServicePortRoute>();
    for (const proxy of this.#proxies.values()) {
      for (const route of proxy.routes) {
        const local = route.internalPolicy === 'Local' ? proxy.name : undefined;
        if (route.clusterIp && eligible(route.endpoints, local).length > 0) wanted.set(`${route.clusterIp}:${route.port}`, route);
      }
    }
    for (const [key, server] of this.#listeners) {
      if (wanted.has(key)) continue;
      server.close();
      this.#listeners.delete(key);
    }
    for (const [key, { clusterIp, port }] of wanted) {
      if (this.#listeners.has(key)) continue;
      const server = createServer({ allowHalfOpen: true, noDelay: true }, (client) => {
        const proxy = this.#proxyOf(client.remoteAddress ?? '');
        const route = proxy?.routes.find((candidate) => candidate.clusterIp === clusterIp && candidate.port === port);
        if (proxy && route) void proxy.connect(client, route, 'cluster');
        else client.resetAndDestroy();
      });
      server.on('error', (error) => this.#options.onListenError(`${key}: ${error.message}`));
      server.listen({ host: clusterIp ?? '', port, backlog: 1024 });
      this.#listeners.set(key, server);
    }
  }

  /** The proxy of the node a client is on; clients from elsewhere enter at the first node. */
  #proxyOf(client: string): NodeProxy | undefined {
    const number = this.#options.addresses.nodeOf(client);
    const name = number === undefined ? undefined : this.#numbers.get(number);
    return (name === undefined ? undefined : this.#proxies.get(name)) ?? this.#proxies.values().next().value;
  }
}
