// `npm run bench:rollout`: the longest pause between two requests during a real rollout on kind, of Rollproof and of
// vegeta, both at work in the same rollouts on the same machine, at the same rate. Each is taken at its own word for
// when it sent; how far that can be trusted is in the tables of `npm run bench`.
import { execFileSync, spawnSync } from 'node:child_process';
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { loadavg, tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { parseArgs } from 'node:util';
import { markdownTable } from 'markdown-table';
import type { RecordingEntry } from '../../src/model/recording.ts';
import { findPeers } from '../peers/find-peers.ts';

const { values } = parseArgs({
  options: { repeats: { type: 'string', default: '5' }, rate: { type: 'string', default: '200' } },
});
/** Longer than a restart of the app takes. */
const ATTACK_SECONDS = 20;
const folder = mkdtempSync(join(tmpdir(), 'rollproof-rollout-'));
const vegeta = join(findPeers().bin, 'vegeta');
const output = (run: number) => join(folder, `vegeta-${run}.bin`);

try {
  const rows: (readonly string[])[] = [];
  console.log(`load ${loadavg()[0]?.toFixed(2)}, ${values.rate} new connections/s each`);
  const report = join(folder, 'report');
  // One file per run: the command is the same for all of them, and counts what is there.
  const update = `node ${resolve('bench/rollout/update.ts')} ${vegeta} ${values.rate} ${ATTACK_SECONDS} ${folder}/vegeta-$(ls ${folder} | grep -c bin).bin`;
  const gate = spawnSync(
    process.execPath,
    [
      ...['dist/cli.js', 'run', '-f', 'test/e2e/apps/known-good.yaml', '--connection', 'new'],
      ...['--rate', values.rate, '--repeat', values.repeats, '--repeat-all', '--update', `command:${update}`],
      ...['-o', report],
    ],
    { stdio: ['ignore', 'inherit', 'inherit'] },
  );
  const recordings = readdirSync(join(report, 'recordings')).sort();
  for (const [run, name] of recordings.entries()) {
    const entries: readonly RecordingEntry[] = readFileSync(join(report, 'recordings', name), 'utf8')
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line));
    const header = entries.find((entry) => entry.kind === 'header');
    const mark = (wanted: string) =>
      entries.find((entry) => entry.kind === 'mark' && entry.mark === wanted) as { atMs: number } | undefined;
    const [from, to] = [mark('update-triggered')?.atMs, mark('old-pods-gone')?.atMs];
    if (!header || from === undefined || to === undefined) {
      console.log(`${name}: no whole rollout`);
      continue;
    }
    const startedMs = Date.parse(header.startedAt);
    const ours = entries.flatMap((entry) =>
      entry.kind === 'probe' && entry.stream === 'target' && entry.sentMs !== undefined ? [entry.sentMs] : [],
    );
    const theirs = execFileSync(vegeta, ['encode', '-to', 'json', output(run)], {
      encoding: 'utf8',
      maxBuffer: 1 << 28,
    })
      .trim()
      .split('\n')
      .map((line) => millisecondsOf(JSON.parse(line).timestamp) - startedMs);
    // From the first request of the one that came later, to the end of the one that ended sooner.
    const window = [Math.max(from, Math.min(...theirs)), Math.min(to, Math.max(...theirs))] as const;
    rows.push([
      `${run + 1}`,
      ((window[1] - window[0]) / 1000).toFixed(1),
      largestGap(ours, ...window),
      largestGap(theirs, ...window),
    ]);
  }
  console.log(
    markdownTable([['run', 'rollout, s', 'rollproof, ms', 'vegeta, ms'], ...rows], {
      align: ['l', 'r', 'r', 'r'],
    }),
  );
  console.log(`gate's exit code ${gate.status}`);
} finally {
  rmSync(folder, { recursive: true });
}

/** The fraction goes to the nanosecond; a Date reads three digits of it. */
function millisecondsOf(timestamp: string): number {
  const [, fraction = '0'] = /\.(\d+)/.exec(timestamp) ?? [];
  const wholeMs = Date.parse(timestamp.replace(/\.\d+/, ''));
  return wholeMs + Number(`0.${fraction}`) * 1000;
}

function largestGap(instants: readonly number[], fromMs: number, toMs: number): string {
  const within = instants.filter((ms) => ms >= fromMs && ms <= toMs).sort((a, b) => a - b);
  return within
    .reduce((largest, ms, index) => (index === 0 ? 0 : Math.max(largest, ms - (within[index - 1] ?? ms))), 0)
    .toFixed(1);
}
