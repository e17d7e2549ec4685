import { spawn } from 'node:child_process';
import { monotonicMs } from '../../src/prober/program/monotonic-clock.ts';
import type { Ledger, Meter } from './meter.ts';
import type { Load, Report, Tool } from './tools.ts';

/** One run of one tool, as the meter saw it and as the tool tells it. */
export interface Run {
  readonly ledger: Ledger;
  readonly report: Report;
  /** Processor time of the tool and all its processes, as a share of one core over the load's time. */
  readonly cores: number;
  /** From the start of the process to the first request's arrival. */
  readonly startMs: number;
}

/** Longer than any load: a tool that hangs is ended. */
const SPARE_MS = 30_000;

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
