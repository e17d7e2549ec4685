/** How well arrivals keep to an even schedule. Milliseconds. */
export interface Pace {
  readonly arrived: number;
  readonly p50LateMs: number;
  readonly p99LateMs: number;
  readonly p999LateMs: number;
  readonly largestGapMs: number;
}

/**
 * Compares arrivals, in their order, with the even grid of the wanted rate that fits them best: the latest one that no
 * arrival comes before. It is fitted to each run, because when a tool began is its own affair, and how evenly it goes on
 * is not. The first tenth is left out for warming up.
 */
export function paceOf(arrivalsMs: readonly number[], ratePerSecond: number): Pace {
  const steady = arrivalsMs.slice(Math.floor(arrivalsMs.length / 10));
  const intervalMs = 1000 / ratePerSecond;
  const offsets = steady.map((ms, index) => ms - index * intervalMs);
  const startMs = offsets.reduce((least, ms) => Math.min(least, ms), Number.POSITIVE_INFINITY);
  const late = offsets.map((ms) => ms - startMs).sort((a, b) => a - b);
  const largestGapMs = steady.reduce(
    (largest, ms, index) => (index === 0 ? 0 : Math.max(largest, ms - (steady[index - 1] ?? ms))),
    0,
  );
  const at = (share: number) => late[Math.ceil(late.length * share) - 1] ?? Number.NaN;
  return {
    arrived: arrivalsMs.length,
    p50LateMs: at(0.5),
    p99LateMs: at(0.99),
    p999LateMs: at(0.999),
    largestGapMs,
  };
}
