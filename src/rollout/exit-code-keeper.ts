import { setTimeout as sleep } from 'node:timers/promises';
import type { KubeConfig } from '@kubernetes/client-node';
import type { Cluster } from '../cluster/cluster-provider.ts';
import { EXIT_CODE_FINALIZER } from '../model/our-objects.ts';
import { messageOf } from '../model/problem.ts';
import type { Change, EndpointsFact, RecordingEntry } from '../model/recording.ts';
import type { TransportProtocol } from '../model/scenario.ts';
import { addFinalizer, removeFinalizer } from '../platform/kube-finalizers.ts';
import type { KubeList, KubePod } from '../platform/kube-objects.ts';
import { kubeRequest } from '../platform/kube-request.ts';

export interface ExitCodeKeeperOptions {
  readonly kubeConfig: KubeConfig;
  readonly namespace: string;
  clock(): number;
  emit(entry: RecordingEntry): void;
  /** How long an object waits for the word of its kubelet once the grace period is over that the pod was first given; 10 s by default. */
  readonly patienceMs?: number;
  /** How long letting go of all pods at dispose may take; 5 s by default. */
  readonly limitMs?: number;
}

/**
 * May pods be held? Not on an existing cluster: should we be killed, nobody would let go of them there. And not where
 * datagrams are sent: a node goes on sending those of one port to the pod it once chose until its endpoint is gone.
 */
export function mayHoldPods({
  provider,
  carrier,
}: {
  readonly provider: Cluster['provider'];
  readonly carrier: TransportProtocol;
}): boolean {
  return provider !== 'existing' && carrier !== 'UDP';
}

/** A kubelet that is told to end a pod at once gives it two seconds, and tells of its end within another one. */
const PATIENCE_MS = 10_000;
/** What an API server takes that is there at all. */
const LIMIT_MS = 5_000;
const RETRY_MS = 500;

/**
 * Keeps the objects of pods until they tell how their containers ended, by a finalizer: a pod that is deleted by force
 * takes its exit code with it otherwise. The finalizer goes as soon as the end was told, and whatever happens at
 * dispose: nothing of a pod waits for us that has nothing to tell.
 *
 * An object that would be gone without us is an endpoint that is terminating. Nodes send requests to such a one only
 * where none is ready, and that must not be our doing: then the pod is let go of at once.
 */
export class ExitCodeKeeper implements AsyncDisposable {
  readonly #options: ExitCodeKeeperOptions;
  readonly #held = new Map<string, Held>();
  readonly #slices = new Map<string, EndpointsFact['endpoints']>();
  readonly #closing = new AbortController();

  constructor(options: ExitCodeKeeperOptions) {
    this.#options = options;
  }

  /**
   * Holds these pods from now on, those that have not ended and do not go at once by their own template. Never fails: a
   * note says what came of it.
   */
  async hold(pods: readonly KubePod[], signal: AbortSignal): Promise<void> {
    let count = 0;
    try {
      for (const pod of pods) {
        if (signal.aborted) return;
        if (pod.metadata.deletionTimestamp !== undefined || nothingToCome(pod)) continue;
        if (pod.spec.terminationGracePeriodSeconds === 0) continue;
        // From before it is asked for: of a request that got lost nobody knows what it did.
        this.#held.set(pod.metadata.uid, {});
        // Not broken off with the run: what it does has to be known when it is undone.
        if (await addFinalizer(this.#of(pod, AbortSignal.timeout(LIMIT_MS)))) count++;
        else this.#held.delete(pod.metadata.uid);
      }
      this.#note('info', `finalizer ${EXIT_CODE_FINALIZER} put on ${count} of ${pods.length} pods`);
    } catch (error) {
      this.#note('info', `no finalizer on all pods, only on ${count}: ${messageOf(error)}`);
    }
  }

  /** Learns of a change of a pod, in the order in which they are told. */
  see(change: Change, pod: KubePod): void {
    const { uid, deletionTimestamp, deletionGracePeriodSeconds: graceSeconds } = pod.metadata;
    const held = this.#held.get(uid);
    if (!held) return;
    if (change === 'deleted') {
      clearTimeout(held.overdue?.timer);
      this.#held.delete(uid);
    } else if (deletionTimestamp === undefined || graceSeconds === undefined) return;
    else if (nothingToCome(pod)) this.#letGo(held, pod);
    else {
      // A kubelet goes by what it was told first, also where the pod is then deleted by force.
      held.dueMs ??= performance.now() + graceSeconds * 1000 + (this.#options.patienceMs ?? PATIENCE_MS);
      if (graceSeconds === 0) this.#wait(held, pod, held.dueMs);
    }
  }

  /** Learns of a change of the endpoints that the pods are among. */
  seeEndpoints({ change, slice, endpoints }: EndpointsFact): void {
    if (change === 'deleted') this.#slices.delete(slice);
    else this.#slices.set(slice, endpoints);
    for (const held of this.#held.values()) {
      if (held.overdue && !this.#isSpared(held.overdue.pod)) this.#letGo(held, held.overdue.pod);
    }
  }

  /** Lets go of every pod that is still held. Never fails. */
  async [Symbol.asyncDispose](): Promise<void> {
    this.#closing.abort();
    for (const { overdue } of this.#held.values()) clearTimeout(overdue?.timer);
    await Promise.all([...this.#held.values()].map(({ lettingGo }) => lettingGo));
    if (this.#held.size === 0) return;
    const { kubeConfig, namespace } = this.#options;
    try {
      const signal = AbortSignal.timeout(this.#options.limitMs ?? LIMIT_MS);
      const path = `/api/v1/namespaces/${namespace}/pods`;
      const { items = [] } = await kubeRequest<KubeList<KubePod>>(kubeConfig, { path, signal });
      const pods = items.filter(({ metadata }) => this.#held.has(metadata.uid));
      await Promise.all(pods.map((pod) => removeFinalizer(this.#of(pod, signal))));
      this.#held.clear();
    } catch (error) {
      // Whoever removes the namespace does it then.
      this.#note('warning', `the finalizer ${EXIT_CODE_FINALIZER} may be left on pods: ${messageOf(error)}`);
    }
  }

  /** Without us the object would be gone by now. Its kubelet may still tell how it went, or be gone as well. */
  #wait(held: Held, pod: KubePod, untilMs: number): void {
    if (!this.#isSpared(pod)) this.#letGo(held, pod);
    else {
      held.overdue ??= {
        pod,
        timer: setTimeout(() => this.#letGo(held, pod), Math.max(0, untilMs - performance.now())),
      };
    }
  }

  /**
   * Does no node send requests to this pod, now that it is ending? So it is where its node has another one that is ready,
   * and it is not said to be ready itself.
   */
  #isSpared({ metadata, spec }: KubePod): boolean {
    const endpoints = [...this.#slices.values()].flat();
    // As those are of a Service that publishes also the addresses of pods that are not ready: nodes go on sending to it.
    const isKept = endpoints.some(
      ({ ready, terminating, pod }) => ready && terminating && pod === metadata.name,
    );
    if (isKept) return false;
    return endpoints.some(({ ready, node, pod }) => ready && node === spec.nodeName && pod !== metadata.name);
  }

  #letGo(held: Held, pod: KubePod): void {
    clearTimeout(held.overdue?.timer);
    held.lettingGo ??= this.#removeFinalizer(pod);
  }

  async #removeFinalizer(pod: KubePod): Promise<void> {
    const { signal } = this.#closing;
    let told = false;
    while (!signal.aborted) {
      try {
        await removeFinalizer(this.#of(pod, signal));
        this.#held.delete(pod.metadata.uid);
        return;
      } catch (error) {
        if (signal.aborted) return;
        if (!told) this.#note('warning', `pod ${pod.metadata.name} is still held: ${messageOf(error)}`);
        told = true;
        await sleep(RETRY_MS, undefined, { signal }).catch(() => {});
      }
    }
  }

  #of(pod: KubePod, signal: AbortSignal) {
    const { kubeConfig, namespace } = this.#options;
    const path = `/api/v1/namespaces/${namespace}/pods/${pod.metadata.name}`;
    return { kubeConfig, path, object: pod, finalizer: EXIT_CODE_FINALIZER, signal };
  }

  #note(level: 'info' | 'warning', text: string): void {
    const { clock, emit } = this.#options;
    emit({ kind: 'note', atMs: clock(), level, subject: 'exit-codes-kept', text });
  }
}

interface Held {
  /** When it should have told its end at the latest. */
  dueMs?: number;
  /** Set from when the object would be gone without us. */
  overdue?: { readonly pod: KubePod; readonly timer: NodeJS.Timeout };
  lettingGo?: Promise<void>;
}

/** Nothing more is told about how this pod's containers ended: it is told, or no kubelet has ever had the pod. */
function nothingToCome({ spec, status }: KubePod): boolean {
  if (!spec.nodeName || status?.phase === 'Succeeded' || status?.phase === 'Failed') return true;
  const containers = [...(status?.containerStatuses ?? []), ...(status?.initContainerStatuses ?? [])];
  return containers.length > 0 && containers.every(({ state }) => state?.terminated !== undefined);
}
