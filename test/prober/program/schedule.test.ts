import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { countDueBefore, dueMs, isOverdue } from '../../../src/prober/program/schedule.ts';

const schedules = fc.record({
  startMs: fc.double({ min: 0, max: 1e9, noNaN: true }),
  intervalMs: fc.double({ min: 0.1, max: 10_000, noNaN: true }),
});

describe('schedule', () => {
  it('counts exactly the probes that are due before an instant', () => {
    fc.assert(
      fc.property(
        schedules,
        fc.double({ min: -1_000, max: 10_000_000, noNaN: true }),
        (schedule, sinceStartMs) => {
          const instantMs = schedule.startMs + sinceStartMs;
          const count = countDueBefore(schedule, instantMs);
          if (count > 0) expect(dueMs(schedule, count - 1)).toBeLessThan(instantMs);
          expect(dueMs(schedule, count)).toBeGreaterThanOrEqual(instantMs);
        },
      ),
    );
  });

  it('does not count a probe that is due at the very instant', () => {
    const schedule = { startMs: 1_000.1, intervalMs: 3.3 };
    for (let seq = 0; seq < 1_000; seq++) expect(countDueBefore(schedule, dueMs(schedule, seq))).toBe(seq);
  });

  it.each([
    { intervalMs: 1, lateMs: 99, overdue: false },
    { intervalMs: 1, lateMs: 100, overdue: true },
    { intervalMs: 5, lateMs: 100, overdue: true },
    { intervalMs: 50, lateMs: 499, overdue: false },
    { intervalMs: 50, lateMs: 500, overdue: true },
  ])(
    'a probe of every $intervalMs ms that is $lateMs ms late is overdue: $overdue',
    ({ intervalMs, lateMs, overdue }) => {
      expect(isOverdue({ startMs: 0, intervalMs }, 7, 7 * intervalMs + lateMs)).toBe(overdue);
    },
  );
});
