import { expect, it } from 'vitest';
import { Vigilance } from '../../../src/prober/program/vigilance.ts';

it('is on for ten milliseconds after an instant that was met late, and not after others', () => {
  const vigilance = new Vigilance();
  expect(vigilance.met(0.3, 1_000)).toBe(false);
  expect(vigilance.isOn(1_000)).toBe(false);
  expect(vigilance.met(1.2, 1_001)).toBe(true);
  expect([1_001, 1_010.9, 1_011].map((nowMs) => vigilance.isOn(nowMs))).toEqual([true, true, false]);
});

it('takes at most a twentieth of the time where every instant is met late', () => {
  const vigilance = new Vigilance();
  let onMs = 0;
  for (let nowMs = 0; nowMs < 60_000; nowMs++) {
    vigilance.met(5, nowMs);
    if (vigilance.isOn(nowMs)) onMs++;
  }
  expect(onMs).toBeGreaterThan(2_500);
  expect(onMs).toBeLessThanOrEqual(3_050);
});
