import { setTimeout as sleep } from 'node:timers/promises';
import type { KubeConfig } from '@kubernetes/client-node';
import type { KubeObject } from './kube-objects.ts';
import { KubeApiError, kubeRequest } from './kube-request.ts';

/** What one needs to know of an object to apply it. Everything else is sent as it stands. */
export interface Applicable {
  readonly apiVersion: string;
  readonly kind: string;
  readonly metadata: { readonly name: string; readonly namespace?: string };
}

export interface ApplyOptions {
  /** Owner of the fields that are set, as `kubectl get --show-managed-fields` names it. */
  readonly fieldManager: string;
  /** Namespace of namespaced objects that name none; default: `default`. */
  readonly namespace?: string;
  readonly signal?: AbortSignal;
  /** How long a kind that the server does not know yet is waited for (a CRD applied just before); default: not at all. */
  readonly kindPatienceMs?: number;
}

/**
 * Server-side apply of one object, taking over fields that others own. Nothing is pruned from it on the way: a field
 * that this version of Rollproof has never heard of reaches the server, and a misspelt one is refused by it.
 *
 * Gives the object as the server now holds it. Throws KubeApiError with the object's name where the server refuses,
 * EnvironmentError where it does not answer.
 */
export async function applyObject<T extends KubeObject = KubeObject>(
  kubeConfig: KubeConfig,
  object: Applicable,
  options: ApplyOptions,
): Promise<T> {
  const label = `${object.kind} ${object.metadata.name}`;
  const resource = await awaitResource(kubeConfig, object, options);
  const namespace = resource.namespaced
    ? (object.metadata.namespace ?? options.namespace ?? 'default')
    : undefined;
  try {
    return await kubeRequest<T>(kubeConfig, {
      method: 'PATCH',
      path: objectPath(object, resource.name, namespace),
      query: { fieldManager: options.fieldManager, force: 'true', fieldValidation: 'Strict' },
      contentType: 'application/apply-patch+yaml',
      body: {
        ...object,
        metadata: { ...object.metadata, ...(namespace === undefined ? {} : { namespace }) },
      },
      // Applying twice is applying once.
      repeatable: true,
      ...(options.signal ? { signal: options.signal } : {}),
    });
  } catch (error) {
    if (!(error instanceof KubeApiError)) throw error;
    throw new KubeApiError(error.status, error.reason, `${label}: ${error.message}`);
  }
}

/** `/apis/apps/v1/namespaces/shop/deployments/web` */
function objectPath(object: Applicable, plural: string, namespace: string | undefined): string {
  const scope = namespace === undefined ? [] : ['namespaces', encodeURIComponent(namespace)];
  return [groupPath(object.apiVersion), ...scope, plural, encodeURIComponent(object.metadata.name)].join('/');
}

function groupPath(apiVersion: string): string {
  return `${apiVersion.includes('/') ? '/apis' : '/api'}/${apiVersion}`;
}

interface ApiResource {
  /** The plural that stands in paths. */
  readonly name: string;
  readonly kind: string;
  readonly namespaced: boolean;
}

async function awaitResource(
  kubeConfig: KubeConfig,
  object: Applicable,
  options: ApplyOptions,
): Promise<ApiResource> {
  const giveUpAt = performance.now() + (options.kindPatienceMs ?? 0);
  for (;;) {
    const resource = await findResource(kubeConfig, object, options.signal);
    if (resource) return resource;
    if (performance.now() >= giveUpAt) {
      const message = `${object.kind} ${object.metadata.name}: the server knows no kind ${object.kind} in ${object.apiVersion}`;
      throw new KubeApiError(404, 'UnknownKind', message);
    }
    await sleep(500, undefined, options.signal ? { signal: options.signal } : {});
  }
}

const known = new WeakMap<KubeConfig, Map<string, readonly ApiResource[]>>();

async function findResource(
  kubeConfig: KubeConfig,
  object: Applicable,
  signal: AbortSignal | undefined,
): Promise<ApiResource | undefined> {
  const groups = known.get(kubeConfig) ?? new Map<string, readonly ApiResource[]>();
  known.set(kubeConfig, groups);
  const match = () =>
    groups.get(object.apiVersion)?.find(({ kind, name }) => kind === object.kind && !name.includes('/'));
  const cached = match();
  if (cached) return cached;
  try {
    const path = groupPath(object.apiVersion);
    const list = await kubeRequest<{ readonly resources?: readonly ApiResource[] }>(kubeConfig, {
      path,
      ...(signal ? { signal } : {}),
    });
    groups.set(object.apiVersion, list.resources ?? []);
  } catch (error) {
    if (!(error instanceof KubeApiError) || error.status !== 404) throw error;
  }
  return match();
}
