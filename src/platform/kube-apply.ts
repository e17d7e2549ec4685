import type { KubeConfig } from '@kubernetes/client-node';
import type { KubeObject } from './kube-objects.ts';
import { KubeApiError, kubeRequest } from './kube-request.ts';
import { findResource, objectPath } from './kube-resources.ts';

/** A whole object as plain JSON data, as a manifest has it. */
export interface KubeManifest {
  readonly apiVersion: string;
  readonly kind: string;
  readonly metadata: { readonly name: string; readonly namespace?: string };
  readonly [field: string]: unknown;
}

export interface ApplyOptions {
  readonly fieldManager: string;
  readonly signal?: AbortSignal;
}

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
  { fieldManager, signal }: ApplyOptions,
): Promise<KubeObject> {
  const resource = await findResource(kubeConfig, object, signal);
  if (!resource) throw new UnknownKindError(`the cluster knows no ${object.kind} of ${object.apiVersion}`);
  return await kubeRequest<KubeObject>(kubeConfig, {
    method: 'PATCH',
    path: objectPath(resource, object),
    query: { fieldManager, force: 'true' },
    contentType: 'application/apply-patch+yaml',
    body: object,
    // Applying twice is applying once.
    repeatable: true,
    ...(signal ? { signal } : {}),
  });
}

/** Deletes an object if it exists. Does not wait for its end. */
export async function deleteObject(
  kubeConfig: KubeConfig,
  object: KubeManifest,
  { signal }: { readonly signal?: AbortSignal } = {},
): Promise<void> {
  const resource = await findResource(kubeConfig, object, signal);
  if (!resource) return;
  try {
    await kubeRequest(kubeConfig, {
      method: 'DELETE',
      path: objectPath(resource, object),
      query: { propagationPolicy: 'Background' },
      ...(signal ? { signal } : {}),
    });
  } catch (error) {
    if (!(error instanceof KubeApiError) || error.status !== 404) throw error;
  }
}
