import { describe, expect, it } from 'vitest';
import { judgeRecordings } from '../../src/gate/judge-recordings.ts';
import type { NeighbourFact, RecordingEntry } from '../../src/model/recording.ts';
import { howSure } from '../../src/report/how-sure.ts';
import { runName } from '../../src/report/run-name.ts';
import { judgeRun } from '../../src/verdict/judge.ts';
import { aRecording, type RecordingOptions } from '../support/a-recording.ts';

const news = (atMs: number, state: NeighbourFact['state'], scenario = 'other'): NeighbourFact => ({
  kind: 'neighbour',
  atMs,
  scenario,
  run: 1,
  state,
});
const beside =
  (...neighbours: readonly NeighbourFact[]) =>
  ([header, ...rest]: readonly RecordingEntry[]): readonly RecordingEntry[] =>
    header ? [header, ...neighbours, ...rest] : [];
const ALL_THE_TIME = beside(news(0, 'present'));
const GONE_EARLY = beside(news(0, 'present'), news(1_000, 'gone'));

const accompanied = (options: RecordingOptions = {}) => aRecording({ change: ALL_THE_TIME, ...options });
const judged = (options: RecordingOptions = {}) => judgeRun(accompanied(options));
const DROPS = { target: [{ atMs: 6_500, draw: 'xxx' }] };

describe('a run beside others', () => {
  it('passes as one alone does, and tells who was there and what it could see', () => {
    const { verdict, reasons, beside: others } = judged();
    expect({ verdict, reasons }).toEqual({ verdict: 'pass', reasons: [] });
    expect(others?.scenarios).toEqual(['other']);
    expect(others?.floorMs).toBeCloseTo(11.4);
    expect(others?.floorBeforeMs).toBeCloseTo(11.4);
    // Ten intervals, and the answer that takes longer than half of them.
    expect(others?.floorAllowedMs).toBeCloseTo(101.2);
  });

  it('is never red by its drops, which may be the doing of others', () => {
    const { verdict, reasons, requests } = judged(DROPS);
    expect(verdict).toBe('inconclusive');
    expect(reasons.map(({ code }) => code)).toEqual(['dropped-beside-others']);
    expect(requests.dropped).toBe(3);
  });

  it('is beside one that was heard of again after it had gone', () => {
    const back = beside(news(-9_000, 'present'), news(-8_000, 'gone'), news(100, 'present'));
    expect(judged({ ...DROPS, change: back }).verdict).toBe('inconclusive');
    expect(judged({ change: back }).beside?.scenarios).toEqual(['other']);
  });

  it('has no cause that is sure of what may be the doing of others', () => {
    const story = { template: {}, target: [{ atMs: 4_600, draw: 'xxx' }] };
    const [alone] = judgeRun(aRecording(story)).findings;
    const [accompanied] = judged(story).findings;
    expect(alone).toMatchObject({ cause: 'stops-before-endpoint-removal', confidence: 'high' });
    expect(accompanied).toMatchObject({ cause: alone?.cause, confidence: 'medium' });
    expect(accompanied?.evidence.at(-1)).toMatch(/only a run alone shows/);
  });

  it('is red by drops that came when the others were long gone', () => {
    expect(judged({ target: [{ atMs: 5_900, draw: 'x' }], change: GONE_EARLY }).verdict).toBe('inconclusive');
    expect(judged({ target: [{ atMs: 6_510, draw: 'x' }], change: GONE_EARLY }).verdict).toBe('dropped');
    const two = {
      target: [
        { atMs: 5_990, draw: 'x' },
        { atMs: 9_000, draw: 'x' },
      ],
      change: GONE_EARLY,
    };
    const [reason] = judged(two).reasons;
    expect(reason?.text).toContain('1 more were dropped while other scenarios ran on the cluster');
  });

  it('leaves no verdict where the rollout failed, but is told at once what fails whoever is there', () => {
    expect(judged({ outcome: 'unschedulable' }).verdict).toBe('inconclusive');
    expect(judged({ outcome: 'unschedulable', change: beside() }).verdict).toBe('rollout-failed');
    expect(judged({ outcome: 'image-pull-failed' }).verdict).toBe('rollout-failed');
  });

  it.each([
    ['a pause as one alone may have while pods end', 8, 'pass'],
    ['a longer one, which alone is allowed when none does', 10, 'inconclusive'],
  ])('may not see less than is allowed: %s', (_, unsent, verdict) => {
    const pause = { target: [{ atMs: 9_000, draw: 'u'.repeat(unsent) }] };
    const result = judged(pause);
    expect(result.verdict).toBe(verdict);
    expect(result.reasons.map(({ code }) => code)).toEqual(verdict === 'pass' ? [] : ['floor-raised']);
    expect(judged({ ...pause, change: beside() })).toMatchObject({ verdict: 'pass' });
  });

  it('is alone where others left before it was measured', () => {
    const result = judged({ change: beside(news(-9_000, 'present'), news(-6_000, 'gone')) });
    expect(result.beside).toBeUndefined();
  });
});

describe('a run that is made again alone', () => {
  const rowOf = (first: RecordingOptions, again: RecordingOptions = {}) => {
    const [row] = judgeRecordings(
      [
        { name: '01-x-run-1', entries: accompanied(first) },
        { name: '01-x-alone-run-1', entries: aRecording(again) },
      ],
      '0.1.0',
    ).scenarios;
    if (!row) throw new Error('no row');
    return row;
  };
  const PAUSE = { target: [{ atMs: 9_000, draw: 'u'.repeat(10) }] };

  it('counts instead of one that was only not measured well, and the report says so', () => {
    const row = rowOf(PAUSE);
    expect(row).toMatchObject({ verdict: 'pass', madeAgain: [{ run: 1, beside: ['other'] }] });
    expect(row.runs).toHaveLength(1);
    expect(howSure(row).join(' ')).toMatch(
      /Run 1 left no verdict beside other and was made again alone: beside 1 other scenario the smallest outage/i,
    );
  });

  it('makes no pass of a drop that does not come again', () => {
    const row = rowOf(DROPS);
    expect(row.runs).toHaveLength(2);
    expect(row.verdict).toBe('inconclusive');
    // Both are shown, under names of their own.
    expect(row.runs.map((run) => runName(run, row.runs))).toEqual(['run 1 beside others', 'run 1']);
  });

  it('is red where it drops', () => {
    expect(rowOf(PAUSE, DROPS).verdict).toBe('dropped');
    expect(rowOf(DROPS, DROPS).verdict).toBe('dropped');
  });
});
