import { ClusterApi } from './api/cluster-api.ts';
import { HttpApi } from './api/http-api.ts';
import type { KubeObject } from './api/objects.ts';
import { NAMESPACES, PODS } from './api/resources.ts';
import { SandboxClock } from './clock.ts';
import { type ControllerContext, type ControllerLoop, runController } from './controllers/controller.ts';
import { deploymentLoop } from './controllers/deployment.ts';
import { endpointSliceLoop } from './controllers/endpoint-slice.ts';
import { garbageCollectorLoop } from './controllers/garbage-collector.ts';
import { namespaceLoop } from './controllers/namespace.ts';
import { replicaSetLoop } from './controllers/replica-set.ts';
import { schedulerLoop } from './controllers/scheduler.ts';
import { type EventText, eventRecorder } from './events.ts';
import { ApiFaults, type WatchFault } from './faults.ts';
import { judgePodSpec } from './kubelet/judge-pod-spec.ts';
import { Kubelet } from './kubelet/kubelet.ts';
import { type AddressBlock, API_PORT, claimAddressBlock } from './network/address-block.ts';
import type { NewConnection } from './network/node-proxy.ts';
import { PodNetwork } from './network/pod-network.ts';
import { ServiceNetwork } from './network/service-network.ts';
import { createNode, markNodeLost, type SandboxNode } from './nodes.ts';
import { seededRandom } from './random.ts';
import { DEFAULT_OPTIONS, type SandboxOptions } from './sandbox-options.ts';

/** Hears of every new connection that a node's balancer sends to a pod. */
type Observer = (node: string, connection: NewConnection) => void;

/** Options of which any may be left out, also within `kubelet` and `proxy`. */
export type PartialSandboxOptions = Partial<Omit<SandboxOptions, 'kubelet' | 'proxy'>> & {
  readonly kubelet?: Partial<SandboxOptions['kubelet']>;
  readonly proxy?: Partial<SandboxOptions['proxy']>;
};

/**
 * A cluster in this process: API server, controllers, kubelets and Service balancers, with pods as child processes on
 * loopback addresses. Everything ends with `close`, or with this process.
 */
export class Sandbox {
  readonly nodes: readonly SandboxNode[];
  readonly api: ClusterApi;
  readonly clock: SandboxClock;
  readonly options: SandboxOptions;
  /** Bugs of the sandbox that showed, and addresses it could not listen on. */
  readonly complaints: string[] = [];
  readonly #addresses: AddressBlock;
  readonly #http: HttpApi;
  readonly #network: PodNetwork;
  readonly #services: ServiceNetwork;
  readonly #kubelets = new Map<string, Kubelet>();
  readonly #observers = new Set<Observer>();
  readonly #faults: ApiFaults;
  readonly #stops: (() => void)[];
  readonly #record: (component: string, about: KubeObject, event: EventText) => void;
  readonly #podSerials = new Map<string, number>();

  private constructor(
    options: SandboxOptions,
    { addresses, server }: Awaited<ReturnType<typeof claimAddressBlock>>,
  ) {
    const clock = new SandboxClock();
    const { seed, proxy, balancing, deadAddress } = options;
    this.options = options;
    this.clock = clock;
    this.#addresses = addresses;
    this.#faults = new ApiFaults(clock, seededRandom(seed, 'faults'));
    this.api = new ClusterApi({ clock, seed, addresses, judgePodSpec });
    this.#record = eventRecorder(this.api, clock);
    this.#http = new HttpApi(this.api, server, {
      podLog: (...container) => this.podLog(...container),
      watchFilter: this.#faults.filter,
    });
    this.#network = new PodNetwork({ deadAddress, clock });
    this.#services = new ServiceNetwork(this.api, {
      addresses,
      clock,
      timings: proxy,
      balancing,
      seed,
      pods: this.#network,
      onConnection: (node, connection) => {
        for (const observer of this.#observers) observer(node, connection);
      },
      onListenError: (text) => this.complaints.push(`cannot listen on ${text}`),
    });
    for (const name of ['default', 'kube-system', 'kube-public', 'kube-node-lease']) {
      this.api.create(NAMESPACES, '', { metadata: { name } }, { manager: 'kube-apiserver' });
    }
    this.#stops = this.#startControllers();
    this.nodes = Array.from({ length: options.nodes }, (_, index) => this.#addNode(index + 1));
  }

  /** Starts a sandbox; it is ready when this resolves. Throws where no loopback addresses are free. */
  static async start({ kubelet, proxy, ...options }: PartialSandboxOptions = {}): Promise<Sandbox> {
    const merged = {
      ...DEFAULT_OPTIONS,
      ...options,
      kubelet: { ...DEFAULT_OPTIONS.kubelet, ...kubelet },
      proxy: { ...DEFAULT_OPTIONS.proxy, ...proxy },
    };
    return new Sandbox(merged, await claimAddressBlock());
  }

  /** `http://127.64.0.1:6443` */
  get apiUrl(): string {
    return `http://${this.#addresses.apiServer}:${API_PORT}`;
  }

  /** Address that clients outside the cluster take as their own. */
  get runnerAddress(): string {
    return this.#addresses.runner;
  }

  /** Tells of every new connection that a node's balancer sends to a pod; the function returned ends that. */
  observeConnections(observer: Observer): () => void {
    this.#observers.add(observer);
    return () => this.#observers.delete(observer);
  }

  /** What a container has printed so far; undefined where it has not started. */
  podLog(namespace: string, name: string, container: string | undefined): string | undefined {
    const pod = this.api.find(PODS, namespace, name);
    return pod && this.#kubelets.get(pod.spec.nodeName ?? '')?.log(pod, container);
  }

  /** Does this to every event on its way to a watching client; undefined ends it. */
  disturbWatches(fault: WatchFault | undefined): void {
    this.#faults.disturbWatches(fault);
  }

  /** Cuts every client off the API until the function returned is called; the control plane goes on. */
  apiOutage(): () => void {
    return this.#faults.outage(this.#http);
  }

  /** Ends every watch with 410 and makes every older version unknown. */
  expireWatches(): void {
    this.#faults.expireWatches(this.api.store, this.#http);
  }

  /** Keeps a node's balancer, or all of them, from following any change until the function returned is called. */
  freezeBalancers(node?: string): () => void {
    const frozen = this.#services.proxies.filter(({ name }) => node === undefined || name === node);
    for (const proxy of frozen) proxy.freeze();
    return () => {
      for (const proxy of frozen) proxy.thaw();
    };
  }

  /**
   * Switches a node off: its processes die at once, its node ports refuse, and after `nodeGraceMs` it and its pods count
   * as not ready. Connections that its balancer had joined to pods of other nodes go on.
   */
  removeNode(name: string): void {
    this.#kubelets.get(name)?.crash();
    this.#services.removeNode(name);
    this.clock.after(this.options.nodeGraceMs, () => markNodeLost(this.api, this.clock, name));
  }

  /** Makes the wall clock jump; monotonic time goes on. */
  jumpClock(byMs: number): void {
    this.clock.jump(byMs);
  }

  /** Ends everything; resolves when no process and no socket is left. Idempotent. */
  async close(): Promise<void> {
    for (const stop of this.#stops.splice(0)) stop();
    await Promise.all([...this.#kubelets.values()].map((kubelet) => kubelet.close()));
    this.#services.close();
    await this.#http.close();
    this.clock.close();
  }

  #startControllers(): (() => void)[] {
    const context = (component: string): ControllerContext => ({
      api: this.api,
      clock: this.clock,
      latencyMs: this.options.controllerLatencyMs,
      event: (about, event) => this.#record(component, about, event),
      fault: (error) =>
        this.complaints.push(
          `${component}: ${error instanceof Error ? (error.stack ?? error.message) : String(error)}`,
        ),
    });
    const loops: readonly [string, (context: ControllerContext) => ControllerLoop][] = [
      ['deployment-controller', deploymentLoop],
      ['replicaset-controller', replicaSetLoop],
      ['endpoint-slice-controller', endpointSliceLoop],
      ['default-scheduler', schedulerLoop],
      ['garbage-collector', garbageCollectorLoop],
      ['namespace-controller', namespaceLoop],
    ];
    return loops.map(([component, loop]) => runController(context(component), loop(context(component))));
  }

  #addNode(number: number): SandboxNode {
    const { nodes, kubelet } = this.options;
    const controlPlane = number === 1;
    const schedulable = !controlPlane || nodes === 1;
    const name = controlPlane ? 'sandbox-control-plane' : `sandbox-worker${number === 2 ? '' : number - 1}`;
    const address = this.#addresses.node(number);
    const node = { name, number, address, controlPlane, schedulable };
    createNode(this.api, this.clock, node, this.#addresses.podNetwork(number));
    this.#services.addNode(name, number);
    this.#network.up(address);
    this.#kubelets.set(
      name,
      new Kubelet(name, {
        api: this.api,
        clock: this.clock,
        timings: kubelet,
        network: this.#network,
        nodeAddress: address,
        takeAddress: () => {
          const serial = this.#podSerials.get(name) ?? 0;
          this.#podSerials.set(name, serial + 1);
          return this.#addresses.pod(number, serial);
        },
        event: (pod, event) => this.#record('kubelet', pod, event),
      }),
    );
    return node;
  }
}
