import type { DetectionChances } from '../model/verdict.ts';
import type { Sample } from './account.ts';
import { chanceToMeet, neededToMeet } from './sample-size.ts';

/** What a run could see, from the distances that were really achieved between requests. */
export interface Detection {
  /** Longest pause between the sending of two requests. */
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
  const sentMs = judgedRequests(samples, fromMs, toMs).map((request) => request.sentMs);
  const instants = [fromMs, ...sentMs, toMs];
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
 * The shortest full outage that was surely seen, wherever it lay between two instants: every longer one contained a
 * whole request, from its sending to its end, so that it can not have passed it by on the way. Where answers are
 * quick this is the longest pause and one answer more. Where the kernel sends a lost SYN again after a second and is
 * answered then, it is that second: an outage that is hidden like this raises the floor above itself.
 *
 *     sent     |    |    |         |    |
 *     ended     |    |    |         |    |
 *     unseen at worst      [---------)       from just after one was sent to the end of the next that ended
 */
export function detectionFloor(samples: readonly Sample[], fromMs: number, toMs: number): number {
  return longestWithFewer(1, judgedRequests(samples, fromMs, toMs), fromMs, toMs);
}

/**
 * The shortest outage of one of `endpoints` endpoints that meets a request with 99.9 % probability, in milliseconds.
 * Every new connection goes to an endpoint chosen at random, so an outage has to contain k whole requests, where
 * (1 - 1/endpoints)^k <= 0.001. Undefined where fewer than k were sent.
 */
export function partialDetectionFloor(
  samples: readonly Sample[],
  fromMs: number,
  toMs: number,
  endpoints: number,
): number | undefined {
  const needed = neededToMeet(endpoints, 1 - MISS_PROBABILITY);
  const requests = judgedRequests(samples, fromMs, toMs);
  return requests.length <= needed ? undefined : longestWithFewer(needed, requests, fromMs, toMs);
}

/** The longest stretch between two instants that does not contain so many whole requests. */
function longestWithFewer(
  needed: number,
  requests: readonly WholeRequest[],
  fromMs: number,
  toMs: number,
): number {
  let longestMs = 0;
  // From the last request to the first: `soonest` holds the ends of those `needed` sent later that ended first.
  const soonest: number[] = [];
  for (let index = requests.length; index >= 0; index--) {
    const beginMs = requests[index - 1]?.sentMs ?? fromMs;
    const next = requests[index];
    if (next) keepSmallest(soonest, next.endedMs, needed);
    const endMs = soonest.length < needed ? toMs : Math.min(toMs, soonest.at(-1) ?? toMs);
    longestMs = Math.max(longestMs, endMs - beginMs);
  }
  return longestMs;
}

/** Adds to an ascending list that holds no more than `size` numbers: the smallest. */
function keepSmallest(ascending: number[], value: number, size: number): void {
  if (ascending.length >= size && value >= (ascending.at(-1) ?? value)) return;
  let place = ascending.length;
  while (place > 0 && (ascending[place - 1] ?? 0) > value) place--;
  ascending.splice(place, 0, value);
  if (ascending.length > size) ascending.pop();
}

/** Lengths of outages that a report tells the chances of. */
const TOLD_LENGTHS_MS = [10, 50, 100, 500] as const;

/**
 * How likely an outage of one of `endpoints` endpoints was to meet a request, for some lengths, at the worst instant
 * for it to begin: where the fewest whole requests follow. So it says the same as `partialDetectionFloor`.
 */
export function detectionChances(
  samples: readonly Sample[],
  fromMs: number,
  toMs: number,
  endpoints: number,
): DetectionChances {
  const requests = judgedRequests(samples, fromMs, toMs);
  return {
    endpoints,
    chances: TOLD_LENGTHS_MS.map((lengthMs) => ({
      lengthMs,
      probability: chanceToMeet(fewestWithin(requests, { fromMs, toMs }, lengthMs), endpoints),
    })),
  };
}

/** The fewest whole requests in any stretch of this length within the bounds; 0 where it is longer than they are apart. */
function fewestWithin(requests: readonly WholeRequest[], { fromMs, toMs }: Gap, lengthMs: number): number {
  const byEnd = requests
    .map(({ endedMs }, index) => ({ endedMs, index }))
    .sort((a, b) => b.endedMs - a.endedMs);
  const isWithin = new Uint8Array(requests.length);
  let fewest = Number.POSITIVE_INFINITY;
  let within = 0;
  let tooLate = 0;
  // From the last start to the first, just after one was sent: the stretch ends ever sooner, and who ends after it once
  // is never within it again.
  for (let index = requests.length; index >= 0; index--) {
    const endMs = (requests[index - 1]?.sentMs ?? fromMs) + lengthMs;
    const next = requests[index];
    if (next) {
      isWithin[index] = 1;
      within++;
    }
    for (let late = byEnd[tooLate]; late && late.endedMs > endMs; late = byEnd[++tooLate]) {
      within -= isWithin[late.index] ?? 0;
      isWithin[late.index] = 0;
    }
    if (next && next.endedMs > endMs && isWithin[index] === 1) {
      isWithin[index] = 0;
      within--;
    }
    if (endMs <= toMs) fewest = Math.min(fewest, within);
  }
  return Number.isFinite(fewest) ? fewest : 0;
}

/** Length in milliseconds. */
export function lengthOf({ fromMs, toMs }: Gap): number {
  return toMs - fromMs;
}

interface WholeRequest {
  readonly sentMs: number;
  readonly endedMs: number;
}

/** Those that could be judged and were sent between two instants, in the order of sending. */
function judgedRequests(samples: readonly Sample[], fromMs: number, toMs: number): readonly WholeRequest[] {
  return samples
    .flatMap(({ sentMs, endedMs = Number.POSITIVE_INFINITY, end }) =>
      sentMs !== undefined &&
      sentMs >= fromMs &&
      sentMs <= toMs &&
      (end.end === 'ok' || end.end === 'dropped')
        ? [{ sentMs, endedMs }]
        : [],
    )
    .sort((a, b) => a.sentMs - b.sentMs);
}
