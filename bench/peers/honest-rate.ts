/** What one attempt at a rate showed. */
export interface Attempt {
  readonly held: boolean;
}

/** Where the search ended: the highest rate that was held and the lowest that was not. */
export interface Bracket<A extends Attempt> {
  /** 0 where none was. */
  readonly heldRate: number;
  /** Infinity where even the highest rate was held. */
  readonly missedRate: number;
  readonly attempts: readonly (A & { readonly rate: number })[];
}

export interface Search {
  readonly lowest: number;
  readonly highest: number;
  /** Where to begin: twice as fast until it is missed, half as fast until it is held. */
  readonly begin: number;
  /** It is near enough where the missed rate is at most this much more than the held one: 1.1. */
  readonly nearness: number;
  /** No attempt is begun after this long. */
  readonly budgetMs: number;
  nowMs(): number;
}

/**
 * Looks for the highest rate that is held, by bisection. A rate is missed where two attempts in a row miss it: one
 * hiccup of the machine says nothing. Undefined where an attempt is: then the load cannot be sent at all.
 */
export async function highestHeldRate<A extends Attempt>(
  { lowest, highest, begin, nearness, budgetMs, nowMs }: Search,
  attempt: (rate: number) => Promise<A | undefined>,
): Promise<Bracket<A> | undefined> {
  const untilMs = nowMs() + budgetMs;
  const attempts: (A & { readonly rate: number })[] = [];
  let heldRate = 0;
  let missedRate = Number.POSITIVE_INFINITY;
  let rate = begin;
  while (nowMs() < untilMs) {
    let held = false;
    for (let tries = 0; tries < 2 && !held; tries++) {
      const shown = await attempt(rate);
      if (shown === undefined) return undefined;
      attempts.push({ ...shown, rate });
      held = shown.held;
    }
    if (held) heldRate = rate;
    else missedRate = rate;
    if (heldRate >= highest || missedRate <= lowest || missedRate <= heldRate * nearness) break;
    rate = nextRate({ lowest, highest, heldRate, missedRate });
  }
  return { heldRate, missedRate, attempts };
}

function nextRate(known: {
  readonly lowest: number;
  readonly highest: number;
  readonly heldRate: number;
  readonly missedRate: number;
}): number {
  const { lowest, highest, heldRate, missedRate } = known;
  if (missedRate === Number.POSITIVE_INFINITY) return Math.min(highest, 2 * heldRate);
  if (heldRate === 0) return Math.max(lowest, Math.round(missedRate / 2));
  // The middle of what is left, in proportion.
  return Math.round(Math.sqrt(heldRate * missedRate));
}
