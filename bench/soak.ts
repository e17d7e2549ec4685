// `npm run bench:soak`: probes the meter for a long time with one request in a hundred failing, and looks at the
// memory of every process of ours. `--minutes 60 --rate 1000 --connection keep-alive`.
import { spawn } from 'node:child_process';
import { mkdtempSync, readdirSync, readFileSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { parseArgs } from 'node:util';
import { markdownTable } from 'markdown-table';
import { startMeter } from './peers/meter.ts';

const { values } = parseArgs({
  options: {
    minutes: { type: 'string', default: '60' },
    rate: { type: 'string', default: '1000' },
    connection: { type: 'string', default: 'keep-alive' },
    keep: { type: 'string' },
  },
});
const RESET_EVERY = 100;
const SAMPLE_MS = 5_000;
const folder = values.keep ?? mkdtempSync(join(tmpdir(), 'rollproof-soak-'));

await using meter = await startMeter();
meter.begin(RESET_EVERY);
const cli = spawn(
  process.execPath,
  [
    ...['dist/cli.js', 'probe', meter.url, '--rate', values.rate, '--duration', `${values.minutes}m`],
    ...['--connection', values.connection, '--timeout', '1s', '-o', folder],
  ],
  { stdio: ['ignore', 'ignore', 'inherit'] },
);
const ended = new Promise<number | null>((resolve) => cli.on('exit', resolve));
const startedMs = performance.now();
const untilMs = startedMs + Number(values.minutes) * 60_000;
/** Resident memory by process, in MiB, one figure every few seconds while requests are sent. */
const memory = new Map<
  number,
  { readonly name: string; readonly samples: { atMs: number; mib: number }[] }
>();

while (performance.now() < untilMs) {
  await sleep(SAMPLE_MS);
  if (cli.exitCode !== null || cli.pid === undefined) break;
  for (const [name, pid] of [
    ['gate', cli.pid] as const,
    ...childrenOf(cli.pid).map((id) => ['prober', id] as const),
  ]) {
    const mib = residentMib(pid);
    if (mib === undefined) continue;
    const entry = memory.get(pid) ?? { name, samples: [] };
    memory.set(pid, entry);
    entry.samples.push({ atMs: performance.now() - startedMs, mib });
  }
}
const code = await ended;
const ledger = await meter.end();

const minute = (samples: readonly { atMs: number; mib: number }[], from: number, to: number) =>
  median(samples.filter(({ atMs }) => atMs >= from * 60_000 && atMs < to * 60_000).map(({ mib }) => mib));
const last = Number(values.minutes);
const settled = Math.min(5, last / 2);
const rows = [...memory.values()].map(({ name, samples }) => [
  name,
  Math.max(...samples.map(({ mib }) => mib)).toFixed(1),
  minute(samples, settled - 1, settled).toFixed(1),
  minute(samples, last - 1, last).toFixed(1),
]);
// First what cannot be had again: an hour is long.
console.log(
  markdownTable([['process', 'most, MiB', `minute ${settled}, MiB`, `minute ${last}, MiB`], ...rows], {
    align: ['l', 'r', 'r', 'r'],
  }),
);
const result = JSON.parse(readFileSync(join(folder, 'result.json'), 'utf8'));
const { requests, outages, outagesLeftOut = 0 } = result.scenarios[0].runs[0];
console.log(
  `${values.minutes} min at ${values.rate}/s, ${values.connection}, exit code ${code}: ${JSON.stringify(requests)}; the meter reset ${ledger.resets}; ${outages.length} outages and ${outagesLeftOut} more`,
);
console.log(
  readdirSync(folder)
    .map((name) => `${name} ${(statSync(join(folder, name)).size / 1024).toFixed(0)} KiB`)
    .join(', '),
);

function childrenOf(pid: number): readonly number[] {
  try {
    return readFileSync(`/proc/${pid}/task/${pid}/children`, 'utf8')
      .trim()
      .split(' ')
      .filter(Boolean)
      .map(Number);
  } catch {
    return [];
  }
}

function residentMib(pid: number): number | undefined {
  try {
    const [, kib] = /VmRSS:\s+(\d+) kB/.exec(readFileSync(`/proc/${pid}/status`, 'utf8')) ?? [];
    return kib === undefined ? undefined : Number(kib) / 1024;
  } catch {
    return undefined;
  }
}

function median(figures: readonly number[]): number {
  return figures.toSorted((a, b) => a - b)[Math.floor(figures.length / 2)] ?? Number.NaN;
}
