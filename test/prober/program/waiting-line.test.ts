import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { type Waiting, WaitingLine } from '../../../src/prober/program/waiting-line.ts';

interface One extends Waiting {
  readonly name: number;
}
const one = (name: number): One => ({ name, ahead: undefined, behind: undefined });

/** Steps: somebody comes, or somebody of those who ever came leaves, perhaps once more. */
const steps = fc.array(
  fc.oneof(
    fc.constant({ do: 'come' as const }),
    fc.record({ do: fc.constant('leave' as const), which: fc.nat() }),
  ),
);

describe('a waiting line', () => {
  it('is served in the order of coming, whoever has left from wherever', () => {
    fc.assert(
      fc.property(steps, (life) => {
        const line = new WaitingLine<One>();
        const all: One[] = [];
        let waiting: One[] = [];
        for (const step of life) {
          if (step.do === 'come') {
            const newcomer = one(all.length);
            all.push(newcomer);
            waiting.push(newcomer);
            line.add(newcomer);
          } else {
            const leaving = all[step.which % Math.max(1, all.length)];
            if (!leaving) continue;
            line.remove(leaving);
            waiting = waiting.filter((other) => other !== leaving);
          }
          expect(line.first?.name).toBe(waiting[0]?.name);
        }
        const served: number[] = [];
        for (let next = line.first; next; next = line.first) {
          line.remove(next);
          served.push(next.name);
        }
        expect(served).toEqual(waiting.map(({ name }) => name));
      }),
    );
  });

  it('leads from nobody who has left to anybody else', () => {
    const line = new WaitingLine<One>();
    const three = [one(0), one(1), one(2)] as const;
    for (const each of three) line.add(each);
    line.remove(three[1]);
    expect(three[1]).toEqual(one(1));
    line.remove(three[0]);
    expect(three[2]).toEqual(one(2));
  });
});
