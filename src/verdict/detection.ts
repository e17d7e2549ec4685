import type { DetectionChances } from '../model/verdict.ts';
import type { Sample } from './account.ts';
import { chanceToMeet, neededToMeet } from './sample-size.ts';

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
  const needed = neededToMeet(endpoints, 1 - MISS_PROBABILITY);
  const times = judgedSendTimes(samples, fromMs, toMs);
  if (times.length <= needed) return undefined;
  let longest = 0;
  for (let index = needed; index < times.length; index++) {
    longest = Math.max(longest, (times[index] ?? 0) - (times[index - needed] ?? 0));
  }
  return longest;
}

/** Lengths of outages that a report tells the chances of. */
const TOLD_LENGTHS_MS = [10, 50, 100, 500] as const;

/**
 * How likely an outage of one of `endpoints` endpoints was to meet a request, for some lengths, at the worst instant
 * for it to begin: just after a request was sent, where the fewest follow.
 */
export function detectionChances(
  samples: readonly Sample[],
  fromMs: number,
  toMs: number,
  endpoints: number,
): DetectionChances {
  const times = judgedSendTimes(samples, fromMs, toMs);
  return {
    endpoints,
    chances: TOLD_LENGTHS_MS.map((lengthMs) => ({
      lengthMs,
      probability: chanceToMeet(fewestWithin(times, { fromMs, toMs }, lengthMs), endpoints),
    })),
  };
}

/** The fewest requests in any stretch of this length within the bounds; 0 where it is longer than they are apart. */
function fewestWithin(times: readonly number[], { fromMs, toMs }: Gap, lengthMs: number): number {
  let fewest = Number.POSITIVE_INFINITY;
  let next = 0;
  for (const [index, startMs] of [fromMs, ...times].entries()) {
    const endMs = startMs + lengthMs;
    if (endMs > toMs) break;
    // Index 0 is the bound itself: before it no request has been sent.
    while (next < times.length && (times[next] ?? 0) < endMs) next++;
    fewest = Math.min(fewest, next - index);
  }
  return Number.isFinite(fewest) ? fewest : 0;
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
