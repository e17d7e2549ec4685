import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { KubeConfig } from '@kubernetes/client-node';
import { OUR_LABEL } from '../../model/our-objects.ts';
import type { KubeList, KubeObject, KubePod } from '../../platform/kube-objects.ts';
import { kubeRequest, kubeText } from '../../platform/kube-request.ts';
import { labelSelector } from '../../platform/label-selector.ts';

const LIMIT_MS = 30_000;
/** Per container; the end of a log tells most. */
const TAIL_LINES = '2000';

/**
 * Saves events and container logs of the namespaces Rollproof has made, one folder each; nothing of anyone else's.
 * Never throws, and takes no longer than half a minute.
 */
export async function saveOurLogs(kubeConfig: KubeConfig, directory: string): Promise<void> {
  try {
    const signal = AbortSignal.timeout(LIMIT_MS);
    const query = { labelSelector: labelSelector({ matchLabels: OUR_LABEL }) };
    const list = await kubeRequest<KubeList<KubeObject>>(kubeConfig, {
      path: '/api/v1/namespaces',
      query,
      signal,
    });
    for (const { metadata } of list.items ?? [])
      await saveNamespace(kubeConfig, { namespace: metadata.name, directory, signal });
  } catch {
    // Logs are a help in a failure that has its own message; their absence must not hide it.
  }
}

async function saveNamespace(
  kubeConfig: KubeConfig,
  {
    namespace,
    directory,
    signal,
  }: { readonly namespace: string; readonly directory: string; readonly signal: AbortSignal },
): Promise<void> {
  const folder = join(directory, namespace);
  await mkdir(folder, { recursive: true });
  const base = `/api/v1/namespaces/${namespace}`;
  const events = await kubeRequest<KubeList<KubeObject>>(kubeConfig, { path: `${base}/events`, signal });
  await writeFile(join(folder, 'events.json'), JSON.stringify(events.items ?? [], undefined, 2));
  const pods = await kubeRequest<KubeList<KubePod>>(kubeConfig, { path: `${base}/pods`, signal });
  for (const { metadata, spec } of pods.items ?? []) {
    for (const { name } of [...(spec.initContainers ?? []), ...spec.containers]) {
      const query = { container: name, tailLines: TAIL_LINES };
      const path = `${base}/pods/${metadata.name}/log`;
      const text = await kubeText(kubeConfig, { path, query, signal }).catch((error: Error) => error.message);
      await writeFile(join(folder, `${metadata.name}_${name}.log`), text);
    }
  }
}
