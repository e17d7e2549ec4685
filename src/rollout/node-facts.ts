import type { NodeShell } from '../cluster/cluster-provider.ts';
import type { ProcessFact, ProxyFact, RecordingEntry } from '../model/recording.ts';

export interface NodeFactsOptions {
  /** Undefined where nodes are out of reach: then nothing is emitted. */
  readonly nodeShell: NodeShell | undefined;
  readonly nodes: readonly string[];
  readonly namespace: string;
  /** Milliseconds since the recording opened. */
  clock(): number;
  emit(entry: RecordingEntry): void;
}

/**
 * Emits what only nodes know: how the processes of the workload stand to SIGTERM (`process`). Asked before anything is
 * probed, because asking takes processor time. Never fails: a node that does not say has said nothing.
 */
export async function emitProcesses(options: NodeFactsOptions): Promise<void> {
  const output = await askAll(options, ['sh', '-c', PROCESSES, 'sh', options.namespace]);
  for (const [, text] of output) {
    for (const fact of parseProcesses(text)) options.emit({ ...fact, atMs: options.clock() });
  }
}

/** Emits kube-proxy's own figures (`proxy`), where there is one. Asked before and after the measurement. Never fails. */
export async function emitProxyFigures(options: NodeFactsOptions): Promise<void> {
  const output = await askAll(options, ['sh', '-c', FIGURES]);
  for (const [node, text] of output) {
    const figures = parseProxyFigures(text);
    if (figures) options.emit({ ...figures, node, atMs: options.clock() });
  }
}

/**
 * One line for each container, then what the kernel knows of its first process. The pods of a Deployment are alike: a
 * few containers of each node tell about all.
 */
const PROCESSES = `crictl ps --quiet --state Running --label "io.kubernetes.pod.namespace=$1" | head -n 6 |
while read -r id; do
  crictl inspect --output go-template --template \\
    '{{index .status.labels "io.kubernetes.pod.name"}} {{index .status.labels "io.kubernetes.container.name"}} {{.info.pid}}' \\
    "$id" | while read -r pod container pid; do
      echo "container $pod $container"
      grep -E '^(NSpid|SigBlk|SigIgn|SigCgt):' "/proc/$pid/status"
    done
done`;

/** kube-proxy serves these on every node, and to the node only. */
const FIGURES = `curl --silent --max-time 2 http://127.0.0.1:10249/metrics | grep -E \
'^kubeproxy_(sync_proxy_rules_duration_seconds_(sum|count)|network_programming_duration_seconds_bucket)'`;

async function askAll({ nodeShell, nodes }: NodeFactsOptions, argv: readonly string[]) {
  if (!nodeShell) return [];
  return await Promise.all(
    nodes.map(async (node): Promise<readonly [string, string]> => {
      try {
        return [node, await nodeShell.run(node, argv)];
      } catch {
        return [node, ''];
      }
    }),
  );
}

const SIGTERM_BIT = 1n << 14n;

/** Reads what `PROCESSES` prints. */
export function parseProcesses(text: string): readonly Omit<ProcessFact, 'atMs'>[] {
  return text
    .split(/^container /m)
    .slice(1)
    .flatMap((part) => {
      const [, pod, container] = /^(\S+) (\S+)$/m.exec(part) ?? [];
      const has = (name: string) => {
        const mask = new RegExp(`^${name}:\\s*([0-9a-f]+)$`, 'm').exec(part)?.[1];
        return mask === undefined ? undefined : (BigInt(`0x${mask}`) & SIGTERM_BIT) !== 0n;
      };
      const caught = has('SigCgt');
      const processId = /^NSpid:.*?(\d+)$/m.exec(part)?.[1];
      if (pod === undefined || container === undefined || caught === undefined || processId === undefined)
        return [];
      const sigterm = caught || has('SigBlk') ? 'caught' : has('SigIgn') ? 'ignored' : 'default';
      return [{ kind: 'process', pod, container, sigterm, first: processId === '1' } as const];
    });
}

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
