import type { KubeConfig } from '@kubernetes/client-node';
import type { KubeMetadata, KubeObject } from './kube-objects.ts';
import { findKube, KubeApiError, kubeRequest } from './kube-request.ts';

/** One finalizer of one object. */
export interface FinalizerOf {
  readonly kubeConfig: KubeConfig;
  /** Path of the object: `/api/v1/namespaces/shop/pods/web-1`. */
  readonly path: string;
  /** The object as it was last seen. Another one that has its name by now is left alone. */
  readonly object: KubeObject;
  readonly finalizer: string;
  readonly signal?: AbortSignal | undefined;
}

/**
 * Adds a finalizer to an object, which then stays until that is removed. False where the object is gone or on its way
 * out already: the server takes no more finalizers then. Those of others stay. Throws like kubeRequest.
 */
export async function addFinalizer(one: FinalizerOf): Promise<boolean> {
  const { finalizer } = one;
  const after = await change(one, ({ deletionTimestamp, finalizers, resourceVersion }) => {
    if (deletionTimestamp !== undefined || finalizers?.includes(finalizer)) return undefined;
    return [
      // Where the list is made here, nobody may have made one meanwhile.
      { op: 'test', path: '/metadata/resourceVersion', value: resourceVersion },
      finalizers
        ? { op: 'add', path: '/metadata/finalizers/-', value: finalizer }
        : { op: 'add', path: '/metadata/finalizers', value: [finalizer] },
    ];
  });
  return after?.metadata.finalizers?.includes(finalizer) ?? false;
}

/** Removes a finalizer from an object, and no other one; its absence, or the object's, is no error. Throws like kubeRequest. */
export async function removeFinalizer(one: FinalizerOf): Promise<void> {
  const { finalizer } = one;
  await change(one, ({ finalizers = [], uid }) => {
    const index = finalizers.indexOf(finalizer);
    if (index < 0) return undefined;
    const path = `/metadata/finalizers/${index}`;
    return [
      { op: 'test', path: '/metadata/uid', value: uid },
      { op: 'test', path, value: finalizer },
      { op: 'remove', path },
    ];
  });
}

interface Operation {
  readonly op: 'test' | 'add' | 'remove';
  readonly path: string;
  readonly value?: unknown;
}

/** As often as somebody else may have written at the same moment. */
const TRIES = 5;

/** Patches the object by what `patchFor` its newest state; gives that state, or undefined where the object is gone. */
async function change(
  { kubeConfig, path, object, signal }: FinalizerOf,
  patchFor: (metadata: KubeMetadata) => readonly Operation[] | undefined,
): Promise<KubeObject | undefined> {
  let current: KubeObject | undefined = object;
  for (let tries = 1; current && current.metadata.uid === object.metadata.uid; tries++) {
    const body = patchFor(current.metadata);
    if (!body) return current;
    try {
      return await kubeRequest<KubeObject>(kubeConfig, {
        method: 'PATCH',
        path,
        query: { fieldManager: 'rollproof' },
        contentType: 'application/json-patch+json',
        body,
        // What was done already fails its test the second time, and is then seen to be done.
        repeatable: true,
        signal,
      });
    } catch (error) {
      const changedMeanwhile = error instanceof KubeApiError && [404, 409, 422].includes(error.status);
      if (!changedMeanwhile || tries === TRIES) throw error;
    }
    current = await findKube<KubeObject>(kubeConfig, { path, signal });
  }
  return undefined;
}
