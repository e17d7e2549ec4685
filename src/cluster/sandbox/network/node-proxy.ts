import type { Socket } from 'node:net';
import type { SandboxClock } from '../clock.ts';
import { type Random, seededRandom } from '../random.ts';
import type { AddressBlock } from './address-block.ts';
import { type Balancing, type Choose, chooser, endpointKey } from './choice.ts';
import { forward } from './forward.ts';
import { Listeners } from './listeners.ts';
import type { PodNetwork } from './pod-network.ts';
import { type Endpoint, eligible, type ServicePortRoute } from './routing.ts';

/** How long a node's proxy takes to follow a change. Times in milliseconds. */
export interface ProxyTimings {
  /** From a change of the EndpointSlice to the start of a sync. */
  readonly propagationMs: number;
  /** How long a sync takes until new connections follow it. */
  readonly syncMs: number;
  /** Shortest time from the start of one sync to the start of the next. */
  readonly minSyncPeriodMs: number;
}

/** A new connection, as a node's connection tracking would show it. */
export interface NewConnection {
  readonly destination: string;
  readonly destinationPort: number;
  readonly sourcePort: number;
  /** Address of the pod it was sent to. */
  readonly answeredBy: string;
}

export interface NodeProxyOptions {
  readonly name: string;
  readonly address: string;
  readonly addresses: AddressBlock;
  readonly clock: SandboxClock;
  readonly timings: ProxyTimings;
  readonly balancing: Balancing;
  readonly seed: number;
  readonly pods: PodNetwork;
  /** The routes as the API has them now. */
  routes(): readonly ServicePortRoute[];
  onConnection(node: string, connection: NewConnection): void;
  /** An address that could not be listened on. */
  onListenError(text: string): void;
}

/**
 * What kube-proxy is on a node: it learns of a change late, and syncs at most once in a while; until then new
 * connections go where they went before.
 */
export class NodeProxy {
  readonly #options: NodeProxyOptions;
  readonly #random: Random;
  readonly #choosers = new Map<string, Choose>();
  readonly #openConnections = new Map<string, number>();
  readonly #affinity = new Map<string, { readonly endpoint: string; readonly untilMs: number }>();
  readonly #listeners: Listeners;
  readonly #onRoutes: (proxy: NodeProxy) => void;
  #routes: readonly ServicePortRoute[] = [];
  #cancelNextSync: (() => void) | undefined;
  #lastSyncMs = Number.NEGATIVE_INFINITY;
  #frozen = false;
  /** Something changed while this was frozen. */
  #missed = false;

  /** `onRoutes` is called after every sync. */
  constructor(options: NodeProxyOptions, onRoutes: (proxy: NodeProxy) => void) {
    this.#options = options;
    this.#onRoutes = onRoutes;
    this.#listeners = new Listeners(options.clock, options.onListenError);
    this.#random = seededRandom(options.seed, `proxy ${options.name}`);
  }

  get name(): string {
    return this.#options.name;
  }

  /** What this node believes now. */
  get routes(): readonly ServicePortRoute[] {
    return this.#routes;
  }

  /** Something behind a Service changed: a sync follows. */
  changed(): void {
    if (this.#frozen) this.#missed = true;
    if (this.#frozen || this.#cancelNextSync) return;
    const { clock, timings } = this.#options;
    const earliest = this.#lastSyncMs + timings.minSyncPeriodMs - clock.monotonicMs();
    this.#cancelNextSync = clock.after(Math.max(timings.propagationMs, earliest), () => {
      this.#cancelNextSync = undefined;
      this.#lastSyncMs = clock.monotonicMs();
      const routes = this.#options.routes();
      clock.after(timings.syncMs, () => this.#install(routes));
    });
  }

  /** Stops following changes until `thaw`; connections keep going where they went. */
  freeze(): void {
    this.#frozen = true;
    this.#missed ||= this.#cancelNextSync !== undefined;
    this.#cancelNextSync?.();
    this.#cancelNextSync = undefined;
  }

  /** Follows changes again, beginning with what was missed. */
  thaw(): void {
    this.#frozen = false;
    if (this.#missed) this.changed();
    this.#missed = false;
  }

  /** Sends a new connection to a pod, or refuses it as late as a userspace proxy can: with a reset. */
  async connect(client: Socket, route: ServicePortRoute, from: 'outside' | 'cluster'): Promise<void> {
    const policy = from === 'outside' ? route.externalPolicy : route.internalPolicy;
    const endpoint = this.#choose(
      route,
      eligible(route.endpoints, policy === 'Local' ? this.name : undefined),
      client.remoteAddress ?? '',
    );
    if (!endpoint) {
      client.resetAndDestroy();
      return;
    }
    this.#options.onConnection(this.name, {
      destination: client.localAddress ?? '',
      destinationPort: client.localPort ?? 0,
      sourcePort: client.remotePort ?? 0,
      answeredBy: endpoint.address,
    });
    const key = endpointKey(endpoint);
    this.#openConnections.set(key, (this.#openConnections.get(key) ?? 0) + 1);
    await this.#options.pods.send(client, endpoint, forward);
    this.#openConnections.set(key, (this.#openConnections.get(key) ?? 1) - 1);
  }

  close(): void {
    this.freeze();
    this.#listeners.set([]);
  }

  #install(routes: readonly ServicePortRoute[]): void {
    if (this.#frozen) {
      this.#missed = true;
      return;
    }
    this.#routes = routes;
    this.#listen();
    this.#onRoutes(this);
  }

  /** A node port is open while something is behind it; without, connections are refused. */
  #listen(): void {
    const open = this.#routes.flatMap(({ nodePort, endpoints, externalPolicy }) => {
      const some = eligible(endpoints, externalPolicy === 'Local' ? this.name : undefined).length > 0;
      return nodePort !== undefined && some ? [nodePort] : [];
    });
    this.#listeners.set(
      open.map((nodePort) => ({
        host: this.#options.address,
        port: nodePort,
        onConnection: (client) => this.#enter(client, nodePort),
      })),
    );
  }

  #enter(client: Socket, nodePort: number): void {
    const route = this.#routes.find((candidate) => candidate.nodePort === nodePort);
    if (route) void this.connect(client, route, 'outside');
    else client.resetAndDestroy();
  }

  /** The endpoint this client had, where session affinity still holds; else one by the way of balancing. */
  #choose(route: ServicePortRoute, candidates: readonly Endpoint[], client: string): Endpoint | undefined {
    const nowMs = this.#options.clock.monotonicMs();
    const affinityKey = `${route.id} ${client}`;
    const pinned = this.#affinity.get(affinityKey);
    const kept =
      pinned && pinned.untilMs > nowMs
        ? candidates.find((endpoint) => endpointKey(endpoint) === pinned.endpoint)
        : undefined;
    const choose = this.#choosers.get(route.id) ?? chooser(this.#options.balancing, this.#random);
    this.#choosers.set(route.id, choose);
    const endpoint =
      kept ??
      (candidates.length > 0
        ? choose(candidates, (one) => this.#openConnections.get(endpointKey(one)) ?? 0)
        : undefined);
    if (endpoint && route.affinityMs !== undefined)
      this.#affinity.set(affinityKey, { endpoint: endpointKey(endpoint), untilMs: nowMs + route.affinityMs });
    return endpoint;
  }
}
