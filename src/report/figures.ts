import type { ResponseTimes } from '../model/verdict.ts';

/** `0.4 ms`, `13 ms`, `0.89 s`, `12.3 s`: as many digits as are worth reading. */
export function duration(ms: number): string {
  if (ms < 10) return `${trimmed(ms.toFixed(1))} ms`;
  if (ms < 500) return `${Math.round(ms)} ms`;
  return ms < 10_000 ? `${(ms / 1000).toFixed(2)} s` : `${(ms / 1000).toFixed(1)} s`;
}

/** `3 / 9 ms`, or `–` where nothing was answered. */
export function medianAndTail(times: ResponseTimes | undefined): string {
  return times ? `${duration(times.p50Ms)} / ${duration(times.p99Ms)}` : NOTHING;
}

/** Stands where there is no figure. */
export const NOTHING = '–';

function trimmed(figure: string): string {
  return figure.replace(/\.0$/, '');
}
