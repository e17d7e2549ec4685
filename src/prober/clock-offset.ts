/** What turns the prober's clock into ours: `ours = prober's - offsetMs`, right to within `uncertaintyMs`. */
export interface ClockOffset {
  readonly offsetMs: number;
  readonly uncertaintyMs: number;
}

/** One question for the time: our clock before and after, the prober's in between. */
export interface ClockSample {
  readonly askedMs: number;
  readonly answeredMs: number;
  readonly proberMs: number;
}

/** The same kernel's clock needs no estimate. */
export const SAME_CLOCK: ClockOffset = { offsetMs: 0, uncertaintyMs: 0 };

/**
 * The offset from the sample with the shortest round trip: the answer was given somewhere within that trip, so half
 * of it bounds the error. Throws where there is no sample.
 */
export function estimateClockOffset(samples: readonly ClockSample[]): ClockOffset {
  const best = samples.reduce((a, b) => (roundTripMs(b) < roundTripMs(a) ? b : a));
  const uncertaintyMs = roundTripMs(best) / 2;
  return { offsetMs: best.proberMs - (best.askedMs + uncertaintyMs), uncertaintyMs };
}

/** True where the sample allows both clocks to be one: the answer lies between question and receipt. */
export function mayBeSameClock({ askedMs, proberMs, answeredMs }: ClockSample): boolean {
  return askedMs <= proberMs && proberMs <= answeredMs;
}

function roundTripMs({ askedMs, answeredMs }: ClockSample): number {
  return answeredMs - askedMs;
}
