import { setTimeout as sleep } from 'node:timers/promises';
import type { KubeConfig } from '@kubernetes/client-node';
import type { KubeList, KubeObject, KubePod } from '../platform/kube-objects.ts';
import { KubeApiError, kubeRequest } from '../platform/kube-request.ts';

export interface NamespaceOptions {
  readonly kubeConfig: KubeConfig;
  readonly namespace: string;
  readonly signal?: AbortSignal;
}

/**
 * Creates a namespace of our own and waits for its default ServiceAccount, without which no pod can be created.
 * Throws KubeApiError where it exists already: it is somebody else's then.
 */
export async function createNamespace({ kubeConfig, namespace, signal }: NamespaceOptions): Promise<void> {
  const aborting = signal ? { signal } : {};
  await kubeRequest(kubeConfig, {
    method: 'POST',
    path: '/api/v1/namespaces',
    body: {
      apiVersion: 'v1',
      kind: 'Namespace',
      metadata: { name: namespace, labels: { 'app.kubernetes.io/managed-by': 'rollproof' } },
    },
    ...aborting,
  });
  const giveUpAt = performance.now() + 15_000;
  while (
    !(await exists({
      kubeConfig,
      path: `/api/v1/namespaces/${namespace}/serviceaccounts/default`,
      ...aborting,
    }))
  ) {
    // A cluster may be set up without it; then the pods' own ServiceAccount decides.
    if (performance.now() > giveUpAt) return;
    await sleep(100, undefined, aborting);
  }
}

/**
 * Deletes a namespace of ours and waits until its pods and then itself are really gone, for at most `timeoutMs`.
 * Gives the names of pods that are still there, or whether the namespace itself is.
 */
export async function removeNamespace({
  kubeConfig,
  namespace,
  signal,
  timeoutMs,
}: NamespaceOptions & { readonly timeoutMs: number }): Promise<{
  readonly gone: boolean;
  readonly remainingPods: readonly string[];
}> {
  const aborting = signal ? { signal } : {};
  const path = `/api/v1/namespaces/${namespace}`;
  try {
    await kubeRequest(kubeConfig, { method: 'DELETE', path, ...aborting });
  } catch (error) {
    // 409: its deletion is under way already.
    if (!(error instanceof KubeApiError) || (error.status !== 404 && error.status !== 409)) throw error;
  }
  for (const giveUpAt = performance.now() + timeoutMs; performance.now() < giveUpAt; ) {
    if (!(await exists({ kubeConfig, path, ...aborting }))) return { gone: true, remainingPods: [] };
    await sleep(300, undefined, aborting);
  }
  const pods = await kubeRequest<KubeList<KubePod>>(kubeConfig, { path: `${path}/pods`, ...aborting });
  return { gone: false, remainingPods: (pods.items ?? []).map(({ metadata }) => metadata.name) };
}

async function exists(options: {
  readonly kubeConfig: KubeConfig;
  readonly path: string;
  readonly signal?: AbortSignal;
}) {
  const { kubeConfig, ...request } = options;
  try {
    await kubeRequest<KubeObject>(kubeConfig, request);
    return true;
  } catch (error) {
    if (error instanceof KubeApiError && error.status === 404) return false;
    throw error;
  }
}
