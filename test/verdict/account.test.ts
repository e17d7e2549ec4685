import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { RecordingEntry } from '../../src/model/recording.ts';
import { type Account, accountFor, sumCounts } from '../../src/verdict/account.ts';
import { runFacts } from '../../src/verdict/run-facts.ts';
import { aRecording } from '../support/a-recording.ts';

function accountOf(entries: readonly RecordingEntry[]): Account {
  const facts = runFacts(entries);
  const stream = facts?.streams[0];
  if (!facts || !stream) throw new Error('a recording has a target');
  return accountFor(facts, stream);
}

describe('the account', () => {
  it('adds up in every phase, whatever happens to the requests', () => {
    fc.assert(
      fc.property(
        fc.string({
          unit: fc.constantFrom('.', 'x', 't', 'r', 'a', 's', 'c', 'n', '?', 'u', '-'),
          maxLength: 300,
        }),
        (draw) => {
          const { counts, phases, violations } = accountOf(aRecording({ target: [{ atMs: 4_000, draw }] }));
          expect(violations).toEqual([]);
          for (const one of [counts, ...Object.values(phases)]) {
            expect(one.scheduled).toBe(one.sent + one.unsent);
            expect(one.sent).toBe(one.ok + one.dropped + one.notJudged);
          }
          expect(sumCounts(Object.values(phases))).toEqual(counts);
          expect(counts.scheduled).toBe(1200);
        },
      ),
      { numRuns: 50 },
    );
  });

  it('lays nothing that was not answered to the target while the machine that probes threw packets away', () => {
    const lossy = (lostAtMs: number) =>
      accountOf(
        aRecording({
          target: [{ atMs: 4_000, draw: 'tttxx' }],
          change: (entries) =>
            entries.map((entry) =>
              entry.kind === 'heartbeat' && entry.atMs === lostAtMs ? { ...entry, lostPackets: 3 } : entry,
            ),
        }),
      );
    // In flight from 4 s to 6 s.
    expect(lossy(5_000)).toMatchObject({ drops: { refused: 2 }, notJudged: { 'prober-fault': 3 } });
    expect(lossy(3_000)).toMatchObject({ drops: { refused: 2, 'connect-timeout': 3 }, notJudged: {} });
  });

  it('counts a request without a record as sent where the prober had got that far, as unsent otherwise', () => {
    const silent = aRecording({
      change: (entries) =>
        entries.filter(
          (entry) =>
            !(entry.kind === 'heartbeat' && entry.atMs > 8_000) &&
            !(entry.kind === 'probe' && entry.scheduledMs >= 7_900),
        ),
    });
    expect(accountOf(silent).counts).toMatchObject({
      scheduled: 1200,
      ok: 790,
      notJudged: 10,
      unsent: 400,
    });
  });

  it('does not judge a failure on a source port that had not rested', () => {
    const again = aRecording({
      target: [{ atMs: 8_000, draw: 't' }],
      change: (entries) =>
        entries.map((entry) =>
          entry.kind === 'probe' && entry.stream === 'target' && entry.seq === 800
            ? { ...entry, localPort: 20_100 }
            : entry,
        ),
    });
    expect(accountOf(again).notJudged).toEqual({ 'stale-source-port': 1 });
  });
});
