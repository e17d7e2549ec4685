import type { ResponseTimes } from '../model/verdict.ts';
import type { Sample } from './account.ts';

/**
 * From the scheduled instant to the complete answer, so that a prober that came late does not hide waiting.
 * Only answered requests count; undefined where there are none.
 */
export function responseTimes(samples: readonly Sample[]): ResponseTimes | undefined {
  const times = samples
    .flatMap(({ scheduledMs, endedMs, end }) =>
      end.end === 'ok' && endedMs !== undefined ? [endedMs - scheduledMs] : [],
    )
    .sort((a, b) => a - b);
  const maxMs = times.at(-1);
  if (maxMs === undefined) return undefined;
  return { count: times.length, p50Ms: quantile(times, 50), p99Ms: quantile(times, 99), maxMs };
}

/** Nearest rank: always a time that was really measured. */
function quantile(sorted: readonly number[], percent: number): number {
  return sorted[Math.ceil((sorted.length * percent) / 100) - 1] ?? 0;
}
