import type { Proposal, Wanted } from '../model/sample-size.ts';

/** How sure the upper bounds in reports are. */
export const CONFIDENCE = 0.95;

/**
 * The largest share that so many bad ones of so many are compatible with: the exact (Clopper–Pearson) upper bound,
 * one-sided. Of 0 in n it is 1 - (1 - confidence)^(1/n), about 3/n at 95 %. Undefined where there was none at all.
 */
export function upperBound(bad: number, total: number, confidence = CONFIDENCE): number | undefined {
  if (total <= 0) return undefined;
  if (bad >= total) return 1;
  if (bad <= 0) return 1 - (1 - confidence) ** (1 / total);
  // The more of them are bad, the rarer it is to see so few: found by halving, to the last digit that is printed.
  let low = bad / total;
  let high = 1;
  for (let step = 0; step < 60; step++) {
    const middle = (low + high) / 2;
    if (atMost(bad, total, middle) > 1 - confidence) low = middle;
    else high = middle;
  }
  return high;
}

/** The probability of at most `bad` in `total` where each is bad with this probability. */
function atMost(bad: number, total: number, share: number): number {
  let logTerm = total * Math.log1p(-share);
  let sum = Math.exp(logTerm);
  for (let count = 1; count <= bad; count++) {
    logTerm += Math.log((total - count + 1) / count) + Math.log(share) - Math.log1p(-share);
    sum += Math.exp(logTerm);
  }
  return sum;
}

/** How many in a row have to go well to show, with this confidence, that at most `maxShare` of all go wrong. */
export function neededWithoutFailure(maxShare: number, confidence = CONFIDENCE): number {
  return Math.ceil(round(Math.log(1 - confidence) / Math.log1p(-maxShare)));
}

/**
 * How many requests have to be sent within an outage of one of `endpoints` endpoints, so that one of them meets it
 * with this probability: each goes to an endpoint chosen at random.
 */
export function neededToMeet(endpoints: number, probability = CONFIDENCE): number {
  return endpoints <= 1 ? 1 : Math.ceil(round(Math.log(1 - probability) / Math.log(1 - 1 / endpoints)));
}

/** The probability that one of so many requests meets an outage of one of `endpoints` endpoints. */
export function chanceToMeet(requests: number, endpoints: number): number {
  if (requests <= 0) return 0;
  return endpoints <= 1 ? 1 : 1 - (1 - 1 / endpoints) ** requests;
}

/** Quotients of logarithms that are whole numbers come out a hair above or below. */
function round(value: number): number {
  return Math.round(value * 1e9) / 1e9;
}

/** The number of runs and the rate that give the wanted confidence, where nothing is dropped. */
export function proposalFor({ confidence, maxShare, replicas, outageMs }: Wanted): Proposal {
  const replacements = neededWithoutFailure(maxShare, confidence);
  const endpoints = replicas + 1;
  const requests = neededToMeet(endpoints, confidence);
  return {
    replacements,
    repeat: Math.ceil(replacements / replicas),
    endpoints,
    requests,
    ratePerSecond: Math.ceil((requests * 1000) / outageMs),
  };
}
