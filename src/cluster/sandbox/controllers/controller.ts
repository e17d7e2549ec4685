import type { ClusterApi } from '../api/cluster-api.ts';
import type { KubeObject } from '../api/objects.ts';
import type { Change } from '../api/store.ts';
import type { SandboxClock } from '../clock.ts';

/** What every controller works with. */
export interface ControllerContext {
  readonly api: ClusterApi;
  readonly clock: SandboxClock;
  /** How long a change takes to reach a controller, and its answer to be written. */
  readonly latencyMs: number;
  /** Records a Kubernetes Event. */
  event(
    about: KubeObject,
    event: { readonly type: 'Normal' | 'Warning'; readonly reason: string; readonly message: string },
  ): void;
  /** A controller threw: a bug of the sandbox. */
  fault(error: unknown): void;
}

/** One control loop: which objects a change concerns, and what to do about one. */
export interface ControllerLoop {
  /** Keys to look at after this change. */
  concerns(change: Change): Iterable<string>;
  /** Brings the world nearer to what the object wants; gives the milliseconds after which to look again, if so. */
  reconcile(key: string): number | undefined;
}

/**
 * Runs a loop: every concerned key once per burst of changes, `latencyMs` after the first of them. Gives a function
 * that ends it.
 */
export function runController(
  { api, clock, latencyMs, fault }: ControllerContext,
  loop: ControllerLoop,
): () => void {
  // Both hold what cancels: `due` the looks that changes asked for, `later` those that `reconcile` itself asked for.
  const due = new Map<string, () => void>();
  const later = new Map<string, () => void>();
  const enqueue = (key: string, afterMs: number) => {
    if (due.has(key)) return;
    due.set(
      key,
      clock.after(afterMs, () => {
        due.delete(key);
        work(key);
      }),
    );
  };
  const work = (key: string) => {
    later.get(key)?.();
    later.delete(key);
    try {
      const againMs = loop.reconcile(key);
      if (againMs !== undefined)
        later.set(
          key,
          clock.after(againMs, () => enqueue(key, 0)),
        );
    } catch (error) {
      fault(error);
    }
  };
  const unsubscribe = api.store.subscribe((change) => {
    for (const key of loop.concerns(change)) enqueue(key, latencyMs);
  });
  return () => {
    unsubscribe();
    for (const cancel of [...due.values(), ...later.values()]) cancel();
  };
}

/** `namespace/name`, the key of an object in a control loop. */
export function keyOf({ metadata }: KubeObject): string {
  return `${metadata.namespace}/${metadata.name}`;
}

/** A key taken apart. */
export function parseKey(key: string): { readonly namespace: string; readonly name: string } {
  const slash = key.indexOf('/');
  return { namespace: key.slice(0, slash), name: key.slice(slash + 1) };
}

/** Key of the controller that owns an object, where that is of this kind. */
export function ownerKeys({ metadata }: KubeObject, kind: string): string[] {
  const owner = metadata.ownerReferences?.find(
    (reference) => reference.controller === true && reference.kind === kind,
  );
  return owner ? [`${metadata.namespace}/${owner.name}`] : [];
}
