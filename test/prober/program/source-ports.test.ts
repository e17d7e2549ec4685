import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { SourcePorts } from '../../../src/prober/program/source-ports.ts';

const REST_MS = 1_000;

/** Steps of a prober's life: take a port, give back one of those in use, let time pass. */
const steps = fc.array(
  fc.oneof(
    fc.constant({ do: 'take' as const }),
    fc.record({ do: fc.constant('release' as const), which: fc.nat() }),
    fc.record({ do: fc.constant('wait' as const), ms: fc.integer({ min: 0, max: 700 }) }),
  ),
  { maxLength: 300 },
);

describe('source ports', () => {
  it('are never in use twice, never before they have rested, and always of the range', () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 12 }), fc.nat({ max: 11 }), steps, (count, offset, life) => {
        const first = 20_000;
        const last = first + count - 1;
        const next = first + (offset % count);
        const ports = new SourcePorts({ first, last, next, restMs: REST_MS }, 0);
        const inUse: number[] = [];
        const releasedMs = new Map<number, number>();
        for (let port = first; port < next; port++) releasedMs.set(port, 0);
        let nowMs = 0;
        for (const step of life) {
          if (step.do === 'wait') nowMs += step.ms;
          else if (step.do === 'take') {
            const port = ports.take(nowMs);
            const rested = (one: number) =>
              nowMs - (releasedMs.get(one) ?? Number.NEGATIVE_INFINITY) >= REST_MS;
            if (port === undefined) {
              // Refused only where there is none.
              const all = Array.from({ length: count }, (_, index) => first + index);
              expect(all.filter((one) => !inUse.includes(one) && rested(one))).toEqual([]);
              continue;
            }
            expect(port).toBeGreaterThanOrEqual(first);
            expect(port).toBeLessThanOrEqual(last);
            expect(inUse).not.toContain(port);
            expect(rested(port)).toBe(true);
            inUse.push(port);
          } else if (inUse.length > 0) {
            const [port = 0] = inUse.splice(step.which % inUse.length, 1);
            ports.release(port, nowMs);
            releasedMs.set(port, nowMs);
          }
        }
      }),
    );
  });

  it('go round: every port has its turn before the first one comes again', () => {
    const ports = new SourcePorts({ first: 10, last: 14, next: 12, restMs: 0 }, 0);
    const taken = Array.from({ length: 12 }, (_, ms) => {
      const port = ports.take(ms) ?? 0;
      ports.release(port, ms);
      return port;
    });
    expect(taken).toEqual([12, 13, 14, 10, 11, 12, 13, 14, 10, 11, 12, 13]);
    expect(ports.next).toBe(14);
  });

  it('say where the next prober goes on, so that the ports of this one rest', () => {
    const range = { first: 10, last: 20, next: 10, restMs: REST_MS };
    const one = new SourcePorts(range, 0);
    for (let i = 0; i < 4; i++) one.release(one.take(0) ?? 0, 0);
    expect(one.next).toBe(14);

    const two = new SourcePorts({ ...range, next: one.next }, 10);
    const taken = Array.from({ length: 7 }, () => two.take(10));
    expect(taken).toEqual([14, 15, 16, 17, 18, 19, 20]);
    expect(two.take(10)).toBeUndefined();
    expect(two.take(10 + REST_MS)).toBe(10);
  });

  it.each([
    { first: 0, last: 10, next: 5 },
    { first: 5, last: 4, next: 5 },
    { first: 10, last: 20, next: 21 },
    { first: 10, last: 70_000, next: 10 },
  ])('refuse what is no range: $first to $last, next $next', (range) => {
    expect(() => new SourcePorts({ ...range, restMs: 0 }, 0)).toThrow(RangeError);
  });
});
