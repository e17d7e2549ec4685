import type { Sample } from './account.ts';

/** What a run could see, from the distances that were really achieved between requests. */
export interface Detection {
  /** Longest pause between two requests. A full outage that is longer met at least one request: it was seen. */
  readonly largestGapMs: number;
  readonly largestGap: Gap;
  /** All pauses, in order. */
  readonly gaps: readonly Gap[];
}

export interface Gap {
  readonly fromMs: number;
  readonly toMs: number;
}

/** How likely an outage of one of several endpoints must be to meet a request: 99.9 %. */
const MISS_PROBABILITY = 0.001;

/**
 * The pauses between requests that could be judged, from one instant to another. The stretches before the first
 * and after the last request count as well, so that no request at all is one pause over the whole time.
 */
export function detect(samples: readonly Sample[], fromMs: number, toMs: number): Detection {
  const instants = [fromMs, ...judgedSendTimes(samples, fromMs, toMs), toMs];
  const gaps = instants
    .slice(1)
    .map((instant, index) => ({ fromMs: instants[index] ?? fromMs, toMs: instant }));
  const largestGap = gaps.reduce((largest, gap) => (lengthOf(gap) > lengthOf(largest) ? gap : largest), {
    fromMs,
    toMs: fromMs,
  });
  return { largestGapMs: lengthOf(largestGap), largestGap, gaps };
}

/**
 * The shortest outage of one of `endpoints` endpoints that meets a request with 99.9 % probability, in milliseconds.
 * Every new connection goes to an endpoint chosen at random, so an outage has to last for k requests, where
 * (1 - 1/endpoints)^k <= 0.001. Undefined where fewer than k were sent.
 */
export function partialDetectionFloor(
  samples: readonly Sample[],
  fromMs: number,
  toMs: number,
  endpoints: number,
): number | undefined {
  const needed = endpoints <= 1 ? 1 : Math.ceil(Math.log(MISS_PROBABILITY) / Math.log(1 - 1 / endpoints));
  const times = judgedSendTimes(samples, fromMs, toMs);
  if (times.length <= needed) return undefined;
  let longest = 0;
  for (let index = needed; index < times.length; index++) {
    longest = Math.max(longest, (times[index] ?? 0) - (times[index - needed] ?? 0));
  }
  return longest;
}

/** Length in milliseconds. */
export function lengthOf({ fromMs, toMs }: Gap): number {
  return toMs - fromMs;
}

function judgedSendTimes(samples: readonly Sample[], fromMs: number, toMs: number): readonly number[] {
  return samples
    .flatMap(({ sentMs, end }) =>
      sentMs !== undefined &&
      sentMs >= fromMs &&
      sentMs <= toMs &&
      (end.end === 'ok' || end.end === 'dropped')
        ? [sentMs]
        : [],
    )
    .sort((a, b) => a - b);
}
