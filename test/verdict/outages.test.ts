import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { foldOutages } from '../../src/verdict/outages.ts';

/** Requests 10 ms apart, sent when they were due. `.` answered, `x` refused, `r` reset, `?` not judged, `u` unsent. */
function drawn(draw: string) {
  return [...draw.replaceAll(' ', '')].map((symbol, index) => {
    const sentMs = index * 10;
    switch (symbol) {
      case '.':
        return { sentMs, end: { end: 'ok' } } as const;
      case 'x':
        return { sentMs, end: { end: 'dropped', class: 'refused' } } as const;
      case 'r':
        return { sentMs, end: { end: 'dropped', class: 'reset-before-answer' } } as const;
      case '?':
        return { sentMs, end: { end: 'not-judged', class: 'indeterminate' } } as const;
      default:
        return { end: { end: 'unsent' } } as const;
    }
  });
}

/** `from-to dropped/answered within`, folded where three answers end an outage. */
function folded(draw: string): readonly string[] {
  const samples = drawn(draw);
  return foldOutages(samples, samples.length * 10, 3).map(
    ({ fromMs, toMs, dropped, answered }) => `${fromMs}-${toMs} ${dropped}/${answered}`,
  );
}

describe('outages', () => {
  it.each([
    ['', []],
    ['. . . . .', []],
    ['x', ['0-10 1/0']],
    ['. . x . . .', ['20-30 1/0']],
    ['. . x x r . . .', ['20-50 3/0']],
    ['. . x . x . . x . . . .', ['20-80 3/3']],
    ['. . x . . . x . . .', ['20-30 1/0', '60-70 1/0']],
    ['. x x', ['10-30 2/0']],
    ['. x . .', ['10-20 1/0']],
    ['x ? u x . . .', ['0-40 2/0']],
    ['. ? . u .', []],
  ])('of %s are %j', (draw, outages) => {
    expect(folded(draw)).toEqual(outages);
  });

  it('tell what a client saw', () => {
    expect(foldOutages(drawn('. x x r .'), 50)[0]?.classes).toEqual({ refused: 2, 'reset-before-answer': 1 });
  });

  it('are ordered and disjoint, and every drop is in exactly one', () => {
    fc.assert(
      fc.property(fc.string({ unit: fc.constantFrom('.', 'x', 'r', '?', 'u'), maxLength: 200 }), (draw) => {
        const samples = drawn(draw);
        const outages = foldOutages(samples, samples.length * 10);
        for (const [index, outage] of outages.entries()) {
          expect(outage.fromMs).toBeLessThanOrEqual(outage.lastDropMs);
          expect(outage.lastDropMs).toBeLessThan(outage.toMs);
          expect(outage.toMs).toBeLessThanOrEqual(outages[index + 1]?.fromMs ?? Number.POSITIVE_INFINITY);
        }
        const drops = samples.filter(({ end }) => end.end === 'dropped').length;
        expect(outages.reduce((sum, { dropped }) => sum + dropped, 0)).toBe(drops);
      }),
    );
  });
});

describe('the bounds of an outage', () => {
  /** Requests every 10 ms that meet the server some time after they were sent, and end some time after that. */
  const met = (delays: readonly { readonly thereMs: number; readonly backMs: number }[]) =>
    delays.map(({ thereMs, backMs }, index) => {
      const sentMs = index * 10;
      return { sentMs, metMs: sentMs + thereMs, endedMs: sentMs + thereMs + backMs };
    });
  const during = (requests: ReturnType<typeof met>, fromMs: number, toMs: number) =>
    requests.map(({ sentMs, metMs, endedMs }) => ({
      sentMs,
      endedMs,
      end:
        metMs >= fromMs && metMs <= toMs
          ? ({ end: 'dropped', class: 'reset-before-answer' } as const)
          : ({ end: 'ok' } as const),
    }));

  it('reach from the end of the first drop to the sending of the last, and from answer to answer', () => {
    const requests = met(Array.from({ length: 20 }, () => ({ thereMs: 1, backMs: 1 })));
    // Sent at 50 to 80 and met 1 ms later; the answers around them were sent at 40 and ended at 92.
    expect(foldOutages(during(requests, 45, 85), 200)[0]?.bounds).toEqual({ atLeastMs: 28, atMostMs: 52 });
  });

  it('say nothing of an outage that requests got through', () => {
    expect(foldOutages(drawn('. . x . x . . . . . . . . . . .'), 160)[0]?.bounds).toBeUndefined();
  });

  it('hold the length of every outage there can have been, however long requests are on their way', () => {
    const delay = fc.record({ thereMs: fc.nat(25), backMs: fc.nat(25) });
    fc.assert(
      fc.property(
        fc.array(delay, { minLength: 40, maxLength: 60 }),
        fc.double({ min: 20, max: 200, noNaN: true }),
        fc.double({ min: 0, max: 150, noNaN: true }),
        (delays, fromMs, lengthMs) => {
          const samples = during(met(delays), fromMs, fromMs + lengthMs);
          const outages = foldOutages(samples, delays.length * 10, delays.length);
          const [outage] = outages;
          fc.pre(outages.length === 1 && outage?.bounds !== undefined);
          expect(outage?.bounds?.atLeastMs).toBeLessThanOrEqual(lengthMs);
          expect(outage?.bounds?.atMostMs).toBeGreaterThanOrEqual(lengthMs);
        },
      ),
    );
  });
});
