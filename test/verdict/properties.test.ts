import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { RecordingEntry } from '../../src/model/recording.ts';
import type { Verdict } from '../../src/model/verdict.ts';
import { judgeRun } from '../../src/verdict/judge.ts';
import { aRecording, type Drawing, type RecordingOptions } from '../support/a-recording.ts';
import { propertyRuns } from '../support/property-runs.ts';

const RANK: Readonly<Record<Verdict, number>> = {
  dropped: 0,
  'rollout-failed': 1,
  error: 2,
  inconclusive: 3,
  pass: 4,
};
const RUNS = propertyRuns(30);

const drawing = fc.record({
  atMs: fc.integer({ min: 0, max: 11_900 }),
  draw: fc.string({ unit: fc.constantFrom('.', '.', '.', 'x', 't', 's', 'n', 'u', '-'), maxLength: 12 }),
});
const options: fc.Arbitrary<RecordingOptions> = fc.record(
  {
    target: fc.array(drawing, { maxLength: 3 }),
    steady: fc.array(drawing, { maxLength: 1 }),
    outcome: fc.constantFrom('completed', 'completed', 'completed', 'crash-loop', 'foreign-change'),
    end: fc.constantFrom('finished', 'finished', 'finished', 'missing', 'prober-lost'),
    routes: fc.boolean(),
    tailMs: fc.constantFrom(6_000, 4_000),
  },
  { requiredKeys: [] },
);

const isAnswered = (entry: RecordingEntry) =>
  entry.kind === 'probe' && entry.stream === 'target' && entry.status === 200 && !entry.failure;

describe('the verdict', () => {
  it('is the same for the same recording, also after it has been on disk', () => {
    fc.assert(
      fc.property(options, (given) => {
        const entries = aRecording(given);
        expect(judgeRun(JSON.parse(JSON.stringify(entries)))).toEqual(judgeRun(entries));
      }),
      RUNS,
    );
  });

  it('does not get better by a dropped request', () => {
    fc.assert(
      fc.property(options, fc.integer({ min: 0, max: 1_199 }), (given, seq) => {
        const plain = judgeRun(aRecording(given));
        const worse: Drawing = { atMs: seq * 10, draw: 'x' };
        const dropped = judgeRun(aRecording({ ...given, target: [...(given.target ?? []), worse] }));
        expect(RANK[dropped.verdict]).toBeLessThanOrEqual(RANK[plain.verdict]);
      }),
      RUNS,
    );
  });

  it('does not get better by answers that are missing', () => {
    fc.assert(
      fc.property(options, fc.array(fc.nat(1_199), { minLength: 1, maxLength: 400 }), (given, missing) => {
        const entries = aRecording(given);
        const gone = new Set(missing);
        const fewer = entries.filter(
          (entry) => !(isAnswered(entry) && entry.kind === 'probe' && gone.has(entry.seq)),
        );
        expect(RANK[judgeRun(fewer).verdict]).toBeLessThanOrEqual(RANK[judgeRun(entries).verdict]);
      }),
      RUNS,
    );
  });

  it('is never a pass without requests', () => {
    fc.assert(
      fc.property(options, (given) => {
        const entries = aRecording(given).filter(({ kind }) => kind !== 'probe' && kind !== 'heartbeat');
        expect(judgeRun(entries).verdict).not.toBe('pass');
      }),
      RUNS,
    );
  });

  it('is never a pass for the beginning of a recording', () => {
    const entries = aRecording();
    fc.assert(
      fc.property(fc.integer({ min: 0, max: entries.length - 1 }), (length) => {
        expect(judgeRun(entries.slice(0, length)).verdict).not.toBe('pass');
      }),
      RUNS,
    );
  });

  it('holds no figure that is not a number', () => {
    fc.assert(
      fc.property(options, (given) => {
        const numbers: unknown[] = [];
        JSON.stringify(judgeRun(aRecording(given)), (_key, value) => {
          if (typeof value === 'number') numbers.push(value);
          return value;
        });
        expect(numbers.filter((number) => !Number.isFinite(number))).toEqual([]);
      }),
      RUNS,
    );
  });
});
