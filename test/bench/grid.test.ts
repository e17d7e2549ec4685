import { describe, expect, it } from 'vitest';
import { paceOf } from '../../bench/peers/grid.ts';

/** A thousand arrivals, a millisecond apart, from a moment that the schedule does not know. */
const EVEN = Array.from({ length: 1_000 }, (_, index) => 12_345 + index);

describe('how evenly requests arrive', () => {
  it('does not depend on when the first one came, nor on the warming up', () => {
    const slowToBegin = EVEN.map((ms, index) => (index < 100 ? ms - 50 : ms));
    for (const arrivalsMs of [EVEN, slowToBegin]) {
      expect(paceOf(arrivalsMs, 1_000)).toEqual({
        arrived: 1_000,
        p50LateMs: 0,
        p99LateMs: 0,
        p999LateMs: 0,
        largestGapMs: 1,
      });
    }
  });

  it('shows a pause as lateness of all that was due in it, and as a gap', () => {
    const paused = EVEN.map((ms, index) => (index >= 500 && index < 510 ? 12_345 + 510 : ms));
    const pace = paceOf(paused, 1_000);
    expect(pace).toMatchObject({ p50LateMs: 0, p999LateMs: 10, largestGapMs: 11 });
    // Nine hundred count, and ten of them were late: the least of those is the 99th percentile.
    expect(pace.p99LateMs).toBe(1);
  });
});
