import type { Socket } from 'node:net';
import type { ClusterApi } from '../api/cluster-api.ts';
import { ENDPOINT_SLICES, SERVICES } from '../api/resources.ts';
import { Listeners, type Listening } from './listeners.ts';
import { NodeProxy, type NodeProxyOptions } from './node-proxy.ts';
import { portOnHost } from './port-on-host.ts';
import { eligible, routesOf } from './routing.ts';

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
  readonly #listeners: Listeners;
  readonly #unsubscribe: () => void;

  constructor(api: ClusterApi, options: ServiceNetworkOptions) {
    this.#api = api;
    this.#options = options;
    this.#listeners = new Listeners(options.clock, options.onListenError);
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

  /** The node is gone: its ports refuse. Connections that were joined already go on. */
  removeNode(name: string): void {
    this.#proxies.get(name)?.close();
    this.#proxies.delete(name);
    this.#listen();
  }

  get proxies(): readonly NodeProxy[] {
    return [...this.#proxies.values()];
  }

  close(): void {
    this.#unsubscribe();
    for (const proxy of this.#proxies.values()) proxy.close();
    this.#listeners.set([]);
  }

  /** A Service's address is open while at least one node has something behind it. */
  #listen(): void {
    const open = new Map<string, Listening>();
    for (const proxy of this.#proxies.values()) {
      for (const { clusterIp, port, endpoints, internalPolicy } of proxy.routes) {
        const some = eligible(endpoints, internalPolicy === 'Local' ? proxy.name : undefined).length > 0;
        if (clusterIp && some)
          open.set(`${clusterIp}:${port}`, {
            host: clusterIp,
            port: portOnHost(port),
            onConnection: (client) => this.#enter(client, clusterIp, port),
          });
      }
    }
    this.#listeners.set([...open.values()]);
  }

  #enter(client: Socket, clusterIp: string, port: number): void {
    const proxy = this.#proxyOf(client.remoteAddress ?? '');
    const route = proxy?.routes.find(
      (candidate) => candidate.clusterIp === clusterIp && candidate.port === port,
    );
    if (proxy && route) void proxy.connect(client, route, 'cluster');
    else client.resetAndDestroy();
  }

  /** The proxy of the node a client is on; clients from elsewhere enter at the first node. */
  #proxyOf(client: string): NodeProxy | undefined {
    const number = this.#options.addresses.nodeOf(client);
    const name = number === undefined ? undefined : this.#numbers.get(number);
    return (name === undefined ? undefined : this.#proxies.get(name)) ?? this.#proxies.values().next().value;
  }
}
