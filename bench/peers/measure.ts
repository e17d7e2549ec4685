import { spawn } from 'node:child_process';
import { createInterface } from 'node:readline';
import { monotonicMs } from '../../src/prober/program/monotonic-clock.ts';
import { makeRealTime } from '../../src/prober/vantage/real-time.ts';
import { buildMeter } from './find-peers.ts';
import type { Load, Report, Tool } from './tools.ts';

/** What the meter saw between `begin` and `end`. */
export interface Ledger {
  /** When the kernel received each request, milliseconds of the monotonic clock, in order. */
  readonly arrivalsMs: readonly number[];
  readonly connections: number;
  readonly resets: number;
  /** Share of one core that the meter itself used: where it is high, the meter is what was measured. */
  readonly busy: number;
}

/** One run of one tool, as the meter saw it and as the tool tells it. */
export interface Run {
  readonly ledger: Ledger;
  readonly report: Report;
  /** Processor time of the tool and all its processes, as a share of one core over the load's time. */
  readonly cores: number;
  /** From the start of the process to the first request's arrival. */
  readonly startMs: number;
}

/** The meter, running. */
export interface Meter extends AsyncDisposable {
  readonly url: string;
  begin(resetEvery: number): void;
  end(): Promise<Ledger>;
}

/** Longer than any load: a tool that hangs is ended. */
const SPARE_MS = 30_000;

/** Builds the meter and starts it in a session of its own. */
export async function startMeter(): Promise<Meter> {
  const child = spawn(buildMeter(), { stdio: ['pipe', 'pipe', 'inherit'], detached: true });
  const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
  const next = async (): Promise<string> => {
    const { value, done } = await lines.next();
    if (done) throw new Error('the meter has ended');
    return value;
  };
  const port = Number((await next()).replace('listening ', ''));
  // What it waits for is no part of an arrival, but of an answer. Where it is not permitted it waits like the others.
  await makeRealTime(child.pid);
  return {
    url: `http://127.0.0.1:${port}/`,
    begin: (resetEvery) => void child.stdin.write(`begin ${resetEvery}\n`),
    async end() {
      child.stdin.write('end\n');
      const ledger: Ledger = JSON.parse(await next());
      return { ...ledger, arrivalsMs: ledger.arrivalsMs.toSorted((a, b) => a - b) };
    },
    async [Symbol.asyncDispose]() {
      child.stdin.end();
    },
  };
}

/** Lets a tool send a load to the meter. */
export async function measure(
  tool: Tool,
  meter: Meter,
  load: Omit<Load, 'url'>,
  resetEvery = 0,
): Promise<Run | undefined> {
  const command = tool.command({ ...load, url: meter.url });
  if (command === undefined) return undefined;
  meter.begin(resetEvery);
  const startedMs = monotonicMs();
  const { output, cpuSeconds } = await run(command, load.seconds * 1000 + SPARE_MS);
  const ledger = await meter.end();
  const report = tool.report(output);
  return {
    ledger,
    report,
    cores: cpuSeconds / load.seconds,
    startMs: (ledger.arrivalsMs[0] ?? Number.NaN) - (report.startedMs ?? startedMs),
  };
}

/**
 * Runs a command in a shell whose `times` tells, last of all, the processor time of everything it started. All of that
 * is ended at the limit, and when it is aborted.
 */
export function run(
  command: string,
  limitMs: number,
  signal?: AbortSignal,
): Promise<{ readonly output: string; readonly cpuSeconds: number }> {
  return new Promise((resolve, reject) => {
    const child = spawn('/bin/sh', ['-c', `${command}\nstatus=$?\ntimes >&2\nexit $status`], {
      stdio: ['ignore', 'pipe', 'pipe'],
      detached: true,
    });
    const end = () => {
      if (child.pid !== undefined && child.exitCode === null) process.kill(-child.pid, 'SIGKILL');
    };
    const timer = setTimeout(end, limitMs);
    signal?.addEventListener('abort', end, { once: true });
    let output = '';
    let errors = '';
    child.stdout.on('data', (chunk) => {
      output += chunk;
    });
    child.stderr.on('data', (chunk) => {
      errors = (errors + chunk).slice(-2_000);
    });
    child.on('error', reject);
    child.on('close', (code) => {
      clearTimeout(timer);
      signal?.removeEventListener('abort', end);
      const children = /(\d+)m([\d.]+)s (\d+)m([\d.]+)s\s*$/.exec(errors);
      if (code !== 0 || !children) return reject(new Error(`exit code ${code}: ${errors.slice(0, 500)}`));
      const [, userMinutes, userSeconds, systemMinutes, systemSeconds] = children.map(Number);
      resolve({
        output,
        cpuSeconds:
          60 * ((userMinutes ?? 0) + (systemMinutes ?? 0)) + (userSeconds ?? 0) + (systemSeconds ?? 0),
      });
    });
  });
}
