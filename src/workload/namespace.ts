import { setTimeout as sleep } from 'node:timers/promises';
import type { KubeConfig } from '@kubernetes/client-node';
import { EXIT_CODE_FINALIZER, OUR_LABEL } from '../model/our-objects.ts';
import { removeFinalizer } from '../platform/kube-finalizers.ts';
import type { KubeList, KubeObject } from '../platform/kube-objects.ts';
import { findKube, KubeApiError, type KubeRequest, kubeRequest } from '../platform/kube-request.ts';

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
  await kubeRequest(kubeConfig, {
    method: 'POST',
    path: '/api/v1/namespaces',
    body: {
      apiVersion: 'v1',
      kind: 'Namespace',
      metadata: { name: namespace, labels: OUR_LABEL },
    },
    signal,
  });
  const giveUpAt = performance.now() + 15_000;
  const path = `/api/v1/namespaces/${namespace}/serviceaccounts/default`;
  while (!(await findKube(kubeConfig, { path, signal }))) {
    // A cluster may be set up without it; then the pods' own ServiceAccount decides.
    if (performance.now() > giveUpAt) return;
    await sleep(100, undefined, { signal });
  }
}

/**
 * Deletes a namespace of ours and waits, for at most `timeoutMs`, until its pods and Services are really gone, so that
 * nothing of it takes part in what is measured next; the empty namespace itself ends a few seconds later. Pods have
 * `graceSeconds` to end, whatever they ask for; absent: what they ask for. Gives the names of the pods that are still
 * there.
 */
export async function removeNamespace({
  kubeConfig,
  namespace,
  signal,
  timeoutMs,
  graceSeconds,
}: NamespaceOptions & { readonly timeoutMs: number; readonly graceSeconds?: number }): Promise<{
  readonly gone: boolean;
  readonly remainingPods: readonly string[];
}> {
  const path = `/api/v1/namespaces/${namespace}`;
  // 409: its deletion is under way already.
  await remove(kubeConfig, { path }, [404, 409], signal);
  // The namespace controller waits some seconds before it begins. Nothing new can be created meanwhile.
  const query = graceSeconds === undefined ? undefined : { gracePeriodSeconds: String(graceSeconds) };
  const parts = [{ path: `${path}/pods`, ...(query && { query }) }, { path: `${path}/services` }];
  for (const part of parts) await remove(kubeConfig, part, [403, 404, 405], signal);
  const list = async (resource: string): Promise<readonly KubeObject[]> => {
    const request = { path: `${path}/${resource}`, signal };
    return (await kubeRequest<KubeList<KubeObject>>(kubeConfig, request)).items ?? [];
  };
  for (const giveUpAt = performance.now() + timeoutMs; ; ) {
    const [pods, services] = await Promise.all([list('pods'), list('services')]);
    const gone = pods.length === 0 && services.length === 0;
    if (gone || performance.now() >= giveUpAt) {
      return { gone, remainingPods: pods.map(({ metadata }) => metadata.name) };
    }
    for (const pod of pods) await letGo(kubeConfig, `${path}/pods`, pod, signal);
    await sleep(200, undefined, { signal });
  }
}

/** What ended before it could do so itself may have left our finalizer, by which a namespace never goes. */
async function letGo(
  kubeConfig: KubeConfig,
  pods: string,
  object: KubeObject,
  signal: AbortSignal | undefined,
): Promise<void> {
  if (!object.metadata.finalizers?.includes(EXIT_CODE_FINALIZER)) return;
  const path = `${pods}/${object.metadata.name}`;
  await removeFinalizer({ kubeConfig, path, object, finalizer: EXIT_CODE_FINALIZER, signal });
}

async function remove(
  kubeConfig: KubeConfig,
  what: Pick<KubeRequest, 'path' | 'query'>,
  tolerated: readonly number[],
  signal: AbortSignal | undefined,
): Promise<void> {
  try {
    await kubeRequest(kubeConfig, { ...what, method: 'DELETE', signal });
  } catch (error) {
    if (!(error instanceof KubeApiError) || !tolerated.includes(error.status)) throw error;
  }
}
