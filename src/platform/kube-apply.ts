import type { KubeConfig } from '@kubernetes/client-node';
import type { KubeObject } from './kube-objects.ts';
import { kubeRequest } from './kube-request.ts';
import { findResource, objectPath } from './kube-resources.ts';

/** A whole object as plain JSON data, as a manifest has it. */
export interface KubeManifest {
  readonly apiVersion: string;
  readonly kind: string;
  readonly metadata: { readonly name: string; readonly namespace?: string };
  readonly [field: string]: unknown;
}

/** Under this name the server knows which fields are ours. */
const FIELD_MANAGER = 'rollproof';

/** The server serves no such kind. It may after a CustomResourceDefinition has been established. */
export class UnknownKindError extends Error {
  override readonly name = 'UnknownKindError';
}

/**
 * Server-side apply, taking over fields of others. The object is sent as it stands, also with fields that are newer
 * than any client library. Gives the live object. Throws KubeApiError where the server refuses, UnknownKindError
 * where it does not know the kind.
 */
export async function applyObject(
  kubeConfig: KubeConfig,
  object: KubeManifest,
  signal?: AbortSignal,
): Promise<KubeObject> {
  const resource = await findResource(kubeConfig, object, signal);
  if (!resource) throw new UnknownKindError(`the cluster knows no ${object.kind} of ${object.apiVersion}`);
  return await kubeRequest<KubeObject>(kubeConfig, {
    method: 'PATCH',
    path: objectPath(resource, object),
    query: { fieldManager: FIELD_MANAGER, force: 'true' },
    contentType: 'application/apply-patch+yaml',
    body: object,
    // Applying twice is applying once.
    repeatable: true,
    signal,
  });
}
