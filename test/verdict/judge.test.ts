import { describe, expect, it } from 'vitest';
import type { Mark, RecordingEntry, RolloutOutcome } from '../../src/model/recording.ts';
import { judgeRun } from '../../src/verdict/judge.ts';
import { aRecording, type RecordingOptions, TIMES } from '../support/a-recording.ts';
import { aRolloutStory, NEW, OLD, READY } from '../support/a-rollout-story.ts';

const judged = (options: RecordingOptions = {}) => judgeRun(aRecording(options));
const codes = (options: RecordingOptions = {}) => judged(options).reasons.map(({ code }) => code);
const without = (kind: RecordingEntry['kind']) => (entries: readonly RecordingEntry[]) =>
  entries.filter((entry) => entry.kind !== kind);
const withoutMark = (mark: Mark['mark']) => (entries: readonly RecordingEntry[]) =>
  entries.filter((entry) => entry.kind !== 'mark' || entry.mark !== mark);
const adding = (entry: RecordingEntry) => (entries: readonly RecordingEntry[]) => [
  ...entries.slice(0, -1),
  entry,
  ...entries.slice(-1),
];

describe('a run in which everything went well', () => {
  const result = judged();

  it('passes, with every guard held and no reason', () => {
    expect(result.guards.filter(({ held }) => !held)).toEqual([]);
    expect(result).toMatchObject({ verdict: 'pass', reasons: [], outages: [], longestOutageMs: 0 });
  });

  it('passes also where the listener for routes ended before the new pods served: they are not thought idle', () => {
    const note = { kind: 'note', atMs: 9_300, level: 'warning', subject: 'route-source' } as const;
    const deaf = judged({
      baselineMs: 8_000,
      change: (entries) => [
        ...entries
          .slice(0, -1)
          .filter(({ kind, ...entry }) => kind !== 'route' || !('atMs' in entry) || entry.atMs < 9_300),
        { ...note, text: 'the listener on node worker ended, routes are unknown from now on: ' },
        ...entries.slice(-1),
      ],
    });
    expect(deaf).toMatchObject({ verdict: 'pass', reasons: [], served: { how: 'inferred' } });
  });

  it('accounts for every request, by phase', () => {
    expect(result.requests).toEqual({
      scheduled: 1200,
      sent: 1200,
      ok: 1200,
      dropped: 0,
      notJudged: 0,
      unsent: 0,
    });
    expect(Object.values(result.phases).map(({ ok }) => ok)).toEqual([300, 200, 100, 600]);
  });

  it('tells what it could have seen, who served, and how long the rollout took', () => {
    expect(result.largestGapMs).toBeCloseTo(10);
    // A whole request has to lie in an outage: answers take up to 1.4 ms.
    expect(result.detectionFloorMs).toBeCloseTo(11.4);
    expect(result.partialDetectionFloor).toMatchObject({ endpoints: 2 });
    expect(result.partialDetectionFloor?.lengthMs).toBeCloseTo(101.4);
    expect(result.served).toEqual({ old: 450, new: 750, how: 'conntrack' });
    expect(result.rollout).toEqual({ outcome: 'completed', replacedPods: 1, durationMs: 2000 });
    expect(result.response?.count).toBe(1200);
    expect(result.responseDuring?.count).toBe(300);
  });

  it('writes its numbers as every other figure is written', () => {
    const { guards } = judged({ tailMs: 15_000 });
    expect(guards.find(({ id }) => id === 'not-served-by-both')?.text).toMatch(
      /^Old pods answered 450 requests, new pods 1,[0-9]50, by connection tracking/,
    );
  });

  it('passes without connection tracking, by what the EndpointSlices allow to conclude', () => {
    expect(judged({ routes: false })).toMatchObject({
      verdict: 'pass',
      served: { old: 450, new: 600, how: 'inferred' },
    });
  });
});

describe('dropped requests', () => {
  it.each([
    ['x', 'refused'],
    ['t', 'connect-timeout'],
    ['r', 'reset-before-answer'],
    ['a', 'answer-timeout'],
    ['c', 'truncated'],
    ['s', 'status'],
  ])('one single %s during the update is red, as %s', (draw, dropClass) => {
    const result = judged({ target: [{ atMs: 4_700, draw }] });
    expect(result).toMatchObject({ verdict: 'dropped', drops: { [dropClass]: 1 } });
    expect(result.reasons.map(({ code }) => code)).toEqual(['dropped']);
  });

  it.each([TIMES.triggeredMs, TIMES.completeMs, TIMES.goneMs, TIMES.stoppedMs - 10])(
    'one at %i ms, on the edge of a phase, is red',
    (atMs) => {
      expect(judged({ target: [{ atMs, draw: 'x' }] }).verdict).toBe('dropped');
    },
  );

  it('one that was in flight when the update came is red, although it was due before', () => {
    expect(judged({ target: [{ atMs: 2_990, draw: 't' }] }).verdict).toBe('dropped');
  });

  it('have as many statuses in the result as anybody reads, and the others as a sum', () => {
    const change = (entries: readonly RecordingEntry[]) =>
      entries.map((entry) =>
        entry.kind === 'probe' && entry.stream === 'target' && entry.status === 503
          ? { ...entry, status: 500 + (entry.seq % 90) }
          : entry,
      );
    const { statuses = {} } = judged({ target: [{ atMs: 4_700, draw: 's'.repeat(90) }], change });
    expect(Object.keys(statuses)).toHaveLength(51);
    expect(statuses.others).toBe(40);
  });

  it('are told with the statuses that they had, the most frequent first', () => {
    const other = new Map([
      [4_700, 502],
      [4_710, 500],
    ]);
    const result = judged({
      target: [{ atMs: 4_700, draw: 'ssssxx' }],
      change: (entries) =>
        entries.map((entry) =>
          entry.kind === 'probe' && entry.stream === 'target' && other.has(Math.round(entry.scheduledMs))
            ? { ...entry, status: other.get(Math.round(entry.scheduledMs)) ?? 0 }
            : entry,
        ),
    });
    expect(result.statuses).toEqual({ 500: 1, 502: 1, 503: 2 });
    expect(result.reasons[0]?.text).toContain('(4 status 503, 500 and 502, 2 refused)');
    expect(judged({ target: [{ atMs: 4_700, draw: 'x' }] }).statuses).toBeUndefined();
  });

  it('are told with the longest outage', () => {
    const result = judged({ target: [{ atMs: 4_700, draw: 'x x x x x' }] });
    expect(result.longestOutageMs).toBeCloseTo(50);
    expect(result.outages).toHaveLength(1);
  });

  it('are excused where the control dropped when a slow request was cut, and not when it was sent alone', () => {
    const verdictOf = (slow: { durationMs: number } | undefined) =>
      judged({
        target: [{ atMs: 4_700, draw: 'x' }],
        steady: [{ atMs: 6_700, draw: 'x' }],
        change: (entries) =>
          entries.map((entry): RecordingEntry => {
            if (entry.kind === 'header' && entry.scenario.kind !== 'probe' && slow) {
              return { ...entry, scenario: { ...entry.scenario, slow } };
            }
            return entry.kind === 'probe' && entry.stream === 'target' && entry.scheduledMs < 10_000
              ? { ...entry, endedMs: (entry.sentMs ?? 0) + 2_000 }
              : entry;
          }),
      }).verdict;
    expect(verdictOf({ durationMs: 2_000 })).toBe('inconclusive');
    expect(verdictOf(undefined)).toBe('dropped');
  });

  it('are excused where the steady control dropped within a quarter of a second, and never make a pass', () => {
    const options = { target: [{ atMs: 4_700, draw: 'x' }], steady: [{ atMs: 4_900, draw: 'x' }] };
    expect(judged(options).verdict).toBe('inconclusive');
    expect(codes(options)).toContain('drops-excused');
  });

  it.each([
    ['are excused', 'just before it was noticed', 5_100, 'inconclusive'],
    ['are excused', 'while nodes catch up after it', 3_200, 'inconclusive'],
    ['are red', 'where it was long over', -40_000, 'dropped'],
  ] as const)('%s beside a restart of kube-proxy %s', (_, _when, atMs, verdict) => {
    const result = judged({
      target: [{ atMs: 4_700, draw: 'xxx' }],
      change: adding({
        kind: 'note',
        atMs,
        level: 'warning',
        subject: 'infrastructure-restart',
        text: 'pod kube-system/kube-proxy-x was removed',
      }),
    });
    expect(result.verdict).toBe(verdict);
    const [reason] = result.reasons;
    expect(reason?.code).toBe(verdict === 'dropped' ? 'dropped' : 'drops-excused');
    if (verdict === 'inconclusive') expect(reason?.text).toContain('kube-proxy-x was removed');
  });

  it.each([
    ['are excused', 'for more than a moment', 'x'.repeat(40), 'inconclusive'],
    ['are red', 'for a moment', 'x', 'dropped'],
  ] as const)('%s where they waited in vain while the control was out %s', (_, _long, draw, verdict) => {
    const result = judged({
      target: [{ atMs: 4_700, draw: 't' }],
      steady: [{ atMs: 6_000, draw }],
    });
    expect(result.verdict).toBe(verdict);
  });

  it('are red as soon as one of them is not excused', () => {
    expect(
      judged({
        target: [
          { atMs: 4_700, draw: 'x' },
          { atMs: 5_300, draw: 'x' },
        ],
        steady: [{ atMs: 4_700, draw: 'x' }],
      }).verdict,
    ).toBe('dropped');
  });

  it('stay red where the rollout fails as well, and both are told', () => {
    expect(codes({ target: [{ atMs: 4_700, draw: 'x' }], outcome: 'crash-loop' })).toEqual([
      'dropped',
      'crash-loop',
    ]);
  });

  it('stay red where the recording breaks off', () => {
    expect(judged({ target: [{ atMs: 4_700, draw: 'x' }], end: 'missing' }).verdict).toBe('dropped');
  });
});

describe('a rollout that did not complete', () => {
  it('that is said to have ended twice has not ended well', () => {
    const twice = (entries: readonly RecordingEntry[]) =>
      entries.flatMap((entry): readonly RecordingEntry[] =>
        entry.kind === 'rollout-end' ? [{ ...entry, outcome: 'timed-out' }, entry] : [entry],
      );
    expect(judged({ change: twice }).verdict).toBe('rollout-failed');
  });

  it.each<[RolloutOutcome, string]>([
    ['nothing-replaced', 'rollout-failed'],
    ['image-pull-failed', 'rollout-failed'],
    ['crash-loop', 'rollout-failed'],
    ['unschedulable', 'rollout-failed'],
    ['create-failed', 'rollout-failed'],
    ['not-ready', 'rollout-failed'],
    ['paused', 'rollout-failed'],
    ['timed-out', 'rollout-failed'],
    ['update-rejected', 'rollout-failed'],
    ['command-failed', 'rollout-failed'],
    ['foreign-change', 'inconclusive'],
    ['cancelled', 'inconclusive'],
  ])('%s is %s and says so first', (outcome, verdict) => {
    const result = judged({ outcome, detail: 'pod web-new-0: evidence' });
    expect(result.verdict).toBe(verdict);
    expect(result.reasons[0]).toMatchObject({ code: outcome, text: expect.stringContaining('evidence') });
  });
});

describe('inconclusive', () => {
  it.each<[string, string, RecordingOptions]>([
    ['a prober that slept over the rollout', 'prober-asleep', { asleep: [{ fromMs: 4_000, toMs: 7_000 }] }],
    ['a pause in the schedule', 'prober-hole', { target: [{ atMs: 3_100, draw: 'u'.repeat(30) }] }],
    [
      'a shorter pause while an old pod was terminating',
      'prober-hole-while-terminating',
      { target: [{ atMs: 4_700, draw: 'u'.repeat(15) }] },
    ],
    [
      'requests that were not sent',
      'schedule-not-kept',
      { target: [{ atMs: 8_000, draw: 'u.'.repeat(50) }] },
    ],
    ['a request that cannot be judged', 'not-judged', { target: [{ atMs: 4_000, draw: 'n' }] }],
    ['a request whose record is missing', 'not-judged', { target: [{ atMs: 4_000, draw: '-' }] }],
    ['a short tail', 'tail-too-short', { tailMs: 4_800 }],
    ['too few requests before the update', 'too-few-before', { baselineMs: 1_000 }],
    ['too few requests during the update', 'too-few-during', { rolloutMs: 600, terminatingMs: 100 }],
    ['too few requests after the update', 'too-few-after', { intervalMs: 100, tailMs: 10_000 }],
    [
      'a control that dropped although the target did not',
      'control-not-clean',
      { steady: [{ atMs: 9_000, draw: 'x' }] },
    ],
    ['a control that paused', 'control-sparse', { steady: [{ atMs: 4_000, draw: 'u'.repeat(40) }] }],
    [
      'a control that was not probed',
      'control-not-clean',
      {
        change: (entries) =>
          entries
            .filter((entry) => entry.kind !== 'probe' || entry.stream === 'target')
            .map((entry) =>
              entry.kind === 'header'
                ? { ...entry, streams: entry.streams.filter(({ role }) => role === 'target') }
                : entry,
            ),
      },
    ],
    ['no list of pods after the update', 'rollout-not-proven', { change: without('workload-after') }],
    ['no end of the rollout', 'rollout-not-proven', { change: without('rollout-end') }],
    ['an unseen end of the old pods', 'rollout-not-proven', { change: withoutMark('old-pods-gone') }],
    [
      'an old pod that is still there',
      'rollout-not-proven',
      {
        change: (entries) =>
          entries.map((entry) =>
            entry.kind === 'workload-after'
              ? {
                  ...entry,
                  pods: [
                    ...entry.pods,
                    { uid: 'uid-old-0', name: 'web-old-0', templateHash: 'old', terminating: true },
                  ],
                }
              : entry,
          ),
      },
    ],
    [
      'an unchanged template',
      'rollout-not-proven',
      {
        change: (entries) =>
          entries.map((entry) =>
            entry.kind === 'workload-after' ? { ...entry, templateHash: 'old' } : entry,
          ),
      },
    ],
    [
      'only old pods that served',
      'not-served-by-both',
      {
        change: (entries) =>
          entries.map((entry) => (entry.kind === 'route' ? { ...entry, podAddress: '10.244.1.2' } : entry)),
      },
    ],
    [
      'pods of something else that served',
      'served-by-others',
      {
        change: (entries) =>
          entries.map((entry) =>
            entry.kind === 'route' && entry.atMs > 8_000 ? { ...entry, podAddress: '10.244.9.9' } : entry,
          ),
      },
    ],
    [
      'requests that went elsewhere',
      'wrong-address',
      {
        change: (entries) =>
          entries.map((entry) =>
            entry.kind === 'probe' && entry.seq === 5 ? { ...entry, remote: '10.0.0.1:80' } : entry,
          ),
      },
    ],
    [
      'a cluster that changed meanwhile',
      'environment-unstable',
      {
        change: adding({
          kind: 'note',
          atMs: 4_000,
          level: 'warning',
          subject: 'infrastructure-restart',
          text: 'a container of pod kube-system/kube-proxy-x was restarted',
        }),
      },
    ],
    [
      'a twin that no longer forwards as the Service does, whatever was dropped on the way through it',
      'twin-outdated',
      {
        target: [{ atMs: 4_700, draw: 'xxx' }],
        change: adding({
          kind: 'note',
          atMs: 6_000,
          level: 'warning',
          subject: 'twin-outdated',
          text: 'the update changed Service web, and its twin rollproof-web was probed',
        }),
      },
    ],
    ['no heartbeat at all', 'prober-asleep', { change: without('heartbeat') }],
    [
      'drops of which nobody knows whether the update was triggered before them',
      'no-update',
      { target: [{ atMs: 4_700, draw: 'xxx' }], change: withoutMark('update-triggered') },
    ],
    [
      'an old pod that was gone before the update',
      'rollout-not-proven',
      {
        change: (entries) =>
          entries.map((entry) =>
            entry.kind === 'mark' && entry.mark === 'old-pods-gone' ? { ...entry, atMs: 1_000 } : entry,
          ),
      },
    ],
    ['a recording that breaks off', 'recording-truncated', { end: 'missing' }],
    ['a prober that was lost', 'prober-lost', { end: 'prober-lost' }],
    ['a cancelled run', 'cancelled', { end: 'cancelled' }],
    ['a drop before the update', 'baseline-failing', { target: [{ atMs: 1_000, draw: 'x' }] }],
  ])('because of %s', (_why, code, options) => {
    const result = judged(options);
    expect(result.verdict).toBe('inconclusive');
    expect(result.reasons.map((reason) => reason.code)).toContain(code);
    expect(result.reasons.every(({ remedy }) => remedy !== undefined)).toBe(true);
  });

  it('a baseline that fails has this one reason, whatever else could not be measured', () => {
    const result = judged({
      target: [{ atMs: 100, draw: 's'.repeat(50) }],
      end: 'baseline-failing',
      change: (entries) =>
        entries.filter(
          (entry) =>
            entry.kind !== 'rollout-end' &&
            entry.kind !== 'workload-after' &&
            !(
              entry.kind === 'mark' &&
              ['update-triggered', 'rollout-complete', 'old-pods-gone'].includes(entry.mark)
            ),
        ),
    });
    expect(result.verdict).toBe('inconclusive');
    expect(result.reasons.map(({ code }) => code)).toEqual(['baseline-failing']);
    expect(result.requests.dropped).toBe(50);
  });

  it('a workload that never became available has this one reason, with the evidence', () => {
    const [header] = aRecording();
    if (header?.kind !== 'header') return expect.unreachable('a recording starts with its header');
    const result = judgeRun([
      { ...header, streams: [] },
      {
        kind: 'end',
        atMs: 20_000,
        reason: 'workload-unavailable',
        detail: 'image-pull-failed: no such image',
      },
    ]);
    expect(result.verdict).toBe('inconclusive');
    expect(result.reasons.map(({ code }) => code)).toEqual(['workload-unavailable']);
    expect(result.reasons[0]?.text).toContain('no such image');
  });

  it('a low rate is told to be too low, with what to change', () => {
    const reasons = judged({ intervalMs: 100, baselineMs: 10_000, rolloutMs: 8_000 }).reasons;
    expect(reasons.find(({ code }) => code === 'too-few-before')).toEqual({
      code: 'too-few-before',
      text: '100 requests were judged before the update (200 are needed).',
      remedy: 'Raise the rate, or make the baseline longer.',
    });
  });
});

describe('error', () => {
  it.each<[string, (entries: readonly RecordingEntry[]) => readonly RecordingEntry[]]>([
    [
      'a request has two ends',
      (entries) => [...entries, ...entries.filter((e) => e.kind === 'probe' && e.seq === 7)],
    ],
    [
      'a request was answered and not sent',
      (entries) =>
        entries.map((e) => (e.kind === 'probe' && e.seq === 7 ? { ...e, unsent: 'overdue' as const } : e)),
    ],
    [
      'requests are of a stream that nobody started',
      (entries) =>
        entries.map((e) => (e.kind === 'probe' && e.stream === 'target' ? { ...e, stream: 'other' } : e)),
    ],
    [
      'there are two targets, of which one would go unjudged',
      (entries) =>
        entries.map((e) =>
          e.kind === 'header'
            ? { ...e, streams: e.streams.map((stream) => ({ ...stream, role: 'target' as const })) }
            : e,
        ),
    ],
    [
      'more requests were due than any run makes',
      (entries) =>
        entries.map((e) => (e.kind === 'heartbeat' ? { ...e, nextSeq: { target: 1_000_000_000 } } : e)),
    ],
    [
      'requests were due at other times than the header says, by which pauses are measured',
      (entries) =>
        entries.map((e) =>
          e.kind === 'header'
            ? { ...e, streams: e.streams.map((stream) => ({ ...stream, intervalMs: 1_000 })) }
            : e,
        ),
    ],
    [
      'one request was due at another time than the rest',
      (entries) =>
        entries.map((e) => (e.kind === 'probe' && e.seq === 700 ? { ...e, scheduledMs: 2_000 } : e)),
    ],
    [
      'probing started after the update, so that nobody looked at what was before',
      (entries) =>
        entries.map((e) => (e.kind === 'mark' && e.mark === 'probing-started' ? { ...e, atMs: 4_000 } : e)),
    ],
    [
      'probing stopped before the update was triggered',
      (entries) =>
        entries.map((e) => (e.kind === 'mark' && e.mark === 'probing-stopped' ? { ...e, atMs: 2_000 } : e)),
    ],
    ['a recording is empty', () => []],
  ])('where %s, because that is a bug', (_what, change) => {
    const result = judged({ change, target: [{ atMs: 4_700, draw: 'x' }] });
    expect(result.verdict).toBe('error');
    expect(result.reasons.map(({ code }) => code)).toContain('bug');
  });

  it('where the run could not be carried through', () => {
    expect(judged({ end: 'failed' })).toMatchObject({ verdict: 'error', reasons: [{ code: 'run-failed' }] });
  });
});

describe('what replacing a pod costs', () => {
  it('is counted by pods, not by requests', () => {
    expect(judged({ replicas: 3 }).replacements).toEqual({ total: 3, withDrops: 0 });
    const drops = [{ atMs: 4_600, draw: 'xxxxx' }];
    expect(judged({ replicas: 3, target: drops }).replacements).toEqual({ total: 3, withDrops: 1 });
  });

  it('is not known where the run gave no verdict', () => {
    expect(judged({ end: 'missing' }).replacements).toBeUndefined();
    expect(judged({ outcome: 'timed-out' }).replacements).toBeUndefined();
  });

  it('is not charged with drops that the control had as well', () => {
    const drops = [{ atMs: 4_600, draw: 'x' }];
    const { verdict, replacements } = judged({ target: drops, steady: drops });
    expect(verdict).toBe('inconclusive');
    expect(replacements).toBeUndefined();
  });

  it('counts as many endpoints as there were at once: more pods may surge than one', () => {
    const both = [OLD, NEW, { pod: 'web-new-1', address: '10.244.2.3', node: 'worker2' }];
    const surging = judgeRun(
      aRolloutStory({
        endpoints: [
          { atMs: 0, endpoints: [{ ...OLD, ...READY }] },
          { atMs: 4_000, endpoints: both.map((pod) => ({ ...pod, ...READY })) },
          { atMs: 4_500, endpoints: [{ ...NEW, ...READY }] },
        ],
      }),
    );
    expect(surging.partialDetectionFloor?.endpoints).toBe(3);
    expect(surging.partialDetection?.endpoints).toBe(3);
  });

  it.each<[string, RecordingOptions]>([
    ['session affinity', { template: { service: { sessionAffinity: 'ClientIP' } } }],
    ['a local traffic policy', { template: { service: { externalTrafficPolicy: 'Local' } } }],
    ['the host port of one node', { scenario: { target: 'host-port' } }],
  ])('tells no chance to see an outage of one endpoint where %s ties clients to some', (_, options) => {
    const { partialDetection, partialDetectionFloor } = judged({ replicas: 3, ...options });
    expect({ partialDetection, partialDetectionFloor }).toEqual({});
  });

  it('tells it where a local traffic policy is of another way in', () => {
    const template = { service: { internalTrafficPolicy: 'Local' } };
    expect(judged({ replicas: 3, template }).partialDetection).toBeDefined();
  });

  it('is told with the chance that an outage of one endpoint was seen, by its length', () => {
    const { partialDetection } = judged({ replicas: 3 });
    expect(partialDetection?.endpoints).toBe(4);
    // Just after one of 100 requests/s: 0, 4, 9 and 49 more fall within 10, 50, 100 and 500 ms.
    expect(partialDetection?.chances.map(({ probability }) => probability)).toEqual(
      [0, 4, 9, 49].map((requests) => expect.closeTo(1 - 0.75 ** requests, 5)),
    );
  });
});
