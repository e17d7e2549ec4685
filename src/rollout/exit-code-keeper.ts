import { setTimeout as sleep } from 'node:timers/promises';
import type { KubeConfig } from '@kubernetes/client-node';
import { EXIT_CODE_FINALIZER } from '../model/our-objects.ts';
import { messageOf } from '../model/problem.ts';
import type { Change, RecordingEntry } from '../model/recording.ts';
import { addFinalizer, removeFinalizer } from '../platform/kube-finalizers.ts';
import type { KubeList, KubePod } from '../platform/kube-objects.ts';
import { kubeRequest } from '../platform/kube-request.ts';

export interface ExitCodeKeeperOptions {
  readonly kubeConfig: KubeConfig;
  readonly namespace: string;
  clock(): number;
  emit(entry: RecordingEntry): void;
  /** How long an object that would be gone without us waits for the word of its kubelet; 10 s by default. */
  readonly patienceMs?: number;
  /** How long letting go of all pods at dispose may take; 5 s by default. */
  readonly limitMs?: number;
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
 */
export class ExitCodeKeeper implements AsyncDisposable {
  readonly #options: ExitCodeKeeperOptions;
  readonly #held = new Map<string, Held>();
  readonly #closing = new AbortController();

  constructor(options: ExitCodeKeeperOptions) {
    this.#options = options;
  }

  /** Holds these pods from now on, those that have not ended. Never fails: a note says what came of it. */
  async hold(pods: readonly KubePod[], signal: AbortSignal): Promise<void> {
    let count = 0;
    try {
      for (const pod of pods) {
        if (signal.aborted) return;
        if (pod.metadata.deletionTimestamp !== undefined || nothingToCome(pod)) continue;
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
    const { uid, deletionTimestamp, deletionGracePeriodSeconds } = pod.metadata;
    const held = this.#held.get(uid);
    if (!held) return;
    if (change === 'deleted') {
      clearTimeout(held.timer);
      this.#held.delete(uid);
    } else if (deletionTimestamp === undefined) return;
    else if (nothingToCome(pod)) this.#letGo(held, pod);
    // Without us the object would be gone by now. Its kubelet may still tell how it went, or be gone as well.
    else if (deletionGracePeriodSeconds === 0)
      held.timer ??= setTimeout(() => this.#letGo(held, pod), this.#options.patienceMs ?? PATIENCE_MS);
  }

  /** Lets go of every pod that is still held. Never fails. */
  async [Symbol.asyncDispose](): Promise<void> {
    this.#closing.abort();
    for (const { timer } of this.#held.values()) clearTimeout(timer);
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

  #letGo(held: Held, pod: KubePod): void {
    clearTimeout(held.timer);
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
  /** Runs from when the object would be gone without us. */
  timer?: NodeJS.Timeout;
  lettingGo?: Promise<void>;
}

/** Nothing more is told about how this pod's containers ended: it is told, or no kubelet has ever had the pod. */
function nothingToCome({ spec, status }: KubePod): boolean {
  if (!spec.nodeName || status?.phase === 'Succeeded' || status?.phase === 'Failed') return true;
  const containers = [...(status?.containerStatuses ?? []), ...(status?.initContainerStatuses ?? [])];
  return containers.length > 0 && containers.every(({ state }) => state?.terminated !== undefined);
}
