import { cpus, loadavg, release } from 'node:os';

/** The machine that figures are of, and how busy it is now: `4 × AMD EPYC, Linux 6.8, Node v24.1.0, load 0.12`. */
export function machineLine(): string {
  return `${cpus().length} × ${cpus()[0]?.model}, Linux ${release()}, Node ${process.version}, ${loadNow()}`;
}

/** The load of the last minute: `load 0.12`. */
export function loadNow(): string {
  return `load ${loadavg()[0]?.toFixed(2)}`;
}
