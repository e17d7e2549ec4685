import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { highestHeldRate } from '../../bench/peers/honest-rate.ts';

const SEARCH = { lowest: 250, highest: 64_000, begin: 1_000, nearness: 1.1, budgetMs: 1_000, nowMs: () => 0 };
const attemptsAt = (ceiling: number) => async (rate: number) => ({ held: rate <= ceiling });

describe('the search for the highest rate', () => {
  it('ends with a rate that was held and one that was not, as near to each other as was wanted', async () => {
    await fc.assert(
      fc.asyncProperty(fc.integer({ min: 250, max: 63_999 }), async (ceiling) => {
        const found = await highestHeldRate(SEARCH, attemptsAt(ceiling));
        expect(found?.heldRate).toBeLessThanOrEqual(ceiling);
        expect(found?.missedRate).toBeGreaterThan(ceiling);
        expect((found?.missedRate ?? 0) / (found?.heldRate ?? 0)).toBeLessThanOrEqual(1.11);
        expect(found?.attempts.length).toBeLessThan(30);
      }),
    );
  });

  it('ends where not even the lowest rate is held, and where the highest is', async () => {
    expect(await highestHeldRate(SEARCH, attemptsAt(100))).toMatchObject({ heldRate: 0, missedRate: 250 });
    expect(await highestHeldRate(SEARCH, attemptsAt(1e6))).toMatchObject({
      heldRate: 64_000,
      missedRate: Number.POSITIVE_INFINITY,
    });
  });

  it('tries a rate again before it counts as missed', async () => {
    const tries = new Map<number, number>();
    const found = await highestHeldRate({ ...SEARCH, highest: 2_000 }, async (rate) => {
      tries.set(rate, (tries.get(rate) ?? 0) + 1);
      return { held: tries.get(rate) === 2 };
    });
    expect(found?.heldRate).toBe(2_000);
  });

  it('begins no attempt when its time is over, and says how far it came', async () => {
    let nowMs = 0;
    const found = await highestHeldRate({ ...SEARCH, nowMs: () => nowMs }, async (rate) => {
      nowMs += 300;
      return { held: rate <= 3_000 };
    });
    expect(found).toMatchObject({ heldRate: 2_000, missedRate: 4_000 });
  });
});
