import { describe, expect, it } from 'vitest';
import type { RecordingEntry } from '../../src/model/recording.ts';
import { connectionSentences } from '../../src/report/connections.ts';
import { spreadOf } from '../../src/verdict/connections.ts';
import { judgeRun } from '../../src/verdict/judge.ts';
import { aRecording } from '../support/a-recording.ts';
import { connection, LOST_AND_KEPT, OLD, withConnections } from '../support/some-connections.ts';

function balanceOf(extra: readonly RecordingEntry[]) {
  const run = judgeRun(
    aRecording({
      replicas: 2,
      change: (entries) => {
        return withConnections(entries, extra);
      },
    }),
  );
  return { run, balance: run.connections };
}

describe('long-lived connections', () => {
  it('are counted by the pod that lost them and by the pod that has them now', () => {
    const { balance, run } = balanceOf(LOST_AND_KEPT);
    expect(balance).toEqual({
      opened: 6,
      lost: 3,
      lostBy: { closed: 2, reset: 1 },
      lasting: 3,
      failed: 0,
      pods: [
        { name: 'web-old-0', generation: 'old', lost: 2, lasting: 0 },
        { name: 'web-old-1', generation: 'old', lost: 1, lasting: 0 },
        { name: 'web-new-0', generation: 'new', lost: 0, lasting: 2 },
        { name: 'web-new-1', generation: 'new', lost: 0, lasting: 1 },
      ],
      unknown: { lost: 0, lasting: 0 },
      lostSpread: { count: 2, min: 1, max: 2, mean: 1.5, stddev: 0.5 },
      lastingSpread: { count: 2, min: 1, max: 2, mean: 1.5, stddev: 0.5 },
    });
    expect(connectionSentences(run)).toEqual([
      'Connections: 6 opened, 3 lost since the update (2 closed, 1 reset), 3 lasting, 0 attempts to connect in vain.',
      'Lost per old pod: 1 to 2, mean 1.5, standard deviation 0.5.',
      'Lasting per new pod: 1 to 2, mean 1.5, standard deviation 0.5.',
    ]);
  });

  it('that are lost without a request in flight drop nothing', () => {
    expect(balanceOf(LOST_AND_KEPT).run.verdict).toBe('pass');
  });

  it('whose pod is not known are nobody’s, and no spread is told', () => {
    const { balance } = balanceOf([
      ...LOST_AND_KEPT,
      ...connection(40_007, undefined, { atMs: 5_700, how: 'closed' }),
    ]);
    expect(balance).toMatchObject({ lost: 4, unknown: { lost: 1, lasting: 0 } });
    expect(balance).not.toHaveProperty('lostSpread');
    expect(balance).toHaveProperty('lastingSpread');
  });

  it('that ended before the update, or never came to be, were not lost by it', () => {
    const { balance } = balanceOf([
      ...connection(40_001, OLD[0], { atMs: 2_000, how: 'closed' }),
      ...connection(40_002, OLD[0], { atMs: 5_500, how: 'failed' }),
    ]);
    expect(balance).toMatchObject({ opened: 1, lost: 0, lasting: 0, failed: 1 });
  });

  it('are not told of where none was recorded', () => {
    expect(balanceOf([]).balance).toBeUndefined();
  });
});

describe('a spread', () => {
  it('is that of the whole population', () => {
    expect(spreadOf([2, 4, 4, 4, 5, 5, 7, 9])).toEqual({ count: 8, min: 2, max: 9, mean: 5, stddev: 2 });
    expect(spreadOf([])).toBeUndefined();
    const many = Array.from({ length: 200_000 }, (_, index) => index % 3);
    expect(spreadOf(many)).toMatchObject({ count: 200_000, min: 0, max: 2 });
  });
});
