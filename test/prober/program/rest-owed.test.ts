import { expect, it } from 'vitest';
import { RestOwed } from '../../../src/prober/program/rest-owed.ts';

it('is fifteen hundredths of the time since it last slept or paid', () => {
  const rest = new RestOwed(1_000);
  expect(rest.pay(1_010, 5)).toBeCloseTo(1.5);
  expect(rest.pay(1_020, 5)).toBeCloseTo(1.5);
  rest.sleptUntil(1_030);
  expect(rest.pay(1_030, 5)).toBe(0);
});

it('is owed until there is time for it', () => {
  const rest = new RestOwed(0);
  expect(rest.pay(1_000, 0.5)).toBe(0.5);
  expect(rest.pay(1_000, 100)).toBeCloseTo(100);
  expect(rest.pay(1_000, 100)).toBeCloseTo(49.5);
  expect(rest.pay(1_000, 100)).toBe(0);
});
