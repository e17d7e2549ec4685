import { describe, expect, it } from 'vitest';
import type { Probe, RecordingEntry, RuntimeFact } from '../../src/model/recording.ts';
import { scenarioResult } from '../../src/verdict/combine.ts';
import { judgeRun } from '../../src/verdict/judge.ts';
import { aScenario } from '../support/a-recording.ts';
import { aContainer, aPodFact, aRolloutStory, type StoryOptions } from '../support/a-rollout-story.ts';

/** The same rollout with some requests to a stream changed. */
function withRequests(
  options: StoryOptions,
  change: (probe: Probe) => Partial<Probe> | undefined,
): readonly RecordingEntry[] {
  return aRolloutStory(options).map((entry) =>
    entry.kind === 'probe' ? { ...entry, ...change(entry) } : entry,
  );
}

const lateBy = (ms: number, fromMs: number, toMs: number, streams: readonly string[]) => (probe: Probe) =>
  streams.includes(probe.stream) && probe.scheduledMs >= fromMs && probe.scheduledMs < toMs
    ? { endedMs: (probe.sentMs ?? 0) + ms }
    : undefined;

const missesOf = (entries: readonly RecordingEntry[]) => judgeRun(entries).nearMisses;
const withPreStop = (seconds: number) => ({
  containers: [
    { name: 'nginx', ports: [{ containerPort: 80 }], preStop: { how: 'sleep', seconds } as const },
  ],
});

describe('a near miss', () => {
  it('is none where everything went well', () => {
    expect(missesOf(aRolloutStory({ template: withPreStop(10) }))).toEqual([]);
  });

  it('leaves the verdict as it is', () => {
    const { verdict, nearMisses } = judgeRun(withRequests({}, lateBy(400, 4_500, 4_550, ['target'])));
    expect(nearMisses).toHaveLength(1);
    expect(verdict).toBe('pass');
  });

  it('is a connection that needed a second or a third SYN', () => {
    const connects = new Map([
      [400, 1_012],
      [460, 1_003],
      [470, 3_020],
      [480, 300],
    ]);
    const entries = withRequests({}, ({ stream, seq, sentMs = 0 }) => {
      const connectMs = stream === 'target' ? connects.get(seq) : undefined;
      return connectMs === undefined ? undefined : { connectMs, endedMs: sentMs + connectMs + 1 };
    });
    const miss = missesOf(entries).find(({ code }) => code === 'slow-connect');
    expect(miss).toMatchObject({ count: 3 });
    expect(miss?.text).toContain('3 connections stood only after a second SYN, 1 of them after a third');
  });

  it('is an answer far later than the baseline, and not one a little later', () => {
    expect(missesOf(withRequests({}, lateBy(90, 4_500, 4_600, ['target'])))).toEqual([]);
    expect(missesOf(withRequests({}, lateBy(400, 4_500, 4_600, ['target'])))).toMatchObject([
      { code: 'late-answers', count: 10 },
    ]);
  });

  it('is a connection that the server closed while it rested, and not one that an ending pod closed', () => {
    const replacing = (fromMs: number, toMs: number) =>
      withRequests({}, ({ stream, sentMs = 0 }) =>
        stream === 'target' && sentMs >= fromMs && sentMs < toMs ? { replaced: true } : undefined,
      );
    expect(missesOf(replacing(1_000, 1_100))).toMatchObject([{ code: 'closed-while-idle', count: 10 }]);
    expect(missesOf(replacing(4_500, 4_600))).toEqual([]);
  });

  it('is an answer that a proxy got only by trying again, from the update on', () => {
    const retried = (fromMs: number, toMs: number) =>
      withRequests({}, ({ stream, sentMs = 0 }) =>
        stream === 'target' && sentMs >= fromMs && sentMs < toMs ? { attempts: 2 } : undefined,
      );
    expect(missesOf(retried(4_500, 4_550))).toMatchObject([{ code: 'proxy-retried', count: 5 }]);
    expect(missesOf(retried(1_000, 1_100))).toEqual([]);
  });

  it('is no answer that took as long as was asked for, and one that took much longer', () => {
    const slowly = (moreMs: number) =>
      withRequests({}, (probe) => {
        const isLate = probe.scheduledMs >= 4_500 && probe.scheduledMs < 4_600;
        return probe.stream === 'target'
          ? { endedMs: (probe.sentMs ?? 0) + 1_000 + (isLate ? moreMs : 2) }
          : undefined;
      }).map((entry) =>
        entry.kind === 'header' && entry.scenario.kind !== 'probe'
          ? { ...entry, scenario: { ...entry.scenario, slow: { durationMs: 1_000 } } }
          : entry,
      );
    expect(missesOf(slowly(90))).toEqual([]);
    expect(missesOf(slowly(400))).toMatchObject([{ code: 'late-answers', count: 10 }]);
  });

  it('is no answer that was as late before the update', () => {
    expect(missesOf(withRequests({}, lateBy(400, 0, 12_000, ['target'])))).toEqual([]);
  });

  it('is no answer that was late when those of the control were', () => {
    expect(missesOf(withRequests({}, lateBy(400, 4_500, 4_600, ['target', 'steady'])))).toEqual([]);
  });

  it('is the old version answering long after the update was complete', () => {
    const entries = aRolloutStory({ terminatingMs: 6_000 }).map((entry) =>
      entry.kind === 'route' && entry.atMs > 9_500 && entry.atMs < 10_000
        ? { ...entry, podAddress: '10.244.1.2' }
        : entry,
    );
    expect(missesOf(entries)).toMatchObject([{ code: 'old-version-late' }]);
  });

  it('is a preStop hook that lasted little longer than it had to', () => {
    const lateRoutes = (untilMs: number, story: StoryOptions = { template: withPreStop(2) }) =>
      aRolloutStory({ ...story, terminatingMs: 3_000 }).map((entry) =>
        entry.kind === 'route' && entry.atMs > 4_500 && entry.atMs < untilMs
          ? { ...entry, podAddress: '10.244.1.2' }
          : entry,
      );
    expect(missesOf(lateRoutes(5_000))).toEqual([]);
    expect(missesOf(lateRoutes(6_000))).toMatchObject([{ code: 'prestop-margin', count: 1 }]);
    // Of a hook that does more than sleep only the node knows how long it took.
    const preStop = { how: 'http' } as const;
    const template = { containers: [{ name: 'nginx', ports: [], preStop }] };
    const signalled: RuntimeFact = {
      kind: 'runtime',
      atMs: 6_500,
      withinMs: 5,
      pod: 'web-old-0',
      container: 'nginx',
      what: 'signalled',
    };
    expect(missesOf(lateRoutes(6_000, { template }))).toEqual([]);
    expect(missesOf(lateRoutes(6_000, { template, also: [signalled] }))).toMatchObject([
      { code: 'prestop-margin', text: expect.stringContaining('hook lasts 2.') },
    ]);
  });

  it('is a pod that was killed after its grace period without a request being lost', () => {
    const killed = { graceSeconds: 2, terminatingMs: 3_000, exit: { code: 137, atMs: 6_600 } };
    expect(missesOf(aRolloutStory(killed))).toMatchObject([{ code: 'killed-after-grace', count: 1 }]);
  });

  it('is no pod that was killed at once because that was asked for', () => {
    const forced = { graceSeconds: 0, terminatingMs: 3_000, exit: { code: 137, atMs: 5_000 } };
    expect(missesOf(aRolloutStory(forced))).toEqual([]);
    expect(missesOf(aRolloutStory({ ...forced, template: {} }))).toEqual([]);
  });

  it('is no pod that was killed long before its grace period was over: that had another reason', () => {
    const early = { graceSeconds: 30, exit: { code: 137, atMs: 4_900 } };
    expect(missesOf(aRolloutStory(early))).toEqual([]);
  });

  it('is no hook that a pod did not have because it was deleted by force', () => {
    const signalled: RuntimeFact = {
      kind: 'runtime',
      atMs: 4_700,
      withinMs: 5,
      pod: 'web-old-0',
      container: 'nginx',
      what: 'signalled',
    };
    const story = { template: withPreStop(5), terminatingMs: 3_000, also: [signalled] };
    const sentUntil = (options: StoryOptions) =>
      aRolloutStory(options).map((entry) =>
        entry.kind === 'route' && entry.atMs > 4_500 && entry.atMs < 4_600
          ? { ...entry, podAddress: '10.244.1.2' }
          : entry,
      );
    expect(missesOf(sentUntil(story))).toMatchObject([{ code: 'prestop-margin' }]);
    expect(missesOf(sentUntil({ ...story, graceSeconds: 0 }))).toEqual([]);
  });

  it('is a pod that needed nearly all of its grace period', () => {
    const ended = aPodFact('old', 6_050, {
      ready: false,
      deletionTimestamp: '2026-11-20T12:00:06Z',
      deletionGracePeriodSeconds: 2,
      containers: [aContainer({ state: 'terminated', ready: false, exitCode: 0 })],
    });
    const slow = { graceSeconds: 2, terminatingMs: 3_000, also: [ended] };
    expect(missesOf(aRolloutStory(slow))).toMatchObject([{ code: 'grace-margin', count: 1 }]);
  });

  it('says which run it is from where there are several', () => {
    const late = judgeRun(withRequests({ run: 2 }, lateBy(400, 4_500, 4_600, ['target'])));
    const { nearMisses } = scenarioResult({
      scenario: aScenario(),
      runs: [judgeRun(aRolloutStory({})), late],
    });
    expect(nearMisses.map(({ text }) => text)).toEqual([expect.stringMatching(/^Run 2: 10 requests/)]);
  });
});
