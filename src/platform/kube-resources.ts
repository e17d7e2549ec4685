import type { KubeConfig } from '@kubernetes/client-node';
import { findKube } from './kube-request.ts';

/** How the API server serves a kind. */
export interface KubeResource {
  /** `deployments` */
  readonly plural: string;
  readonly namespaced: boolean;
}

/** Asks the server which resource a kind is; undefined where the server knows no such kind (yet). */
export async function findResource(
  kubeConfig: KubeConfig,
  { apiVersion, kind }: { readonly apiVersion: string; readonly kind: string },
  signal?: AbortSignal,
): Promise<KubeResource | undefined> {
  const known = discovered.get(kubeConfig) ?? new Map<string, KubeResource>();
  discovered.set(kubeConfig, known);
  const key = `${apiVersion}/${kind}`;
  if (!known.has(key)) {
    for (const [name, resource] of await discover(kubeConfig, apiVersion, signal))
      known.set(`${apiVersion}/${name}`, resource);
  }
  return known.get(key);
}

/** Path of an object, for GET, PATCH and DELETE. */
export function objectPath(
  resource: KubeResource,
  {
    apiVersion,
    metadata,
  }: {
    readonly apiVersion: string;
    readonly metadata: { readonly name: string; readonly namespace?: string };
  },
): string {
  const namespace = resource.namespaced
    ? `/namespaces/${encodeURIComponent(metadata.namespace ?? 'default')}`
    : '';
  return `${groupPath(apiVersion)}${namespace}/${resource.plural}/${encodeURIComponent(metadata.name)}`;
}

/** Kinds a server serves do not change, except that new ones come: only what was found is kept. */
const discovered = new WeakMap<KubeConfig, Map<string, KubeResource>>();

async function discover(
  kubeConfig: KubeConfig,
  apiVersion: string,
  signal: AbortSignal | undefined,
): Promise<readonly (readonly [string, KubeResource])[]> {
  interface ApiResources {
    readonly resources?: readonly {
      readonly name: string;
      readonly kind: string;
      readonly namespaced: boolean;
    }[];
  }
  const list = await findKube<ApiResources>(kubeConfig, { path: groupPath(apiVersion), signal });
  return (list?.resources ?? [])
    .filter(({ name }) => !name.includes('/'))
    .map(({ name, kind, namespaced }) => [kind, { plural: name, namespaced }] as const);
}

function groupPath(apiVersion: string): string {
  return apiVersion.includes('/') ? `/apis/${apiVersion}` : `/api/${apiVersion}`;
}
