import { readFileSync } from 'node:fs';
import { cpus, loadavg, release } from 'node:os';

/** The machine that figures are of, and how busy it is now: `4 × AMD EPYC, Linux 6.8, Node v24.1.0, load 0.12`. */
export function machineLine(): string {
  return `${cpus().length} × ${cpus()[0]?.model}, Linux ${release()}, Node ${process.version}, ${loadNow()}`;
}

/** The load of the last minute: `load 0.12`. */
export function loadNow(): string {
  return `load ${loadavg()[0]?.toFixed(2)}`;
}

/**
 * Begins to look at what a virtual machine's host gives to others. The function that it returns says how much that was
 * since: `stolen 1.3 %`. Figures are of the machine only where that is next to nothing.
 */
export function watchStolen(): () => string {
  const began = processorTimes();
  return () => {
    const now = processorTimes();
    if (!began || !now || now.all === began.all) return 'stolen: not told';
    return `stolen ${((100 * (now.stolen - began.stolen)) / (now.all - began.all)).toFixed(1)} %`;
  };
}

/** Ticks of all processors since the start. By `proc_stat(5)` the eighth figure is what was stolen; later ones are in the first two. */
function processorTimes(): { readonly all: number; readonly stolen: number } | undefined {
  try {
    const ticks = (readFileSync('/proc/stat', 'utf8').split('\n', 1)[0] ?? '')
      .trim()
      .split(/\s+/)
      .slice(1, 9)
      .map(Number);
    return { all: ticks.reduce((sum, tick) => sum + tick, 0), stolen: ticks[7] ?? 0 };
  } catch {
    return undefined;
  }
}
