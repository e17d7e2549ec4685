import { describe, expect, it } from 'vitest';
import { LiveCounts } from '../../src/gate/live-counts.ts';
import { aRecording } from '../support/a-recording.ts';

const entries = aRecording({ target: [{ atMs: 0, draw: '..x.n..' }] });
const streams = entries.flatMap((entry) => (entry.kind === 'header' ? entry.streams : []));
const requests = entries
  .flatMap((entry) => (entry.kind === 'probe' && entry.stream === 'target' ? [entry] : []))
  .toSorted((a, b) => a.seq - b.seq)
  .slice(0, 7);

describe('the counts of a run that is under way', () => {
  it('tell answered and dropped requests, and answers in a row', () => {
    const counts = new LiveCounts(streams);
    for (const request of requests) counts.add(request);
    expect(counts.of('target')).toEqual({ ok: 5, dropped: 1, other: 1, okInARow: 2, settled: 7 });
  });

  it('do not take later answers for the end of a request that still hangs', () => {
    const counts = new LiveCounts(streams);
    const [first, second, hanging, ...later] = requests;
    for (const request of [second, first, ...later]) if (request) counts.add(request);
    expect(counts.of('target').settled).toBe(2);
    if (hanging) counts.add(hanging);
    expect(counts.of('target').settled).toBe(7);
  });
});
