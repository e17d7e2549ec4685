import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { MachineLimits } from '../../src/model/machine-limits.ts';
import { steadyRatePerSecond } from '../../src/model/scenario.ts';
import { type Demand, shortageProblem, shortages } from '../../src/plan/capacity.ts';

const PLENTY: MachineLimits = { openFiles: 1e6, trackableConnections: 1e6, listenBacklog: 1e6 };
const demand = (different: Partial<Demand> = {}): Demand => ({
  connection: 'new',
  connections: 10,
  ratePerSecond: 100,
  steadyRate: steadyRatePerSecond,
  deadlineMs: 5_000,
  ...different,
});
const short = (different: Partial<Demand>, limits: MachineLimits = PLENTY) =>
  shortages(demand(different), limits).map(({ code, fittingRate }) => `${code} ${fittingRate}`);

describe('what a rate uses up', () => {
  it('is nothing at the defaults, on a machine that tells nothing of itself either', () => {
    expect(short({})).toEqual([]);
    expect(short({}, {})).toEqual([]);
  });

  it('source ports: 51,000 towards the target, each resting 120 s; the control has its own', () => {
    expect(short({ ratePerSecond: 425 })).toEqual([]);
    expect(short({ ratePerSecond: 426 })).toEqual(['RP1116 425']);
    expect(short({ ratePerSecond: 5_000, connection: 'keep-alive' })).toEqual([]);
  });

  it('fewer of them where it lasts less than ports rest, and no control is asked', () => {
    const probe = { steadyRate: () => 0, durationMs: 10_000 };
    expect(short({ ...probe, ratePerSecond: 5_000 })).toEqual([]);
    expect(short({ ...probe, ratePerSecond: 5_101 })).toEqual(['RP1116 5100']);
  });

  it('open files: one for each request in flight while nothing answers, up to the bound that the prober keeps', () => {
    expect(short({ ratePerSecond: 100 }, { openFiles: 1_064 })).toEqual([]);
    expect(short({ ratePerSecond: 100 }, { openFiles: 1_063 })).toEqual(['RP1117 99']);
    const kept = { connection: 'keep-alive', connections: 500 } as const;
    expect(short({ ...kept, ratePerSecond: 5_000 }, { openFiles: 64 + 1_000 + 4_096 })).toEqual([]);
    expect(short({ ...kept, ratePerSecond: 10 }, { openFiles: 1_024 })).toEqual(['RP1117 0']);
  });

  it('connection tracking: a closed connection stays in it for 120 s', () => {
    expect(short({ ratePerSecond: 100 }, { trackableConnections: 24_000 })).toEqual([]);
    expect(short({ ratePerSecond: 100 }, { trackableConnections: 12_000 })).toEqual(['RP1118 50']);
    expect(short({ ratePerSecond: 100, connection: 'keep-alive' }, { trackableConnections: 0 })).toEqual([]);
  });

  it('the queue of a listening socket: what comes in until a SYN is sent again', () => {
    expect(short({ ratePerSecond: 128 }, { listenBacklog: 128 })).toEqual([]);
    expect(short({ ratePerSecond: 200 }, { listenBacklog: 128 })).toEqual(['RP1119 128']);
  });

  it('is told all at once', () => {
    const small = { openFiles: 100, trackableConnections: 100, listenBacklog: 100 };
    expect(shortages(demand({ ratePerSecond: 1_000 }), small).map(({ code }) => code)).toEqual([
      'RP1116',
      'RP1118',
      'RP1119',
      'RP1117',
    ]);
  });

  it('always names the highest rate that fits', () => {
    const rate = fc.integer({ min: 2, max: 5_000 });
    const limit = fc.integer({ min: 1, max: 60_000 });
    fc.assert(
      fc.property(
        rate,
        limit,
        limit,
        limit,
        (ratePerSecond, openFiles, trackableConnections, listenBacklog) => {
          const limits = { openFiles, trackableConnections, listenBacklog };
          for (const { code, fittingRate } of shortages(demand({ ratePerSecond }), limits)) {
            const codesAt = (at: number) =>
              shortages(demand({ ratePerSecond: at }), limits).map((shortage) => shortage.code);
            expect(fittingRate).toBeLessThan(ratePerSecond);
            if (fittingRate > 0) expect(codesAt(fittingRate)).not.toContain(code);
            expect(codesAt(fittingRate + 1)).toContain(code);
          }
        },
      ),
    );
  });

  it('is said with what is needed, what is there, and what would fit', () => {
    const [ports] = shortages(demand({ ratePerSecond: 500 }), {});
    expect(ports && shortageProblem(ports, 'Scenario "new"', 'rate')).toEqual({
      code: 'RP1116',
      what: 'Scenario "new" asks for more source ports than this machine has.',
      where: 'rate',
      why: 'A source port rests 120 s before it is used towards the same address again: 60000 are needed, 51000 are there.',
      remedy: 'Write rate: 425 or less, or connection: keep-alive.',
    });
  });
});
