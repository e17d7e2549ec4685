import { describe, expect, it } from 'vitest';
import type { PodProbe, RuntimeFact } from '../../../src/model/recording.ts';
import { judgeRun } from '../../../src/verdict/judge.ts';
import {
  aRolloutStory,
  askedItself,
  NEW,
  OLD,
  type StoryOptions,
  SURGE,
} from '../../support/a-rollout-story.ts';

const ENDS = {
  template: {},
  exit: { code: 0, atMs: 4_800 },
  endpoints: SURGE,
};
const STOPS = { ...ENDS, target: [{ atMs: 4_560, draw: 'xxxx.x.xxx' }] };
const KILLED = {
  scenario: { connection: 'keep-alive' },
  reused: true,
  graceSeconds: 2,
  terminatingMs: 3_000,
  template: { gracePeriodSeconds: 2 },
  exit: { code: 137, atMs: 6_700 },
  target: [{ atMs: 6_500, draw: 'rrrr' }],
} as const;

const asked = (old: string, fresh = '', atMs = 4_500) => [
  ...askedItself('old', { atMs, draw: old }),
  ...askedItself('new', { atMs, draw: fresh }),
];
const findingsOf = (story: StoryOptions, also: readonly PodProbe[]) =>
  judgeRun(aRolloutStory({ ...story, also: [...(story.also ?? []), ...also] })).findings;

describe('what pods say at their own addresses', () => {
  it('shows that a pod had stopped, where it refused there as well', () => {
    const [finding] = findingsOf(STOPS, asked('xxxx'));
    expect(finding).toMatchObject({ cause: 'stops-before-endpoint-removal', confidence: 'high', drops: 8 });
    expect(finding?.evidence).toContain(
      'Asked at their own addresses, past the Service, just before and just after, these pods did not answer either (8 of 8 moments known: 8 refused).',
    );
  });

  it('acquits a pod that answered there just before and just after: it is the way that is stale', () => {
    const [finding] = findingsOf(STOPS, asked('....'));
    expect(finding).toMatchObject({ cause: 'unexplained', drops: 8, pods: [OLD.pod] });
    expect(finding?.evidence.join(' ')).toContain('these pods answered (8 of 8 moments known)');
  });

  it('is said by another where the pod had ended: its address was given on', () => {
    const story = { ...STOPS, exit: { code: 0, atMs: 9_000 }, target: [{ atMs: 5_000, draw: 'xxxx' }] };
    const ended: RuntimeFact = {
      ...{ kind: 'runtime', what: 'ended', pod: OLD.pod, container: 'nginx' },
      ...{ atMs: 4_800, withinMs: 5 },
    };
    const [finding] = findingsOf(
      { ...story, also: [ended] },
      askedItself('old', { atMs: 4_900, draw: '....' }),
    );
    expect(finding).toMatchObject({ cause: 'stops-before-endpoint-removal', drops: 4 });
    expect(finding?.evidence.join(' ')).not.toContain('Asked at their own addresses');
  });

  it('says nothing of an instant at which a pod stopped, or too far from which it was asked', () => {
    const without = findingsOf(STOPS, []);
    expect(findingsOf(STOPS, askedItself('old', { atMs: 4_555, draw: '.x' }).slice(0, 1))).toEqual(without);
    expect(findingsOf(STOPS, asked('..', '', 3_000))).toEqual(without);
  });

  it('tells an ending pod from one that starts, where connection tracking was not heard', () => {
    const story = { ...STOPS, routes: false };
    expect(findingsOf(story, [])[0]).toMatchObject({
      confidence: 'low',
      undecided: { causes: expect.arrayContaining(['readiness-too-early']) },
    });
    const [ended] = findingsOf(story, asked('xxxx', '....'));
    expect(ended).toMatchObject({
      cause: 'stops-before-endpoint-removal',
      confidence: 'medium',
      pods: [OLD.pod],
    });
    expect(ended?.undecided).toBeUndefined();
    const [started] = findingsOf(story, asked('....', 'xxxx'));
    expect(started).toMatchObject({ cause: 'readiness-too-early', confidence: 'medium', pods: [NEW.pod] });
    expect(started?.undecided).toBeUndefined();
  });

  it('makes sure that it is the network which does not lead to a new pod', () => {
    const story = { template: {}, lostAt: 'new', target: [{ atMs: 4_510, draw: 'ttttt' }] } as const;
    expect(findingsOf(story, [])).toMatchObject([{ confidence: 'medium' }]);
    expect(findingsOf(story, asked('', 'tttt', 4_450))).toMatchObject([
      { cause: 'network-not-ready-for-new-pod', confidence: 'high' },
    ]);
  });

  it('knows a connection that a node gives up when others have been led to the new pod already', () => {
    const story = {
      template: {},
      lostAt: 'new',
      target: [{ atMs: 4_510, draw: `ttttt${'.'.repeat(40)}t` }],
    } as const;
    expect(findingsOf(story, []).map(({ cause, drops }) => [cause, drops])).toEqual([
      ['network-not-ready-for-new-pod', 5],
      ['unexplained', 1],
    ]);
    expect(findingsOf(story, asked('', 'ttt...', 4_450))).toMatchObject([
      { cause: 'network-not-ready-for-new-pod', drops: 6 },
    ]);
  });

  it('leaves open whether a new pod or the network refuses, where the pod itself answers', () => {
    const story = { template: {}, lostAt: 'new', target: [{ atMs: 4_510, draw: 'xxxxx' }] } as const;
    expect(findingsOf(story, asked('', 'xxxx', 4_450))).toMatchObject([
      { cause: 'readiness-too-early', confidence: 'high' },
    ]);
    expect(findingsOf(story, asked('', '....', 4_450))).toMatchObject([
      {
        cause: 'readiness-too-early',
        confidence: 'low',
        undecided: { causes: ['network-not-ready-for-new-pod'] },
      },
    ]);
  });

  it("tells a proxy's bad answers from a pod's own, but not from those of a pod that fails now and then", () => {
    const story = {
      template: {},
      exit: { code: 0, atMs: 4_800 },
      lostAt: 'new',
      target: [{ atMs: 5_500, draw: 'ss.s' }],
    } as const;
    expect(findingsOf(story, [])).toMatchObject([
      { confidence: 'medium', undecided: { causes: ['readiness-too-early'] } },
    ]);
    const [finding] = findingsOf(story, askedItself('new', { atMs: 5_400, draw: '....' }));
    expect(finding).toMatchObject({
      cause: 'ingress-stale-upstream',
      confidence: 'medium',
      undecided: { causes: ['readiness-too-early'] },
    });
    expect(finding?.evidence[0]).toContain('those pods answered as expected at that time');
  });

  it('tells a pod that ignores SIGTERM from one that waits for its kept-alive connections', () => {
    expect(findingsOf(KILLED, [])).toMatchObject([
      {
        cause: 'sigterm-ignored',
        confidence: 'medium',
        undecided: { causes: ['keep-alive-outlives-pod', 'grace-too-short'] },
      },
    ]);
    // A server may handle SIGTERM and serve on for longer than its grace period.
    const [open] = findingsOf(KILLED, asked('.'.repeat(20)));
    expect(open).toMatchObject({
      cause: 'sigterm-ignored',
      confidence: 'medium',
      undecided: { causes: ['grace-too-short'] },
    });
    expect(findingsOf(KILLED, asked(`.${'x'.repeat(19)}`))).toMatchObject([
      { cause: 'keep-alive-outlives-pod', confidence: 'high' },
    ]);
  });

  it('shows that pods elsewhere answered while the node that requests entered had none', () => {
    const [finding] = findingsOf(
      {
        ...ENDS,
        template: { service: { externalTrafficPolicy: 'Local', entryNode: 'worker' } },
        routes: false,
        target: [{ atMs: 5_000, draw: 'tttt' }],
      },
      asked('', '........'),
    );
    expect(finding).toMatchObject({ cause: 'local-traffic-policy', confidence: 'high' });
    expect(finding?.evidence).toContain(
      'Asked at their own addresses, past the Service, while requests were lost at nobody, web-new-0 answered.',
    );
  });

  it('is nobody’s request: no sum, no phase and no verdict knows of it', () => {
    const good = { template: {} };
    const failing = asked('xxxxtttt', 'tttttttt');
    const { findings: _, ...without } = judgeRun(aRolloutStory(STOPS));
    const { findings: __, ...along } = judgeRun(aRolloutStory({ ...STOPS, also: failing }));
    expect(along).toEqual(without);
    expect(judgeRun(aRolloutStory({ ...good, also: failing }))).toEqual(judgeRun(aRolloutStory(good)));
    expect(judgeRun(aRolloutStory(good)).verdict).toBe('pass');
  });

  it('says nothing where it is the prober that failed', () => {
    const local = askedItself('old', { atMs: 4_500, draw: 'nnnn' });
    expect(findingsOf(STOPS, local)).toEqual(findingsOf(STOPS, []));
  });
});
