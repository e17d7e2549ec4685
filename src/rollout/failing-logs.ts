import type { Cluster } from '../cluster/cluster-provider.ts';
import type { PodFact, RecordingEntry } from '../model/recording.ts';
import { kubeText } from '../platform/kube-request.ts';

const LINES = 20;
const CHARACTERS = 4_000;

export interface FailingLogsOptions {
  readonly cluster: Pick<Cluster, 'kubeConfig'>;
  readonly namespace: string;
  clock(): number;
  emit(entry: RecordingEntry): void;
  readonly signal: AbortSignal;
}

/** Emits the last lines that the crashed containers of a pod printed, as notes (`container-log`). Never fails. */
export async function noteFailingLogs(options: FailingLogsOptions, pod: PodFact | undefined): Promise<void> {
  const { cluster, namespace, clock, emit, signal } = options;
  for (const { name: container, last, state } of pod?.containers ?? []) {
    if (!last || state === 'running') continue;
    try {
      const log = await kubeText(cluster.kubeConfig, {
        path: `/api/v1/namespaces/${namespace}/pods/${pod?.name}/log`,
        query: { container, previous: String(state !== 'terminated'), tailLines: String(LINES) },
        timeoutMs: 5_000,
        signal,
      });
      if (log.trim() === '') continue;
      const text = `last lines of container ${container} of pod ${pod?.name}:\n${log.trimEnd().slice(-CHARACTERS)}`;
      emit({ kind: 'note', atMs: clock(), level: 'info', subject: 'container-log', text });
    } catch {
      // The pod may be gone by now; its exit code is in the facts already.
    }
  }
}
