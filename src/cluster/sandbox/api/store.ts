import type { KubeObject } from './objects.ts';
import type { Resource } from './resources.ts';
import { expired } from './status-error.ts';

/** One change, as watches tell it. */
export interface Change {
  readonly type: 'ADDED' | 'MODIFIED' | 'DELETED';
  readonly resource: Resource;
  readonly object: KubeObject;
  /** The object before the change, for watches that select by label or field. */
  readonly before?: KubeObject;
  readonly version: number;
}

/** Receives every change in order, from inside the write: it must not throw and should not write. */
export type ChangeListener = (change: Change) => void;

/**
 * Objects by resource and name, with one counter of versions and a history for watches to resume from.
 * What it hands out is frozen.
 */
export class Store {
  readonly #objects = new Map<Resource, Map<string, KubeObject>>();
  readonly #listeners = new Set<ChangeListener>();
  readonly #historyLimit: number;
  #history: Change[] = [];
  #forgottenUpTo = 0;
  #version = 0;

  constructor(historyLimit = 10_000) {
    this.#historyLimit = historyLimit;
  }

  /** Version of the last write. */
  get version(): number {
    return this.#version;
  }

  find<T extends KubeObject>(resource: Resource<T>, namespace: string, name: string): T | undefined {
    return this.#of(resource).get(`${namespace}/${name}`);
  }

  /** All objects of a namespace, or of all namespaces, in the order of their creation. */
  list<T extends KubeObject>(resource: Resource<T>, namespace?: string): T[] {
    const objects = [...this.#of(resource).values()];
    return namespace === undefined
      ? objects
      : objects.filter(({ metadata }) => metadata.namespace === namespace);
  }

  /** Stores an object under the next version and tells the listeners. What the object given holds is frozen with it. */
  put<T extends KubeObject>(resource: Resource<T>, object: T): T {
    const key = keyOf(object);
    const before = this.#of(resource).get(key);
    const stored = this.#stamp(object);
    this.#of(resource).set(key, stored);
    this.#tell({
      type: before ? 'MODIFIED' : 'ADDED',
      resource,
      object: stored,
      ...(before && { before }),
      version: this.#version,
    });
    return stored;
  }

  /** Removes an object; listeners get its last state under a new version. */
  remove<T extends KubeObject>(resource: Resource<T>, object: T): T {
    this.#of(resource).delete(keyOf(object));
    const last = this.#stamp(object);
    this.#tell({ type: 'DELETED', resource, object: last, before: object, version: this.#version });
    return last;
  }

  /** Changes after a version, oldest first. Throws 410 where the history does not reach back that far. */
  since(version: number): readonly Change[] {
    if (version < this.#forgottenUpTo)
      throw expired(`too old resource version: ${version} (${this.#forgottenUpTo})`);
    return this.#history.filter((change) => change.version > version);
  }

  /** Forgets the history, so that every older version is answered with 410. */
  forgetHistory(): void {
    this.#history = [];
    this.#forgottenUpTo = this.#version;
  }

  /** Calls back on every change from now on; the function returned ends that. */
  subscribe(listener: ChangeListener): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  #stamp<T extends KubeObject>(object: T): T {
    this.#version += 1;
    return deepFreeze({
      ...object,
      metadata: { ...object.metadata, resourceVersion: String(this.#version) },
    });
  }

  #tell(change: Change): void {
    this.#history.push(change);
    if (this.#history.length > this.#historyLimit) {
      const forgotten = this.#history.splice(0, this.#history.length - this.#historyLimit);
      this.#forgottenUpTo = forgotten.at(-1)?.version ?? this.#forgottenUpTo;
    }
    for (const listener of this.#listeners) listener(change);
  }

  /** The one place that trusts `put`: only objects of type T are ever stored under a `Resource<T>`. */
  #of<T extends KubeObject>(resource: Resource<T>): Map<string, T> {
    const known = this.#objects.get(resource);
    if (known) return known as Map<string, T>;
    const created = new Map<string, T>();
    this.#objects.set(resource, created);
    return created;
  }
}

function keyOf({ metadata }: KubeObject): string {
  return `${metadata.namespace}/${metadata.name}`;
}

function deepFreeze<T>(value: T): T {
  if (typeof value === 'object' && value !== null && !Object.isFrozen(value)) {
    Object.freeze(value);
    for (const item of Object.values(value)) deepFreeze(item);
  }
  return value;
}
