import { describe, expect, it } from 'vitest';
import { YoungGarbage } from '../../../src/prober/program/young-garbage.ts';

/** Wakes, each followed by a pause; gives after which of them was collected. */
function collectedAfter(wakes: number, pauseMs: number, idle: boolean): readonly number[] {
  const collected: number[] = [];
  let woken = 0;
  const garbage = new YoungGarbage(({ type }) => {
    expect(type).toBe('minor');
    collected.push(woken);
  });
  for (; woken < wakes; ) {
    garbage.woke();
    woken++;
    garbage.pause(pauseMs, idle);
  }
  return collected;
}

describe('young garbage', () => {
  it('is collected in a pause that is long enough, now and then', () => {
    expect(collectedAfter(80, 0.7, true)).toEqual([24, 48, 72]);
  });

  it('waits longer for a pause in which no answer is awaited', () => {
    expect(collectedAfter(100, 0.7, false)).toEqual([48, 96]);
  });

  it('is left to the engine where there are no such pauses, and where Node collects nothing on request', () => {
    expect(collectedAfter(500, 0.5, true)).toEqual([]);
    const garbage = new YoungGarbage(undefined);
    for (let wakes = 0; wakes < 100; wakes++) garbage.woke();
    expect(() => garbage.pause(10, true)).not.toThrow();
  });
});
