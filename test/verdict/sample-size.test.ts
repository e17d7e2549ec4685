import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  chanceToMeet,
  neededToMeet,
  neededWithoutFailure,
  proposalFor,
  upperBound,
} from '../../src/verdict/sample-size.ts';

/** P(at most k of n), summed up the slow way. */
function atMost(k: number, n: number, p: number): number {
  let sum = 0;
  for (let i = 0; i <= k; i++) {
    let ways = 1;
    for (let j = 0; j < i; j++) ways = (ways * (n - j)) / (j + 1);
    sum += ways * p ** i * (1 - p) ** (n - i);
  }
  return sum;
}

describe('the upper bound of a share', () => {
  it.each([
    { bad: 0, total: 1, bound: 0.95 },
    { bad: 0, total: 10, bound: 0.2589 },
    { bad: 1, total: 10, bound: 0.3942 },
    { bad: 2, total: 20, bound: 0.2826 },
    { bad: 0, total: 59, bound: 0.0495 },
    { bad: 10, total: 10, bound: 1 },
  ])('of $bad in $total is $bound', ({ bad, total, bound }) =>
    expect(upperBound(bad, total)).toBeCloseTo(bound, 4),
  );

  it('of none in many is what the rule of three says', () => {
    expect(upperBound(0, 1000)).toBeCloseTo(3 / 1000, 4);
  });

  it('of nothing at all is unknown', () => expect(upperBound(0, 0)).toBeUndefined());

  it('is where so few bad ones are as rare as the confidence says, for every count', () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 60 }), fc.nat(), (total, raw) => {
        const bad = raw % total;
        expect(atMost(bad, total, upperBound(bad, total) ?? 0)).toBeCloseTo(0.05, 6);
      }),
    );
  });

  it('stays a number where there were very many', () => {
    const bound = upperBound(400, 100_000) ?? Number.NaN;
    expect(bound).toBeGreaterThan(0.004);
    expect(bound).toBeLessThan(0.0045);
  });
});

describe('how many it takes', () => {
  it('without a failure is the least number whose bound is low enough', () => {
    for (const share of [0.3, 0.1, 0.05, 0.01]) {
      const needed = neededWithoutFailure(share);
      expect(upperBound(0, needed)).toBeLessThanOrEqual(share);
      expect(upperBound(0, needed - 1)).toBeGreaterThan(share);
    }
  });

  it('to meet an outage of one endpoint is the least number of requests whose chance is high enough', () => {
    for (const endpoints of [2, 3, 9, 50]) {
      const needed = neededToMeet(endpoints);
      expect(chanceToMeet(needed, endpoints)).toBeGreaterThanOrEqual(0.95);
      expect(chanceToMeet(needed - 1, endpoints)).toBeLessThan(0.95);
    }
  });

  it('is no more than it is: a half leaves exactly one half', () => {
    expect(neededWithoutFailure(0.5, 0.75)).toBe(2);
    expect(neededToMeet(1)).toBe(1);
    expect(chanceToMeet(0, 3)).toBe(0);
    expect(chanceToMeet(1, 1)).toBe(1);
  });

  it('as a proposal: repeats and a rate', () => {
    expect(proposalFor({ confidence: 0.95, maxShare: 0.05, replicas: 3, outageMs: 100 })).toEqual({
      replacements: 59,
      repeat: 20,
      endpoints: 4,
      requests: 11,
      ratePerSecond: 110,
    });
  });
});
