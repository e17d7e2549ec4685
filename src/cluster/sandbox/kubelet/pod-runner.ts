import type { PodCondition } from 'kubernetes-types/core/v1.js';
import type { ClusterApi } from '../api/cluster-api.ts';
import type { Container, Pod } from '../api/objects.ts';
import { CONFIG_MAPS, PODS } from '../api/resources.ts';
import type { SandboxClock } from '../clock.ts';
import { isJsonObject } from '../json.ts';
import type { PodNetwork } from '../network/pod-network.ts';
import { ContainerRunner, type KubeletTimings } from './container.ts';
import { containerEnv } from './environment.ts';
import { HostPorts } from './host-ports.ts';
import { resolveImage } from './image-catalogue.ts';
import { mountedFile } from './mounted-file.ts';

/** What a pod needs from its node. */
export interface PodRunnerContext {
  readonly api: ClusterApi;
  readonly clock: SandboxClock;
  readonly timings: KubeletTimings;
  readonly network: PodNetwork;
  readonly nodeAddress: string;
  /** An address for a new pod. */
  takeAddress(): string;
  event(
    pod: Pod,
    event: { readonly type: 'Normal' | 'Warning'; readonly reason: string; readonly message: string },
  ): void;
}

/** Runs one pod from its arrival on the node until its object may go. */
export class PodRunner {
  readonly #pod: Pod;
  readonly #context: PodRunnerContext;
  /** Aborted as soon as the pod has to end: none of its containers that has not begun yet will. */
  readonly #ending = new AbortController();
  readonly #hostPorts: HostPorts;
  readonly #startTime: string;
  #init: ContainerRunner[] = [];
  #main: ContainerRunner[] = [];
  #address: string | undefined;
  readonly #running: Promise<void>;
  #stopping: Promise<void> | undefined;
  #crashed = false;

  constructor(pod: Pod, context: PodRunnerContext) {
    this.#pod = pod;
    this.#context = context;
    this.#startTime = context.clock.timestamp();
    this.#hostPorts = new HostPorts(context);
    this.#running = this.#run();
  }

  /** The log of a container so far; undefined where it has not started. */
  log(container: string | undefined): string | undefined {
    const runner = [...this.#main, ...this.#init].find(({ spec }) => spec.name === container);
    return runner?.log();
  }

  /** Stops everything within the grace period, gives the address back and lets the object go. */
  stop(graceMs: number): Promise<void> {
    this.#stopping ??= this.#stop(graceMs);
    return this.#stopping;
  }

  /** The node is switched off: nothing is told to anybody. */
  crash(): void {
    this.#crashed = true;
    this.#ending.abort();
    this.#stopping ??= Promise.resolve();
    for (const container of [...this.#init, ...this.#main]) container.crash();
    this.#hostPorts.close();
    if (this.#address) this.#context.network.down(this.#address);
  }

  /** Resolves when no process of the pod is left. */
  async ended(): Promise<void> {
    await this.#running;
    await Promise.all([...this.#init, ...this.#main].map(({ finished }) => finished));
  }

  async #run(): Promise<void> {
    const { clock, timings, network, nodeAddress } = this.#context;
    const { spec } = this.#pod;
    if (!(await clock.sleep(timings.reactionMs, this.#ending.signal))) return;
    this.#publish();
    if (!(await clock.sleep(timings.podSetupMs, this.#ending.signal))) return;
    // As with the kubelet, nobody learns the address before the first container runs.
    this.#address = spec.hostNetwork ? nodeAddress : this.#context.takeAddress();
    network.up(this.#address);
    for (const container of spec.initContainers ?? []) {
      if (!(await this.#initialise(container))) return;
    }
    if (this.#ending.signal.aborted) return;
    this.#main = spec.containers.map((container) => this.#start(container, spec.restartPolicy ?? 'Always'));
    if (!spec.hostNetwork) this.#hostPorts.open(spec.containers, this.#address);
  }

  /** Runs an init container to success; a sidecar only has to be started. False where the pod ends before. */
  async #initialise(container: Container): Promise<boolean> {
    if (this.#ending.signal.aborted) return false;
    const policy = this.#pod.spec.restartPolicy === 'Never' ? 'Never' : 'OnFailure';
    const runner = this.#start(container, isSidecar(container) ? 'Always' : policy);
    this.#init.push(runner);
    this.#publish();
    if (!isSidecar(container)) {
      await runner.finished;
      return !this.#ending.signal.aborted && runner.exitCode === 0;
    }
    while (!runner.started) if (!(await this.#context.clock.sleep(10, this.#ending.signal))) return false;
    return true;
  }

  #start(spec: Container, restartPolicy: string): ContainerRunner {
    const { api, clock, timings } = this.#context;
    const { namespace, name } = this.#pod.metadata;
    const configMap = (wanted: string) => {
      const found: object | undefined = api.find(CONFIG_MAPS, namespace, wanted);
      const data = found && 'data' in found ? found.data : undefined;
      return isJsonObject(data) ? data : undefined;
    };
    return new ContainerRunner(spec, {
      clock,
      timings,
      address: this.#address ?? '',
      hostname: name,
      restartPolicy: restartPolicy === 'Never' || restartPolicy === 'OnFailure' ? restartPolicy : 'Always',
      graceMs: (this.#pod.spec.terminationGracePeriodSeconds ?? 30) * 1000,
      resolve: () =>
        resolveImage({
          image: spec.image ?? '',
          command: spec.command ?? [],
          args: spec.args ?? [],
          file: (path) => mountedFile(path, { container: spec, pod: this.#pod, configMap }),
        }),
      env: () =>
        containerEnv(spec, {
          pod: this.#pod,
          address: this.#address ?? '',
          nodeAddress: this.#context.nodeAddress,
          configMap,
        }),
      changed: () => this.#publish(),
      event: (type, reason, message) => this.#context.event(this.#pod, { type, reason, message }),
    });
  }

  async #stop(graceMs: number): Promise<void> {
    const { api, clock, timings, network } = this.#context;
    const began = clock.monotonicMs();
    await clock.sleep(timings.reactionMs);
    this.#ending.abort();
    // The init container that the pod is at may never end by itself.
    const initialising = this.#init.filter(({ spec }) => !isSidecar(spec));
    await Promise.all([this.#running, ...initialising.map((container) => container.stop(graceMs))]);
    await Promise.all(this.#main.map((container) => container.stop(graceMs)));
    const leftMs = Math.max(0, graceMs - (clock.monotonicMs() - began));
    // Sidecars outlive the main containers, and stop in the reverse order of their start.
    for (const container of this.#init.toReversed()) await container.stop(leftMs);
    this.#publish();
    await clock.sleep(timings.podTeardownMs);
    this.#hostPorts.close();
    if (this.#address && !this.#pod.spec.hostNetwork) network.down(this.#address);
    await clock.sleep(timings.podRemovalMs);
    const { namespace, name, uid } = this.#pod.metadata;
    const still = api.find(PODS, namespace, name);
    if (still?.metadata.uid === uid && still.metadata.deletionTimestamp)
      api.delete({ resource: PODS, namespace, name }, { gracePeriodSeconds: 0 });
  }

  /** Writes the status as it is now. */
  #publish(): void {
    if (this.#crashed) return;
    const { api, clock, nodeAddress } = this.#context;
    const { namespace, name, uid } = this.#pod.metadata;
    if (api.find(PODS, namespace, name)?.metadata.uid !== uid) return;
    const { containers, initContainers = [] } = this.#pod.spec;
    const now = clock.timestamp();
    api.update({ resource: PODS, namespace, name }, (draft) => {
      const waiting = (spec: Container) => ({
        name: spec.name,
        image: spec.image ?? '',
        imageID: '',
        ready: false,
        started: false,
        restartCount: 0,
        state: { waiting: { reason: initContainers.length > 0 ? 'PodInitializing' : 'ContainerCreating' } },
        lastState: {},
      });
      const statusOf = (runners: readonly ContainerRunner[]) => (spec: Container) =>
        runners.find((runner) => runner.spec === spec)?.status() ?? waiting(spec);
      const initialised = this.#main.length > 0;
      const ready =
        initialised &&
        [...this.#main, ...this.#init.filter(({ spec }) => isSidecar(spec))].every((runner) => runner.ready);
      const before = draft.status?.conditions ?? [];
      const condition = (type: string, holds: boolean, reason?: string): PodCondition => {
        const status = holds ? 'True' : 'False';
        const known = before.find((candidate) => candidate.type === type);
        return {
          type,
          status,
          lastTransitionTime: known?.status === status ? (known.lastTransitionTime ?? now) : now,
          ...(!holds && reason && { reason }),
        };
      };
      draft.status = {
        ...draft.status,
        phase: this.#phase(),
        conditions: [
          condition('PodReadyToStartContainers', this.#address !== undefined),
          condition('Initialized', initialised, 'ContainersNotInitialized'),
          condition('Ready', ready, 'ContainersNotReady'),
          condition('ContainersReady', ready, 'ContainersNotReady'),
          ...before.filter(({ type }) => type === 'PodScheduled'),
        ],
        hostIP: nodeAddress,
        hostIPs: [{ ip: nodeAddress }],
        ...(this.#address && { podIP: this.#address, podIPs: [{ ip: this.#address }] }),
        startTime: this.#startTime,
        ...(initContainers.length > 0 && { initContainerStatuses: initContainers.map(statusOf(this.#init)) }),
        containerStatuses: containers.map(statusOf(this.#main)),
      };
    });
  }

  #phase(): 'Pending' | 'Running' | 'Succeeded' | 'Failed' {
    const codes = this.#main.map(({ exitCode }) => exitCode);
    const mayRestart = this.#pod.spec.restartPolicy !== 'Never' && !this.#ending.signal.aborted;
    const over = codes.length > 0 && codes.every((code) => code !== undefined);
    if (
      over &&
      (!mayRestart || (this.#pod.spec.restartPolicy === 'OnFailure' && codes.every((code) => code === 0)))
    ) {
      return codes.every((code) => code === 0) ? 'Succeeded' : 'Failed';
    }
    return this.#main.some(
      (runner) => runner.status().state?.waiting === undefined || runner.status().restartCount > 0,
    )
      ? 'Running'
      : 'Pending';
  }
}

/** An init container that is started and then runs beside the others. */
function isSidecar({ restartPolicy }: Container): boolean {
  return restartPolicy === 'Always';
}
