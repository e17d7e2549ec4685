import { describe, expect, it } from 'vitest';
import type { NodeShell } from '../../src/cluster/cluster-provider.ts';
import type { RecordingEntry } from '../../src/model/recording.ts';
import { spawn } from '../../src/platform/process.ts';
import { watchRoutes } from '../../src/rollout/route-watch.ts';

/** A "node" whose conntrack is a shell function; everything else is the program that runs on real nodes. */
function nodeWith(conntrack: string): NodeShell {
  return {
    run: () => Promise.reject(new Error('not used')),
    copyTo: () => Promise.reject(new Error('not used')),
    spawn: (_, argv) => {
      const program = argv.at(-1)?.replace('exec conntrack', 'conntrack') ?? '';
      return spawn('sh', ['-c', `conntrack() { ${conntrack}; }\n${program}`]);
    },
  };
}

const line = (destination: string, port: number, sourcePort: number, pod: string) =>
  `    [NEW] tcp      6 120 SYN_SENT src=172.18.0.1 dst=${destination} sport=${sourcePort} dport=${port} [UNREPLIED] src=${pod} dst=172.18.0.3 sport=80 dport=${sourcePort}`;

const streams = [
  { id: 'target', address: '172.18.0.3', port: 31_000 },
  { id: 'steady', address: '172.18.0.3', port: 31_001 },
];

async function collect(nodeShell: NodeShell | undefined, wanted: number): Promise<readonly RecordingEntry[]> {
  const entries: RecordingEntry[] = [];
  const enough = Promise.withResolvers<void>();
  const emit = (entry: RecordingEntry) => {
    entries.push(entry);
    if (entries.length === wanted) enough.resolve();
  };
  await using _ = await watchRoutes({ nodeShell, nodes: ['worker'], streams, clock: () => 7, emit });
  await enough.promise;
  return entries;
}

describe('watching routes', () => {
  it('tells for each connection of ours the pod it was sent to, and nothing of others', async () => {
    const lines = [
      line('172.18.0.3', 31_000, 20_000, '10.244.1.2'),
      line('172.18.0.3', 6443, 55_555, '172.18.0.3'),
      line('172.18.0.2', 31_000, 20_001, '10.244.1.2'),
      line('172.18.0.3', 31_001, 20_002, '10.244.0.9'),
    ];
    const node = nodeWith(`printf '%s\\n' ${lines.map((one) => `'${one}'`).join(' ')}; exec sleep 20`);
    expect(await collect(node, 2)).toEqual([
      { kind: 'route', atMs: 7, stream: 'target', localPort: 20_000, podAddress: '10.244.1.2' },
      { kind: 'route', atMs: 7, stream: 'steady', localPort: 20_002, podAddress: '10.244.0.9' },
    ]);
  });

  it('says so once where the tool is missing on the node', async () => {
    const entries = await collect(nodeWith('echo "conntrack: not found"; exit 127'), 1);
    expect(entries).toEqual([
      expect.objectContaining({
        kind: 'note',
        level: 'warning',
        subject: 'route-source',
        text: expect.stringContaining('not found'),
      }),
    ]);
  });

  it('says so where nodes are out of reach', async () => {
    expect(await collect(undefined, 1)).toMatchObject([
      { kind: 'note', level: 'info', subject: 'route-source' },
    ]);
  });
});
