import type { NodeShell } from '../cluster/cluster-provider.ts';
import type { ProxyFact, RecordingEntry } from '../model/recording.ts';

export interface ProxyFiguresOptions {
  /** Undefined where nodes are out of reach: then nothing is emitted. */
  readonly nodeShell: NodeShell | undefined;
  readonly nodes: readonly string[];
  /** Milliseconds since the recording opened. */
  clock(): number;
  emit(entry: RecordingEntry): void;
}

/** Emits kube-proxy's own figures (`proxy`), where there is one. Asked before and after the measurement. Never fails. */
export async function emitProxyFigures({
  nodeShell,
  nodes,
  clock,
  emit,
}: ProxyFiguresOptions): Promise<void> {
  if (!nodeShell) return;
  await Promise.all(
    nodes.map(async (node) => {
      const text = await nodeShell.run(node, ['sh', '-c', FIGURES]).catch(() => '');
      const figures = parseProxyFigures(text);
      if (figures) emit({ ...figures, node, atMs: clock() });
    }),
  );
}

/** kube-proxy serves these on every node, and to the node only. */
const FIGURES = `curl --silent --max-time 2 http://127.0.0.1:10249/metrics | grep -E \
'^kubeproxy_(sync_proxy_rules_duration_seconds_(sum|count)|network_programming_duration_seconds_bucket)'`;

/** Reads kube-proxy's metrics; undefined where there are none. The figures of all IP families are added up. */
export function parseProxyFigures(text: string): Omit<ProxyFact, 'atMs' | 'node'> | undefined {
  const sum = (name: string) => {
    const values = [...text.matchAll(new RegExp(`^${name}(?:\\{[^}]*\\})? (\\S+)$`, 'gm'))];
    return values.length === 0 ? undefined : values.reduce((total, [, value]) => total + Number(value), 0);
  };
  const syncs = sum('kubeproxy_sync_proxy_rules_duration_seconds_count');
  const syncSeconds = sum('kubeproxy_sync_proxy_rules_duration_seconds_sum');
  if (syncs === undefined || syncSeconds === undefined) return undefined;
  const buckets = new Map<number, number>();
  const pattern =
    /^kubeproxy_network_programming_duration_seconds_bucket\{[^}]*le="([\d.]+)"[^}]*\} (\d+)$/gm;
  for (const [, bound, count] of text.matchAll(pattern)) {
    buckets.set(Number(bound), (buckets.get(Number(bound)) ?? 0) + Number(count));
  }
  const most = Math.max(...buckets.values());
  const sorted = [...buckets]
    .toSorted(([a], [b]) => a - b)
    .map(([withinSeconds, count]) => ({ withinSeconds, count }));
  // What comes after the bound that holds for all says nothing more.
  const programmed = sorted.slice(0, sorted.findIndex(({ count }) => count === most) + 1);
  return { kind: 'proxy', syncs, syncSeconds, programmed };
}
