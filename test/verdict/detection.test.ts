import { describe, expect, it } from 'vitest';
import type { Sample } from '../../src/verdict/account.ts';
import { detect, partialDetectionFloor } from '../../src/verdict/detection.ts';

const at = (...times: readonly number[]): readonly Sample[] =>
  times.map((sentMs, seq) => ({ seq, scheduledMs: sentMs, sentMs, phase: 'during', end: { end: 'ok' } }));

describe('what a run could see', () => {
  it('is bounded by the longest pause, the edges included', () => {
    expect(detect(at(10, 20, 50, 60), 0, 70).largestGapMs).toBe(30);
    expect(detect(at(40, 50), 0, 60).largestGapMs).toBe(40);
    expect(detect(at(10, 20), 0, 90).largestGapMs).toBe(70);
  });

  it('is nothing where nothing was sent', () => {
    expect(detect([], 0, 500).largestGapMs).toBe(500);
    expect(partialDetectionFloor([], 0, 500, 2)).toBeUndefined();
  });

  it('does not rest on requests that were not judged', () => {
    const samples = at(10, 20, 30).map(
      (sample): Sample =>
        sample.seq === 1 ? { ...sample, end: { end: 'not-judged', class: 'prober-fault' } } : sample,
    );
    expect(detect(samples, 0, 40).largestGapMs).toBe(20);
  });

  it.each([
    [1, 10],
    // 0.5^10 is just under 0.001
    [2, 100],
    // 0.75^25 is
    [4, 250],
  ])('for one of %i endpoints takes %i ms at one request every 10 ms', (endpoints, lengthMs) => {
    const samples = at(...Array.from({ length: 100 }, (_, index) => index * 10));
    expect(partialDetectionFloor(samples, 0, 1_000, endpoints)).toBe(lengthMs);
  });
});
