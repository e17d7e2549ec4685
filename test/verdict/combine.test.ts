import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { distinctRecordings, judgeRecordings } from '../../src/gate/judge-recordings.ts';
import type { GateResult, Verdict } from '../../src/model/verdict.ts';
import { howSure } from '../../src/report/how-sure.ts';
import { standInNotice } from '../../src/report/stand-in-notice.ts';
import { gateResult, runsLeftOut, scenarioResult, worstVerdict } from '../../src/verdict/combine.ts';
import { exitCodeOf, isFailing } from '../../src/verdict/exit-code.ts';
import { judgeRun } from '../../src/verdict/judge.ts';
import { aRecording, aScenario, type RecordingOptions } from '../support/a-recording.ts';

const BEST_LAST: readonly Verdict[] = ['dropped', 'rollout-failed', 'error', 'inconclusive', 'pass'];
const verdict = fc.constantFrom(...BEST_LAST);
const run = (options: RecordingOptions = {}) => judgeRun(aRecording(options));
const scenario = aScenario();
const gate = (parts: Partial<GateResult>): GateResult =>
  gateResult({
    rollproof: '0.1.0',
    startedAt: '2026-11-20T12:00:00.000Z',
    scenarios: [],
    reasons: [],
    assumed: [],
    ...parts,
  });

describe('the worst verdict', () => {
  it('follows the order dropped, rollout-failed, error, inconclusive, pass', () => {
    for (const [index, one] of BEST_LAST.entries()) {
      expect(
        BEST_LAST.map((other, rank) => worstVerdict([one, other]) === (rank < index ? other : one)),
      ).not.toContain(false);
    }
  });

  it('does not depend on order, grouping or repetition', () => {
    fc.assert(
      fc.property(verdict, verdict, verdict, (a, b, c) => {
        expect(worstVerdict([a, b])).toBe(worstVerdict([b, a]));
        expect(worstVerdict([worstVerdict([a, b]), c])).toBe(worstVerdict([a, worstVerdict([b, c])]));
        expect(worstVerdict([a, a])).toBe(a);
      }),
    );
  });

  it('of nothing is no pass', () => {
    expect(worstVerdict([])).toBe('inconclusive');
  });
});

describe('a scenario', () => {
  it('is as bad as its worst run, adds up requests and keeps outages apart', () => {
    const result = scenarioResult({
      scenario,
      runs: [run({ run: 2, target: [{ atMs: 4_700, draw: 'xxx' }] }), run({ run: 1 })],
    });
    expect(result).toMatchObject({
      verdict: 'dropped',
      requests: { scheduled: 2400, ok: 2397, dropped: 3 },
      outages: [{ run: 2, dropped: 3 }],
    });
    expect(result.runs.map((one) => one.run)).toEqual([1, 2]);
    expect(result.reasons[0]?.text).toMatch(/^Run 2: 3 requests were dropped/);
  });

  it('without a run is no pass, and an error where the environment is why', () => {
    expect(scenarioResult({ scenario, runs: [] })).toMatchObject({
      verdict: 'inconclusive',
      reasons: [{ code: 'not-run' }],
    });
    const reasons = [{ code: 'RP2101', text: 'Docker does not answer.' }];
    expect(scenarioResult({ scenario, runs: [], reasons })).toMatchObject({ verdict: 'error', reasons });
  });

  it('with a run that could not be made does not pass on the others', () => {
    const reasons = [{ code: 'RP2101', text: 'Docker does not answer.' }];
    expect(scenarioResult({ scenario, runs: [run()], reasons }).verdict).toBe('error');
  });
});

describe('the exit code', () => {
  it.each<[number, RecordingOptions]>([
    [0, {}],
    [1, { target: [{ atMs: 4_700, draw: 'x' }] }],
    [3, { end: 'missing' }],
    [4, { outcome: 'crash-loop' }],
    [5, { end: 'failed' }],
    [70, { change: () => [] }],
  ])('is %i', (code, options) => {
    const runs = [judgeRun(aRecording(options))];
    expect(exitCodeOf(gate({ scenarios: [scenarioResult({ scenario, runs })] }))).toBe(code);
  });

  it('is that of the environment where no cluster came up, and 3 where nothing was asked for', () => {
    expect(exitCodeOf(gate({ reasons: [{ code: 'RP2101', text: 'Docker does not answer.' }] }))).toBe(5);
    expect(exitCodeOf(gate({}))).toBe(3);
  });

  it('fails a job by what the user chose, and never for a pass', () => {
    expect(isFailing('dropped', ['dropped'])).toBe(true);
    expect(isFailing('inconclusive', ['dropped'])).toBe(false);
    expect(isFailing('pass', ['dropped', 'inconclusive', 'rollout-failed', 'error'])).toBe(false);
  });
});

describe('repeated runs', () => {
  const DROPPING = { target: [{ atMs: 4_600, draw: 'xx' }] };

  it('end with the first that failed clearly, and go on after one that could not be measured', () => {
    expect(runsLeftOut(run({ run: 2, ...DROPPING }), 10)).toBe(8);
    expect(runsLeftOut(run({ run: 2, outcome: 'not-ready' }), 10)).toBe(8);
    expect(runsLeftOut(run({ run: 2, end: 'prober-lost' }), 10)).toBe(0);
    expect(runsLeftOut(run({ run: 2 }), 10)).toBe(0);
    expect(runsLeftOut(run({ run: 10, ...DROPPING }), 10)).toBe(0);
  });

  it('say how many were not made, also where only the recordings are left', () => {
    const recorded = (options: RecordingOptions, all: boolean) => ({
      name: `run-${options.run}`,
      entries: aRecording({
        ...options,
        change: ([header, ...rest]) =>
          header?.kind === 'header' ? [{ ...header, repeat: { runs: 5, all } }, ...rest] : rest,
      }),
    });
    const notMade = (all: boolean) =>
      judgeRecordings([recorded({ run: 1 }, all), recorded({ run: 2, ...DROPPING }, all)], '0.1.0')
        .scenarios[0]?.runsNotMade;
    expect(notMade(false)).toBe(3);
    // All of them were to be made, so that some are missing.
    expect(notMade(true)).toBe(3);
  });

  it('say how many are missing where not all recordings were given', () => {
    const entries = aRecording({
      run: 2,
      change: ([header, ...rest]) =>
        header?.kind === 'header' ? [{ ...header, repeat: { runs: 3, all: false } }, ...rest] : rest,
    });
    const [judged] = judgeRecordings([{ name: 'run-2', entries }], '0.1.0').scenarios;
    expect(judged).toMatchObject({ verdict: 'pass', runsNotMade: 2 });
    expect(judged && howSure(judged)).toContain(
      '2 planned runs are missing here, and what happened in them is not known.',
    );
  });

  it('are not put together with those on a stand-in, which would hide that it was one', () => {
    const given = [
      aRecording(),
      aRecording({ run: 2, environment: { cluster: 'sandbox', cni: 'none' } }),
    ].map((entries, index) => ({ name: `run-${index}`, entries }));
    const result = judgeRecordings(given, '0.1.0');
    expect(result.scenarios.map(({ environment, runs }) => [environment?.cluster, runs.length])).toEqual([
      ['kind', 1],
      ['sandbox', 1],
    ]);
    expect(standInNotice(result)).toHaveLength(1);
  });

  it('count once where a recording is given twice', () => {
    const [one, two] = [aRecording({ replicas: 3 }), aRecording({ run: 2, replicas: 3 })];
    const given = [one, two, aRecording({ replicas: 3 })].map((entries, index) => ({
      name: `run-${index}`,
      entries,
    }));
    const distinct = distinctRecordings(given);
    expect(distinct.map(({ name }) => name)).toEqual(['run-0', 'run-1']);
    expect(judgeRecordings(distinct, '0.1.0').scenarios[0]?.replacements).toMatchObject({ total: 6 });
  });

  it('bound the share of bad replacements together', () => {
    const runs = [run({ replicas: 3 }), run({ run: 2, replicas: 3 }), run({ run: 3, end: 'missing' })];
    expect(scenarioResult({ scenario, runs }).replacements).toEqual({
      total: 6,
      withDrops: 0,
      upperBound95: expect.closeTo(1 - 0.05 ** (1 / 6), 9),
    });
    expect(scenarioResult({ scenario, runs: runs.slice(2) }).replacements).toBeUndefined();
  });
});
