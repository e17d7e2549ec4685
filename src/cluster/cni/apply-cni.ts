import { setTimeout as sleep } from 'node:timers/promises';
import type { KubeConfig } from '@kubernetes/client-node';
import { EnvironmentError } from '../../model/problem.ts';
import { applyObject, type KubeManifest, UnknownKindError } from '../../platform/kube-apply.ts';
import { KubeApiError } from '../../platform/kube-request.ts';

/** How long a kind that the manifest itself defines may take to be served. */
const KIND_PATIENCE_MS = 30_000;

/** Applies a CNI's objects in order. Throws EnvironmentError with the object the server refuses. */
export async function applyCni(
  kubeConfig: KubeConfig,
  objects: readonly KubeManifest[],
  signal: AbortSignal,
): Promise<void> {
  const giveUpAt = performance.now() + KIND_PATIENCE_MS;
  for (const object of objects) {
    for (;;) {
      try {
        await applyObject(kubeConfig, object, signal);
        break;
      } catch (error) {
        if (error instanceof UnknownKindError && performance.now() < giveUpAt) {
          await sleep(500, undefined, { signal });
          continue;
        }
        if (!(error instanceof UnknownKindError) && !(error instanceof KubeApiError)) throw error;
        throw new EnvironmentError(
          {
            code: 'RP2205',
            what: `The cluster refused ${object.kind} ${object.metadata.name} of the CNI's manifest.`,
            why: error.message,
            remedy: 'Check that the manifest fits the Kubernetes version of the node image.',
          },
          { cause: error },
        );
      }
    }
  }
}
