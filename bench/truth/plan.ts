import { type Fate, fateNumber, PLANNED_SINGLY, type UnseenFate } from './fates.ts';
import { pickDifferent, seededRandom, shuffled } from './random.ts';

/** What the server does to which request, counted from 0 in the order of arrival. Made before the first one arrives. */
export interface Plan {
  /** Number of each arrival's fate; arrivals beyond the end are answered. */
  readonly fates: Uint8Array;
  /** Stretches in which connections are not accepted, by the arrival that begins them. */
  readonly closures: ReadonlyMap<number, Closure>;
  /** How long an answer takes that is slow and still in time. */
  readonly slowMs: number;
}

export interface Closure {
  readonly fate: UnseenFate;
  readonly lengthMs: number;
}

export interface PlanWish {
  readonly seed: number;
  readonly requests: number;
  /** Requests with a fate of their own that is no answer. */
  readonly drops: number;
  readonly fates?: readonly Fate[];
  readonly slowMs: number;
  /** Answers that are slow but in time: not to be told as drops. */
  readonly slow: number;
  readonly closures: readonly { readonly closure: Closure; readonly times: number }[];
}

/**
 * A reset at accept takes the next connection; at the very end there may be none any more. A closure needs requests
 * after it for the same reason.
 */
const LAST_SHARE = 0.98;

/** Spreads the wished fates over the arrivals by chance; equal wishes give equal plans. */
export function makePlan(wish: PlanWish): Plan {
  const random = seededRandom(wish.seed);
  const kinds = wish.fates ?? PLANNED_SINGLY;
  const single: readonly Fate[] = Array.from(
    { length: wish.drops },
    // A single needle is of another kind with every seed.
    (_, index) => kinds[(index + wish.seed) % kinds.length] ?? 'reset',
  );
  const closures = wish.closures.flatMap(({ closure, times }) =>
    Array.from({ length: times }, () => closure),
  );
  const wanted = shuffled<Fate | Closure>(
    [...single, ...Array.from({ length: wish.slow }, () => 'answered-slowly' as const), ...closures],
    random,
  );
  const fates = new Uint8Array(wish.requests);
  const begin = new Map<number, Closure>();
  const places = pickDifferent(wanted.length, Math.floor(wish.requests * LAST_SHARE), random);
  for (const [index, what] of wanted.entries()) {
    const place = places[index] ?? 0;
    if (typeof what === 'string') fates[place] = fateNumber(what);
    else begin.set(place, what);
  }
  return { fates, closures: begin, slowMs: wish.slowMs };
}

export const NOTHING_PLANNED: Plan = { fates: new Uint8Array(0), closures: new Map(), slowMs: 0 };
