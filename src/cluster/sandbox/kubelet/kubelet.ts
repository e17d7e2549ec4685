import type { Pod } from '../api/objects.ts';
import { PODS } from '../api/resources.ts';
import { PodRunner, type PodRunnerContext } from './pod-runner.ts';

/**
 * Runs the pods of one node: starts a runner for every pod that the scheduler bound to it, stops it when the pod is being
 * deleted, and forgets it when the object is gone.
 */
export class Kubelet {
  readonly #node: string;
  readonly #context: PodRunnerContext;
  readonly #runners = new Map<string, PodRunner>();
  readonly #unsubscribe: () => void;

  constructor(node: string, context: PodRunnerContext) {
    this.#node = node;
    this.#context = context;
    this.#unsubscribe = context.api.store.subscribe(({ resource, object, type }) => {
      // The store tells from inside a write; what follows may write itself.
      if (resource === PODS) queueMicrotask(() => this.#see(object.metadata.uid, type === 'DELETED'));
    });
  }

  /** The log of a container; undefined where it has not started here. */
  log({ metadata }: Pod, container: string | undefined): string | undefined {
    return this.#runners.get(metadata.uid)?.log(container);
  }

  /** The node is switched off: processes end, nobody is told. */
  crash(): void {
    this.#unsubscribe();
    for (const runner of this.#runners.values()) runner.crash();
  }

  /** Ends every process and resolves when none is left. */
  async close(): Promise<void> {
    this.crash();
    await Promise.all([...this.#runners.values()].map((runner) => runner.ended()));
  }

  #see(uid: string, deleted: boolean): void {
    const runner = this.#runners.get(uid);
    const pod = this.#context.api.store.list(PODS).find(({ metadata }) => metadata.uid === uid);
    if (!pod || deleted) {
      // Deleted by force: the object is gone, the processes follow.
      if (runner) void runner.stop(0).finally(() => this.#runners.delete(uid));
      return;
    }
    if (pod.spec.nodeName !== this.#node) return;
    const { deletionTimestamp, deletionGracePeriodSeconds = 0 } = pod.metadata;
    if (deletionTimestamp) {
      // It stays known while its object does: a finalizer may keep that, and the pod is not to run once more.
      void (runner ?? this.#start(pod)).stop(deletionGracePeriodSeconds * 1000);
    } else if (!runner && pod.status?.phase !== 'Succeeded' && pod.status?.phase !== 'Failed')
      this.#start(pod);
  }

  #start(pod: Pod): PodRunner {
    const runner = new PodRunner(pod, this.#context);
    this.#runners.set(pod.metadata.uid, runner);
    return runner;
  }
}
