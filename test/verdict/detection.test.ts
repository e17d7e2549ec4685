import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { Sample } from '../../src/verdict/account.ts';
import {
  detect,
  detectionChances,
  detectionFloor,
  partialDetectionFloor,
} from '../../src/verdict/detection.ts';

/** Requests that were answered so many milliseconds after they were sent. */
const answered = (lastingMs: number, ...times: readonly number[]): readonly Sample[] =>
  times.map((sentMs, seq) => ({
    seq,
    scheduledMs: sentMs,
    sentMs,
    endedMs: sentMs + lastingMs,
    phase: 'during',
    end: { end: 'ok' },
  }));
const at = (...times: readonly number[]) => answered(0, ...times);

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

describe('the smallest outage that was surely seen', () => {
  it('is a pause and one answer more', () => {
    expect(detectionFloor(answered(3, 10, 20, 50, 60), 0, 70)).toBe(33);
  });

  it('counts the edges', () => {
    expect(detectionFloor(answered(3, 40, 50), 0, 60)).toBe(43);
    expect(detectionFloor(answered(3, 10, 20), 0, 90)).toBe(70);
    expect(detectionFloor([], 0, 500)).toBe(500);
  });

  it('is not raised by one slow answer among quick ones', () => {
    const samples = [...answered(3, 10, 20, 30), ...answered(500, 15)];
    expect(detectionFloor(samples, 0, 40)).toBe(13);
  });

  it('is raised above an outage that lost SYNs hid: sent again after a second, they were answered', () => {
    const samples = [...answered(1, 0, 10, 20), ...answered(1_001, 30, 40, 50, 60), ...answered(1, 70, 80)];
    expect(detectionFloor(samples, 0, 90)).toBe(51);
  });

  it('does not rest on requests that were not judged', () => {
    const samples = answered(1, 10, 20, 30).map(
      (sample): Sample =>
        sample.seq === 1 ? { ...sample, end: { end: 'not-judged', class: 'prober-fault' } } : sample,
    );
    expect(detectionFloor(samples, 0, 40)).toBe(21);
  });

  it('is true: whatever longer stretch one chooses, some request lies wholly within it', () => {
    const request = fc.record({ sentMs: fc.nat(200), lastingMs: fc.nat(60) });
    fc.assert(
      fc.property(fc.array(request, { maxLength: 40 }), fc.nat(200), fc.nat(200), (requests, from, more) => {
        const samples = requests.flatMap(({ sentMs, lastingMs }) => answered(lastingMs, sentMs));
        const floorMs = detectionFloor(samples, 0, 200);
        const toMs = Math.min(200, from + floorMs + more / 100);
        fc.pre(toMs - from > floorMs);
        expect(samples.some(({ sentMs = 0, endedMs = 0 }) => sentMs > from && endedMs < toMs)).toBe(true);
      }),
    );
  });
});

describe('the chance that an outage of one endpoint was seen', () => {
  it('counts requests that were whole within it', () => {
    const chanceOf = (lastingMs: number) =>
      detectionChances(answered(lastingMs, 0, 10, 20, 30, 40, 50, 60), 0, 70, 2).chances[1];
    expect(chanceOf(1)).toEqual({ lengthMs: 50, probability: 1 - 0.5 ** 4 });
    expect(chanceOf(25)).toEqual({ lengthMs: 50, probability: 1 - 0.5 ** 2 });
  });

  it('agrees with the floor: lengths above it are seen with 99.9 %, and no others', () => {
    const request = fc.record({ sentMs: fc.nat(1_000), lastingMs: fc.nat(80) });
    fc.assert(
      fc.property(fc.array(request, { minLength: 20, maxLength: 300 }), (requests) => {
        const samples = requests.flatMap(({ sentMs, lastingMs }) => answered(lastingMs, sentMs));
        const floorMs = partialDetectionFloor(samples, 0, 1_000, 3) ?? 1_000;
        for (const { lengthMs, probability } of detectionChances(samples, 0, 1_000, 3).chances) {
          if (lengthMs !== floorMs) expect(probability >= 0.999).toBe(lengthMs > floorMs);
        }
      }),
    );
  });
});
