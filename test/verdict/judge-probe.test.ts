import { describe, expect, it } from 'vitest';
import type { Probe, RecordingEntry } from '../../src/model/recording.ts';
import type { UrlProbe } from '../../src/model/url-probe.ts';
import { judgeRun } from '../../src/verdict/judge.ts';
import { aRecording, type RecordingOptions } from '../support/a-recording.ts';

const PROBE: UrlProbe = {
  kind: 'probe',
  name: 'http://127.0.0.1:8080/',
  url: 'http://127.0.0.1:8080/',
  protocol: 'http',
  connection: 'new',
  ratePerSecond: 100,
  connections: 10,
  deadlineMs: 5_000,
  durationMs: 12_000,
  expect: { statusFrom: 200, statusTo: 399 },
};

/** What is left of a drawn recording where there is no cluster, no control and no update. */
function withoutRollout(entries: readonly RecordingEntry[]): readonly RecordingEntry[] {
  return entries.flatMap((entry): readonly RecordingEntry[] => {
    switch (entry.kind) {
      case 'header':
        return [
          {
            ...entry,
            scenario: PROBE,
            environment: { cluster: 'none', platform: 'linux/x64', node: 'v24' },
            streams: entry.streams.filter(({ role }) => role === 'target'),
          },
        ];
      case 'probe':
        return entry.stream === 'target' ? [entry] : [];
      case 'mark':
        return entry.mark.startsWith('probing-') ? [entry] : [];
      case 'heartbeat': {
        const { target = 0 } = entry.nextSeq;
        return [{ ...entry, nextSeq: { target } }];
      }
      case 'end':
        return [entry];
      default:
        return [];
    }
  });
}

const judged = (options: RecordingOptions = {}) => {
  const { change = (entries) => entries } = options;
  return judgeRun(aRecording({ ...options, change: (entries) => change(withoutRollout(entries)) }));
};
const codes = (options: RecordingOptions) => judged(options).reasons.map(({ code }) => code);

describe('a probe of a URL', () => {
  it('passes where every request was answered and every guard held', () => {
    const { verdict, guards, requests, longestOutageMs, rollout, findings } = judged();
    expect(guards.filter(({ held }) => !held)).toEqual([]);
    expect({ verdict, longestOutageMs, findings, rollout }).toEqual({
      verdict: 'pass',
      longestOutageMs: 0,
      findings: [],
      rollout: { replacedPods: 0 },
    });
    expect(requests).toMatchObject({ scheduled: 1200, ok: 1200 });
  });

  it.each([0, 3_500, 11_900])('is dropped where a request is, also %i ms after its start', (atMs) => {
    expect(judged({ target: [{ atMs, draw: 'r' }] })).toMatchObject({
      verdict: 'dropped',
      drops: { 'reset-before-answer': 1 },
    });
  });

  it('that was never answered says to look at the address first', () => {
    const remedyOf = (draw: string) => judged({ target: [{ atMs: 0, draw }] }).reasons[0]?.remedy;
    expect(remedyOf('x'.repeat(1_200))).toMatch(
      /^Nothing was ever answered as expected: look at the address/,
    );
    expect(remedyOf('x'.repeat(1_199))).toMatch(/^Look at the plot/);
  });

  it.each<[string, NonNullable<Probe['failure']>]>([
    ['https', { phase: 'tls', code: 'ERR_SSL_WRONG_VERSION_NUMBER' }],
    ['grpc', { phase: 'headers', code: 'NO_GRPC_STATUS' }],
  ])(
    'that was only ever answered in another protocol says to look at the scheme first: %s',
    (scheme, failure) => {
      const otherwise = (entries: readonly RecordingEntry[]) =>
        entries.map((entry): RecordingEntry => {
          if (entry.kind === 'probe') return { ...entry, failure };
          if (entry.kind !== 'header') return entry;
          const streams = entry.streams.map((stream) => ({ ...stream, url: `${scheme}://127.0.0.1:8080/` }));
          return { ...entry, streams };
        });
      const [reason] = judged({ target: [{ atMs: 0, draw: 'x'.repeat(1_200) }], change: otherwise }).reasons;
      expect(reason?.remedy).toBe(
        `Nothing was ever answered as expected: look at the scheme (${scheme}://), that is whether this port speaks that protocol, first.`,
      );
    },
  );

  it('has no verdict where answers came sooner than they were asked to', () => {
    const asked = (tookMs: number) => (entries: readonly RecordingEntry[]) =>
      entries.map((entry): RecordingEntry => {
        if (entry.kind === 'header') return { ...entry, scenario: { ...PROBE, slow: { durationMs: 1_000 } } };
        if (entry.kind !== 'probe') return entry;
        return { ...entry, endedMs: (entry.sentMs ?? 0) + tookMs };
      });
    expect(codes({ change: asked(890) })).toEqual(['answered-too-soon']);
    expect(judged({ change: asked(900) }).verdict).toBe('pass');
  });

  it('has no verdict where the prober slept, not even over the first requests', () => {
    expect(codes({ asleep: [{ fromMs: 0, toMs: 400 }] })).toContain('prober-hole');
    expect(codes({ asleep: [{ fromMs: 5_000, toMs: 6_500 }] })).toContain('prober-asleep');
  });

  it('has no verdict of fewer than a hundred requests', () => {
    const { reasons } = judged({ intervalMs: 200 });
    expect(reasons.map(({ code }) => code)).toEqual(['too-few-requests']);
  });

  it('has no verdict where requests left late', () => {
    const late = (entries: readonly RecordingEntry[]) =>
      entries.map((entry) =>
        entry.kind === 'probe' && entry.sentMs !== undefined && entry.endedMs !== undefined
          ? { ...entry, sentMs: entry.sentMs + 60, endedMs: entry.endedMs + 60 }
          : entry,
      );
    expect(codes({ change: late })).toEqual(['sent-late']);
  });

  it('that was cut short has no verdict, and is dropped all the same where a request was', () => {
    expect(codes({ end: 'cancelled' })).toEqual(['cancelled']);
    expect(codes({ end: 'missing' })).toEqual(['recording-truncated']);
    expect(judged({ end: 'cancelled', target: [{ atMs: 4_000, draw: 'x' }] }).verdict).toBe('dropped');
  });
});
