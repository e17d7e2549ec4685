import { describe, expect, it } from 'vitest';
import { CAUSES, type Cause } from '../../../src/model/finding.ts';
import type { Note, ProcessFact, ProxyFact, RuntimeFact } from '../../../src/model/recording.ts';
import type { Protocol } from '../../../src/model/scenario.ts';
import { judgeRun } from '../../../src/verdict/judge.ts';
import {
  aContainer,
  aPodFact,
  aRolloutStory,
  ENDING,
  NEW,
  OLD,
  READY,
  RECREATED,
  type StoryOptions,
  SURGE,
  UNREADY,
} from '../../support/a-rollout-story.ts';

const CONTAINER = { name: 'nginx', ports: [{ containerPort: 80 }] };
const READINESS = { how: 'http', path: '/' } as const;
const withPreStop = (seconds: number) => ({
  containers: [{ ...CONTAINER, readiness: READINESS, preStop: { how: 'exec', seconds } as const }],
});
const KEEP_ALIVE = { scenario: { connection: 'keep-alive' }, reused: true } as const;
const GRACE_2 = { graceSeconds: 2, terminatingMs: 3_000 };
const EXIT_0 = { exit: { code: 0, atMs: 4_800 } };

const OTHER = { pod: 'web-old-1', address: '10.244.1.3', node: 'worker' } as const;
const OTHER_POD = { uid: 'uid-old-1', name: OTHER.pod, address: OTHER.address } as const;

function aProcess(sigterm: ProcessFact['sigterm']): ProcessFact {
  return { kind: 'process', atMs: 1, pod: OLD.pod, container: 'nginx', sigterm, first: true };
}

function endTold(atMs: number, exitCode: number): RuntimeFact {
  return { kind: 'runtime', atMs, withinMs: 5, pod: OLD.pod, container: 'nginx', what: 'ended', exitCode };
}

/** Of an update whose pods are deleted by force although their template gives them half a minute. */
const BY_FORCE = { graceSeconds: 0, terminatingMs: 3_000 };

/** The listener for routes ended at that instant, and told nothing from then on. */
function deafFrom(atMs: number, options: StoryOptions) {
  const text = 'the listener on node worker ended, routes are unknown from now on: ';
  const note: Note = { kind: 'note', atMs, level: 'warning', subject: 'route-source', text };
  return aRolloutStory({ ...options, also: [...(options.also ?? []), note] }).filter(
    (entry) => entry.kind !== 'route' || entry.atMs < atMs,
  );
}

/** A cause that no drop is laid to: it says why a run proves nothing. */
type WithoutDrops = 'host-port-conflict' | 'rollout-stalled' | 'nothing-rolled';

/** One rollout for each other cause, in which requests are dropped for that reason and no other. */
const STORIES: Readonly<Record<Exclude<Cause, WithoutDrops>, StoryOptions>> = {
  'stops-before-endpoint-removal': {
    template: {},
    ...EXIT_0,
    endpoints: SURGE,
    target: [{ atMs: 4_510, draw: 'xxxx.x.xxxtttttttttttt' }],
  },
  'prestop-too-short': {
    template: withPreStop(1),
    exit: { code: 0, atMs: 5_900 },
    target: [{ atMs: 5_510, draw: 'xxxx' }],
  },
  'prestop-cannot-run': {
    template: withPreStop(10),
    ...EXIT_0,
    target: [{ atMs: 4_510, draw: 'xxxx' }],
    also: [
      {
        kind: 'event',
        atMs: 4_600,
        object: 'Pod/web-old-0',
        reason: 'FailedPreStopHook',
        type: 'Warning',
        message: 'PreStopHook failed',
      },
    ],
  },
  'prestop-exceeds-grace': {
    ...KEEP_ALIVE,
    ...GRACE_2,
    template: { ...withPreStop(5), gracePeriodSeconds: 2 },
    exit: { code: 137, atMs: 6_600 },
    target: [{ atMs: 6_500, draw: 'rrrr' }],
  },
  'no-sigterm-handling': {
    ...KEEP_ALIVE,
    template: {},
    exit: { code: 143, atMs: 4_700 },
    target: [{ atMs: 4_520, draw: 'rrrr' }],
  },
  'sigterm-ignored': {
    ...KEEP_ALIVE,
    ...GRACE_2,
    template: { gracePeriodSeconds: 2 },
    exit: { code: 137, atMs: 6_700 },
    target: [{ atMs: 6_500, draw: 'rrrr' }],
  },
  'grace-too-short': {
    ...KEEP_ALIVE,
    ...GRACE_2,
    template: { gracePeriodSeconds: 2 },
    exit: { code: 137, atMs: 6_700 },
    also: [aProcess('caught'), { ...aProcess('caught'), atMs: 6_600, ended: true }],
    target: [{ atMs: 6_500, draw: 'rrrr' }],
  },
  'request-outlives-grace': {
    ...GRACE_2,
    template: { gracePeriodSeconds: 2 },
    exit: { code: 137, atMs: 6_700 },
    lostAfterMs: 2_100,
    target: [{ atMs: 4_400, draw: 'rrrr' }],
  },
  'keep-alive-idle-close': {
    ...KEEP_ALIVE,
    connections: 100,
    template: {},
    target: [{ atMs: 8_000, draw: 'r..r.r' }],
  },
  'keep-alive-closed-at-shutdown': {
    ...KEEP_ALIVE,
    template: {},
    ...EXIT_0,
    target: [{ atMs: 4_520, draw: 'rr.r' }],
  },
  'keep-alive-outlives-pod': {
    ...KEEP_ALIVE,
    template: withPreStop(5),
    terminatingMs: 6_000,
    exit: { code: 0, atMs: 9_700 },
    target: [{ atMs: 9_510, draw: 'rr.r' }],
  },
  'missing-readiness-probe': {
    template: { containers: [CONTAINER] },
    lostAt: 'new',
    target: [{ atMs: 4_510, draw: 'xxxxx' }],
  },
  'readiness-too-early': { template: {}, lostAt: 'new', target: [{ atMs: 4_510, draw: 'rrrrr' }] },
  'network-not-ready-for-new-pod': { template: {}, lostAt: 'new', target: [{ atMs: 4_510, draw: 'ttttt' }] },
  'readiness-flaps': {
    template: {},
    lostAt: 'nobody',
    also: [aPodFact('new', 8_000, { ready: false }), aPodFact('new', 8_500)],
    endpoints: [
      ...SURGE,
      { atMs: 8_010, endpoints: [{ ...NEW, ...UNREADY }] },
      { atMs: 8_510, endpoints: [{ ...NEW, ...READY }] },
    ],
    target: [{ atMs: 8_050, draw: 'xxxxxxxx' }],
  },
  'no-endpoints': { ...RECREATED, target: [{ atMs: 3_410, draw: 'x'.repeat(100) }] },
  'selector-mismatch': {
    template: {},
    lostAt: 'nobody',
    endpoints: [
      { atMs: 0, endpoints: [{ ...OLD, ...READY }] },
      { atMs: 4_900, endpoints: [] },
    ],
    target: [{ atMs: 6_000, draw: 'x'.repeat(500) }],
  },
  'port-mismatch': {
    template: { service: { port: { name: '', targetPort: '8080' } } },
    lostAt: 'new',
    target: [{ atMs: 4_500, draw: 'x'.repeat(750) }],
  },
  'session-affinity': {
    template: { service: { sessionAffinity: 'ClientIP' } },
    ...EXIT_0,
    endpoints: [
      { atMs: 0, endpoints: [OLD, OTHER].map((pod) => ({ ...pod, ...READY })) },
      {
        atMs: 4_500,
        endpoints: [
          { ...OLD, ...ENDING },
          { ...OTHER, ...READY },
        ],
      },
      { atMs: 4_900, endpoints: [{ ...OTHER, ...READY }] },
    ],
    also: [aPodFact('old', 0, { ...OTHER_POD, change: 'listed' })],
    target: [{ atMs: 4_510, draw: 'x'.repeat(30) }],
  },
  'ingress-stale-upstream': {
    template: {},
    ...EXIT_0,
    lostAt: 'new',
    target: [{ atMs: 5_500, draw: 'ss.s' }],
  },
  'local-traffic-policy': {
    template: { service: { externalTrafficPolicy: 'Local', entryNode: 'worker' } },
    lostAt: 'nobody',
    endpoints: SURGE,
    target: [{ atMs: 5_000, draw: 'ttttttttt' }],
  },
  'host-network-shared-address': {
    template: { hostNetwork: true },
    endpoints: [
      { atMs: 0, endpoints: [{ ...OLD, ...READY }] },
      {
        atMs: 4_500,
        endpoints: [
          { ...OLD, ...ENDING },
          { ...NEW, ...READY, address: OLD.address },
        ],
      },
      { atMs: 4_900, endpoints: [{ ...NEW, ...READY }] },
    ],
    target: [{ atMs: 4_600, draw: 'xxxxx' }],
  },
  'container-restart': {
    template: {},
    lostAt: 'new',
    also: [
      aPodFact('new', 8_200, {
        ready: false,
        containers: [
          aContainer({
            state: 'terminated',
            ready: false,
            exitCode: 1,
            reason: 'Error',
            finishedAt: '2026-11-20T12:00:08Z',
          }),
        ],
      }),
      aPodFact('new', 9_000, { containers: [aContainer({ restarts: 1 })] }),
    ],
    target: [{ atMs: 8_050, draw: 'rxxxxxxx' }],
  },
  'proxy-or-cni-restart': {
    template: {},
    ...EXIT_0,
    also: [
      {
        kind: 'note',
        atMs: 4_800,
        level: 'warning',
        subject: 'infrastructure-restart',
        text: 'pod kube-system/kube-proxy-abcde was removed',
      },
    ],
    target: [{ atMs: 4_510, draw: 'xxxxx' }],
  },
  'stale-conntrack': { template: {}, endpoints: SURGE, target: [{ atMs: 9_000, draw: 't' }] },
  'prober-fault': {
    template: {},
    target: [{ atMs: 4_510, draw: 'tttt' }],
    steady: [{ atMs: 4_500, draw: 'tt' }],
  },
  unexplained: { template: {}, target: [{ atMs: 1_000, draw: 's' }] },
};

/** Rollouts that prove nothing, and why. */
const UNPROVEN: Readonly<Record<WithoutDrops, StoryOptions>> = {
  'host-port-conflict': {
    outcome: 'unschedulable',
    detail: "0/2 nodes are available: 2 node(s) didn't have free ports for the requested pod ports.",
  },
  'rollout-stalled': { outcome: 'image-pull-failed', detail: 'back-off pulling an image' },
  'nothing-rolled': { outcome: 'nothing-replaced', detail: 'the pod template is the same as before (old)' },
};

/** Rollouts that look like one of the above and drop nothing. */
const GOOD_TWINS: Readonly<Record<string, StoryOptions>> = {
  'a rollout in which everything goes well': { template: {} },
  'the same without what the template says': {},
  'a preStop hook that lasts': {
    template: withPreStop(5),
    terminatingMs: 6_000,
    exit: { code: 0, atMs: 9_700 },
    endpoints: SURGE,
  },
  'a container that ignores SIGTERM while nobody asks it anything': {
    ...GRACE_2,
    exit: { code: 137, atMs: 6_600 },
    endpoints: SURGE,
  },
  'no readiness probe, and quick to start': { template: { containers: [CONTAINER] } },
  'a pod that was not ready for a moment': {
    also: [aPodFact('new', 8_000, { ready: false }), aPodFact('new', 8_500)],
  },
};

describe('the cause of dropped requests', () => {
  it.each(Object.entries(STORIES))('%s is found where it is the reason', (cause, options) => {
    const { findings, requests } = judgeRun(aRolloutStory(options));
    expect(findings.map((finding) => finding.cause)).toEqual([cause]);
    expect(findings[0]?.drops).toBe(requests.dropped);
    expect(requests.dropped).toBeGreaterThan(0);
    expect(findings[0]?.evidence.length).toBeGreaterThan(1);
  });

  it.each(Object.entries(GOOD_TWINS))('there is none for %s', (_, options) => {
    expect(judgeRun(aRolloutStory(options)).findings).toEqual([]);
  });

  it.each(Object.entries(UNPROVEN))('%s is told where no request was dropped', (cause, options) => {
    const { findings, verdict } = judgeRun(aRolloutStory(options));
    expect(findings).toMatchObject([{ cause, drops: 0, confidence: 'high' }]);
    expect(findings[0]?.evidence.join(' ')).toContain(options.detail?.slice(-20));
    expect(verdict).toBe('rollout-failed');
  });

  it('has a story for every id', () => {
    expect([...Object.keys(STORIES), ...Object.keys(UNPROVEN)].sort()).toEqual(Object.keys(CAUSES).sort());
  });

  it('is sure of nothing where the control lost requests as well', () => {
    const story = {
      template: {},
      ...EXIT_0,
      endpoints: SURGE,
      target: [{ atMs: 4_510, draw: 'xxxx.x.xxx' }],
    };
    const sure = judgeRun(aRolloutStory(story)).findings[0];
    const unsure = judgeRun(aRolloutStory({ ...story, steady: [{ atMs: 9_000, draw: 'ttttt' }] }))
      .findings[0];
    expect(sure?.confidence).toBe('high');
    expect(unsure).toMatchObject({ cause: sure?.cause, confidence: 'low' });
    expect(unsure?.evidence.at(-1)).toMatch(/^The steady control, which was not updated, lost 5 requests/);
  });

  it('is one for each drop: findings add up to the account', () => {
    const { findings, requests } = judgeRun(
      aRolloutStory({
        template: {},
        ...EXIT_0,
        endpoints: SURGE,
        target: [
          { atMs: 1_000, draw: 's' },
          { atMs: 4_510, draw: 'xxx.xttt' },
          { atMs: 9_000, draw: 'r' },
        ],
      }),
    );
    expect(findings.reduce((sum, { drops }) => sum + drops, 0)).toBe(requests.dropped);
    expect(findings.at(-1)?.cause).toBe('unexplained');
  });

  it('is not guessed where the template is not known: the finding says what would decide', () => {
    const { findings } = judgeRun(aRolloutStory({ lostAt: 'new', target: [{ atMs: 4_510, draw: 'xxx' }] }));
    expect(findings[0]).toMatchObject({
      cause: 'readiness-too-early',
      confidence: 'low',
      undecided: { causes: ['missing-readiness-probe'] },
    });
  });

  it('is inferred, and less sure, where connection tracking was not heard', () => {
    const { findings } = judgeRun(
      aRolloutStory({
        template: {},
        ...EXIT_0,
        endpoints: SURGE,
        routes: false,
        target: [{ atMs: 4_510, draw: 'xxx' }],
      }),
    );
    expect(findings[0]).toMatchObject({
      cause: 'stops-before-endpoint-removal',
      confidence: 'low',
      pods: ['web-old-0'],
    });
    expect(findings[0]?.undecided?.causes).toContain('readiness-too-early');
  });

  it('is not the start of a pod that fails now and then, whenever that is', () => {
    const { findings } = judgeRun(
      aRolloutStory({ template: {}, lostAt: 'new', target: [{ atMs: 4_510, draw: '....a.....a....a' }] }),
    );
    expect(findings.map(({ cause }) => cause)).toEqual(['unexplained']);
  });

  it('is not the end of a pod that had been silent before it was told to end', () => {
    const { findings } = judgeRun(
      aRolloutStory({ template: {}, ...EXIT_0, endpoints: SURGE, target: [{ atMs: 3_600, draw: 'aaa' }] }),
    );
    expect(findings.map(({ cause }) => cause)).toEqual(['unexplained']);
  });

  it('of requests that a server had accepted is not that it stopped listening', () => {
    const story = { template: {}, ...EXIT_0, endpoints: SURGE, lostAfterMs: 200 };
    const { findings } = judgeRun(aRolloutStory({ ...story, target: [{ atMs: 4_520, draw: 'rrr' }] }));
    expect(findings).toMatchObject([{ cause: 'no-sigterm-handling', confidence: 'medium' }]);
  });

  it('is that SIGTERM is not heard, for sure, where the process is known to have no handler', () => {
    const { also, ...story } = STORIES['grace-too-short'];
    const { findings } = judgeRun(aRolloutStory({ ...story, also: [aProcess('default')] }));
    expect(findings).toMatchObject([{ cause: 'sigterm-ignored', confidence: 'high' }]);
    expect(findings[0]?.undecided).toBeUndefined();
    expect(also).toHaveLength(2);
  });

  it.each([
    ['its node told', 'grace-too-short', [{ ...aProcess('caught'), atMs: 6_600, ended: true as const }], {}],
    ['the kubelet told', 'sigterm-ignored', [], { finishedAt: '2026-11-20T12:00:06Z' }],
  ] as const)('is a kill only for what was lost from then on, as %s of the end', (_, cause, ended, told) => {
    const { findings } = judgeRun(
      aRolloutStory({
        ...GRACE_2,
        template: { gracePeriodSeconds: 2 },
        exit: { code: 137, atMs: 6_700, ...told },
        also: [aProcess('caught'), ...ended],
        target: [
          { atMs: 4_600, draw: 'xxxx' },
          { atMs: 6_500, draw: 'rr' },
        ],
      }),
    );
    expect(findings).toMatchObject([
      { cause: 'stops-before-endpoint-removal', drops: 4, confidence: 'high' },
      { cause, drops: 2 },
    ]);
  });

  it.each([
    ['what has a hook', { template: withPreStop(5), exit: { code: 0, atMs: 4_900 } }, 4_520, 'xxx'],
    ['what ignores SIGTERM', { template: {}, also: [aProcess('default')] }, 6_550, 'rrr'],
    ['what handles SIGTERM', { template: {}, also: [aProcess('caught')] }, 6_550, 'rrr'],
    ['what answers for long', { template: {}, lostAfterMs: 2_100 }, 4_440, 'rrr'],
  ] as const)('is the haste where pods are deleted by force: %s', (_, story, atMs, draw) => {
    const killed = { exit: { code: 137, atMs: 6_700 } };
    const { findings } = judgeRun(
      aRolloutStory({ ...BY_FORCE, ...killed, ...story, target: [{ atMs, draw }] }),
    );
    expect(findings).toMatchObject([{ cause: 'grace-too-short', drops: 3, confidence: 'high' }]);
    expect(findings[0]?.evidence[0]).toContain(
      'a grace period of 0 s, although their template gives them 30 s',
    );
    // No longer one in the manifest would have been asked for.
    expect(findings[0]?.suggestion).toMatchObject({ text: expect.stringContaining('--force'), yaml: [] });
    expect(findings[0]?.suggestion?.patches).toBeUndefined();
  });

  it('is perhaps the haste where what is deleted by force would have lost the same without it', () => {
    const story = { ...BY_FORCE, template: {}, ...EXIT_0, endpoints: SURGE };
    const { findings } = judgeRun(aRolloutStory({ ...story, target: [{ atMs: 4_520, draw: 'xxx' }] }));
    expect(findings).toMatchObject([
      {
        cause: 'grace-too-short',
        confidence: 'medium',
        undecided: { causes: ['stops-before-endpoint-removal'] },
      },
    ]);
  });

  it('is the haste only of what was lost at the end of a grace period that was cut short', () => {
    const story = { ...GRACE_2, template: {}, exit: { code: 137, atMs: 6_700 }, also: [endTold(6_510, 137)] };
    const { findings } = judgeRun(
      aRolloutStory({
        ...story,
        target: [
          { atMs: 4_600, draw: 'xxxx' },
          { atMs: 6_500, draw: 'rr' },
        ],
      }),
    );
    expect(findings).toMatchObject([
      { cause: 'stops-before-endpoint-removal', drops: 4 },
      { cause: 'grace-too-short', drops: 2, confidence: 'high' },
    ]);
  });

  it('is no haste where the template gives no time, and none of a pod that was seen only when it had ended', () => {
    const target = [{ atMs: 6_550, draw: 'rrr' }];
    const killed = { ...BY_FORCE, exit: { code: 137, atMs: 6_700 }, target };
    const byTemplate = judgeRun(aRolloutStory({ ...killed, template: { gracePeriodSeconds: 0 } }));
    expect(byTemplate.findings.map(({ cause }) => cause)).toEqual(['sigterm-ignored']);
    const late = judgeRun(
      aRolloutStory({
        ...BY_FORCE,
        exit: { code: 143, atMs: 4_500 },
        template: {},
        target: [{ atMs: 4_520, draw: 'rrr' }],
      }),
    );
    expect(late.findings.map(({ cause }) => cause)).toEqual(['no-sigterm-handling']);
  });

  it.each([
    [
      'its node',
      { exit: { code: 137, atMs: 7_900, finishedAt: '2026-11-20T12:00:06Z' } },
      [aProcess('caught'), { ...aProcess('caught'), atMs: 7_600, ended: true as const }],
      'grace-too-short',
    ],
    [
      'its node, after the kubelet,',
      { exit: { code: 137, atMs: 7_000 } },
      [aProcess('caught'), { ...aProcess('caught'), atMs: 7_600, ended: true as const }],
      'grace-too-short',
    ],
    [
      'the kubelet',
      { exit: { code: 137, atMs: 10_600, finishedAt: '2026-11-20T12:00:06Z' } },
      [],
      'sigterm-ignored',
    ],
  ] as const)('is a kill also where %s tells of the end much later than it came', (_, told, also, cause) => {
    const { code: exitCode, atMs, ...when } = told.exit;
    const end = aPodFact('old', atMs, {
      ready: false,
      deletionTimestamp: '2026-11-20T12:00:06Z',
      deletionGracePeriodSeconds: 2,
      containers: [aContainer({ state: 'terminated', ready: false, exitCode, ...when })],
    });
    const { findings } = judgeRun(
      aRolloutStory({
        ...KEEP_ALIVE,
        ...told,
        ...{ graceSeconds: 2, terminatingMs: 6_000 },
        template: { gracePeriodSeconds: 2 },
        also: [end, ...also],
        target: [{ atMs: 6_500, draw: 'rrrr' }],
      }),
    );
    expect(findings.map((finding) => finding.cause)).toEqual([cause]);
  });

  it('goes by the last end of a container: one just before the deletion was followed by another start', () => {
    const story = (also: readonly RuntimeFact[]) =>
      judgeRun(
        aRolloutStory({
          ...KEEP_ALIVE,
          ...{ graceSeconds: 4, terminatingMs: 5_000 },
          template: { gracePeriodSeconds: 4 },
          exit: { code: 137, atMs: 8_700 },
          also: [...also, endTold(8_520, 137)],
          target: [{ atMs: 8_500, draw: 'rrrr' }],
        }),
      ).findings.map(({ cause }) => cause);
    expect(story([])).toEqual(['sigterm-ignored']);
    expect(story([endTold(3_600, 1)])).toEqual(['sigterm-ignored']);
  });

  it('is not the exit code of a companion, where it is not known which container answers', () => {
    const ports: readonly [] = [];
    const causeWith = (code: number, companions: number, containers: readonly string[]) => {
      const ended = aPodFact('old', 4_900, {
        ready: false,
        deletionTimestamp: '2026-11-20T12:00:34Z',
        deletionGracePeriodSeconds: 30,
        containers: [code, companions].map((exitCode, index) =>
          aContainer({ name: index === 0 ? 'nginx' : 'proxy', state: 'terminated', ready: false, exitCode }),
        ),
      });
      const story = aRolloutStory({
        ...KEEP_ALIVE,
        template: { containers: containers.map((name) => ({ name, ports, readiness: READINESS })) },
        also: [ended],
        target: [{ atMs: 4_520, draw: 'rrrr' }],
      });
      const { findings } = judgeRun(
        story.map((entry) => {
          if (entry.kind !== 'template') return entry;
          const { serving: _, ...unsaid } = entry;
          return unsaid;
        }),
      );
      return findings.map(({ cause, confidence }) => `${cause} ${confidence}`);
    };
    const both = ['nginx', 'proxy'];
    expect(causeWith(143, 143, both)).toEqual(['no-sigterm-handling high']);
    expect(causeWith(0, 143, both)).toEqual(['keep-alive-closed-at-shutdown medium']);
    // Of a companion that the template does not name it is known that it is one.
    expect(causeWith(0, 143, ['nginx'])).toEqual(['keep-alive-closed-at-shutdown high']);
    expect(causeWith(143, 0, ['nginx'])).toEqual(['no-sigterm-handling high']);
  });

  it('of kept connections is at shutdown up to a second and a half after the pod was seen to be ending, whose deletion is known to the second', () => {
    const lostAt = (atMs: number) =>
      judgeRun(
        aRolloutStory({
          ...STORIES['keep-alive-closed-at-shutdown'],
          graceSeconds: 30,
          terminatingMs: 5_000,
          exit: { code: 0, atMs: 9_400 },
          target: [{ atMs, draw: 'rr.r' }],
        }),
      ).findings.map(({ cause }) => cause);
    expect(lostAt(5_800)).toEqual(['keep-alive-closed-at-shutdown']);
    expect(lostAt(6_500)).toEqual(['keep-alive-outlives-pod']);
  });

  it('is not a kill where the kubelet has made up the exit code of a container that it did not find', () => {
    const story = (reason: string) => {
      const lost = aContainer({ state: 'terminated', ready: false, exitCode: 137, reason });
      return aRolloutStory(STORIES['sigterm-ignored']).map((entry) =>
        entry.kind === 'pod' && entry.containers.some(({ exitCode }) => exitCode === 137)
          ? { ...entry, containers: [lost] }
          : entry,
      );
    };
    const causes = (reason: string) => judgeRun(story(reason)).findings.map(({ cause }) => cause);
    expect(causes('Error')).toEqual(['sigterm-ignored']);
    expect(causes('ContainerStatusUnknown')).toEqual(['keep-alive-outlives-pod']);
  });

  it('is less sure where it rests on a container of which it is not known whether it answers', () => {
    const both = [CONTAINER, { ...CONTAINER, name: 'agent' }].map((one) => ({
      ...one,
      readiness: READINESS,
    }));
    const found = (options: StoryOptions, isNamed: boolean) => {
      const { findings } = judgeRun(
        aRolloutStory({ ...options, template: { ...options.template, containers: both } }).map((entry) => {
          if (entry.kind !== 'template' || isNamed) return entry;
          const { serving: _, ...unsaid } = entry;
          return unsaid;
        }),
      );
      return findings.map(({ cause, confidence, evidence }) => ({
        ...{ cause, confidence },
        isUnclear: evidence.some((text) => text.startsWith('Which of the containers answers is not known')),
      }));
    };
    const early = STORIES['stops-before-endpoint-removal'];
    const cause = 'stops-before-endpoint-removal';
    expect(found(early, true)).toEqual([{ cause, confidence: 'high', isUnclear: false }]);
    expect(found(early, false)).toEqual([{ cause, confidence: 'medium', isUnclear: true }]);
    // It may be the companion's process that has no handler.
    const deaf = { ...STORIES['sigterm-ignored'], also: [aProcess('default')] };
    expect(found(deaf, true)).toMatchObject([{ cause: 'sigterm-ignored', confidence: 'high' }]);
    expect(found(deaf, false)).toMatchObject([{ cause: 'sigterm-ignored', confidence: 'medium' }]);
  });

  it('is not settled by a handler that is gone after the signal: a runtime has one, too', () => {
    const { findings } = judgeRun(
      aRolloutStory({
        ...STORIES['grace-too-short'],
        also: [aProcess('caught'), { ...aProcess('default'), atMs: 4_700 }],
      }),
    );
    expect(findings).toMatchObject([
      {
        cause: 'sigterm-ignored',
        confidence: 'medium',
        undecided: { causes: ['keep-alive-outlives-pod', 'grace-too-short'] },
      },
    ]);
  });

  it('is a port without an endpoint where the Service asks for a name that ready pods do not have', () => {
    const { findings } = judgeRun(
      aRolloutStory({
        template: { service: { port: { name: '', targetPort: 'http' } } },
        lostAt: 'nobody',
        endpoints: [
          { atMs: 0, ports: [''], endpoints: [{ ...OLD, ...READY }] },
          { atMs: 4_900, ports: [], endpoints: [{ ...NEW, ...READY }] },
        ],
        target: [{ atMs: 6_000, draw: 'x'.repeat(500) }],
      }),
    );
    expect(findings).toMatchObject([{ cause: 'port-mismatch', confidence: 'high' }]);
  });

  it('is a readiness probe that asks for something else where new pods never answer what clients ask', () => {
    const { findings } = judgeRun(
      aRolloutStory({
        template: {},
        lostAt: 'new',
        target: [{ atMs: 4_500, draw: 'a'.repeat(500) + 's'.repeat(250) }],
      }),
    );
    expect(findings).toMatchObject([{ cause: 'readiness-too-early', confidence: 'medium' }]);
  });

  it('is none where no update has come and every answer is another than the expected one', () => {
    const recording = aRolloutStory({
      lostAt: 'new',
      end: 'baseline-failing',
      target: [{ atMs: 0, draw: 's'.repeat(1_200) }],
    });
    const withoutUpdate = recording.filter(
      (entry) => entry.kind !== 'workload-before' && !(entry.kind === 'pod' && entry.uid === 'uid-old-0'),
    );
    expect(judgeRun(withoutUpdate).findings.map(({ cause }) => cause)).toEqual(['unexplained']);
  });

  it('is the machine also somewhat before and after the control had been out for long, but not around one drop', () => {
    const causesBeside = (draw: string) =>
      judgeRun(
        aRolloutStory({
          template: {},
          lostAt: 'nobody',
          target: [{ atMs: 3_900, draw: 'a'.repeat(300) }],
          steady: [{ atMs: 4_500, draw }],
        }),
      ).findings.map(({ cause }) => cause);
    expect(causesBeside('a'.repeat(200))).toEqual(['prober-fault']);
    expect(causesBeside('a')).toEqual(['prober-fault', 'unexplained']);
  });

  it('is the network of a new pod, too, where no node told of having sent connections to anybody', () => {
    const { findings } = judgeRun(
      aRolloutStory({
        template: {},
        lostAt: 'nobody',
        endpoints: [
          { atMs: 0, endpoints: [{ ...OLD, ...READY }] },
          {
            atMs: 4_400,
            endpoints: [
              { ...OLD, ...ENDING },
              { ...NEW, ...READY },
            ],
          },
        ],
        target: [{ atMs: 4_500, draw: 't'.repeat(100) }],
      }),
    );
    expect(findings).toMatchObject([
      { cause: 'network-not-ready-for-new-pod', confidence: 'medium', pods: ['web-new-0'] },
    ]);
  });

  it('is not the network of a new pod where nobody listened, or not to the end: it may have answered for long', () => {
    const endpoints = [
      { atMs: 0, endpoints: [{ ...OLD, ...READY }] },
      { atMs: 4_500, endpoints: [{ ...NEW, ...READY }] },
    ];
    const story = { template: {}, terminatingMs: 500, endpoints, target: [{ atMs: 10_500, draw: 'tttt' }] };
    const unheard = judgeRun(aRolloutStory({ ...story, routes: false }));
    expect(unheard.findings.map(({ cause }) => cause)).toEqual(['unexplained']);
    expect(judgeRun(deafFrom(4_000, story)).findings.map(({ cause }) => cause)).toEqual(['unexplained']);
  });

  it('is no pod that never answers where it was listened to for a moment only', () => {
    const story = { template: {}, lostAt: 'new', target: [{ atMs: 4_500, draw: 'x'.repeat(20) }] } as const;
    expect(judgeRun(aRolloutStory(story)).findings).toMatchObject([{ cause: 'readiness-too-early' }]);
    expect(judgeRun(deafFrom(4_700, story)).findings.map(({ cause }) => cause)).toEqual(['unexplained']);
  });

  it('is the restart that came then, and less surely that of a companion', () => {
    const { also = [], ...story } = STORIES['container-restart'];
    const companions = (container: string) =>
      also.map((entry) =>
        entry.kind === 'pod'
          ? {
              ...entry,
              containers: entry.containers.map((one) => ({ ...one, name: container })),
            }
          : entry,
      );
    const earlier = [
      aPodFact('new', 4_600, {
        containers: [
          aContainer({ state: 'terminated', ready: false, exitCode: 9, finishedAt: '2026-11-20T12:00:04Z' }),
        ],
      }),
      aPodFact('new', 4_700, { containers: [aContainer({ restarts: 0 })] }),
    ];
    const found = (more: StoryOptions['also']) =>
      judgeRun(aRolloutStory({ ...story, also: more ?? [] })).findings[0];
    expect(found(also)).toMatchObject({ cause: 'container-restart', confidence: 'high' });
    expect(found(companions('proxy'))).toMatchObject({ cause: 'container-restart', confidence: 'medium' });
    expect(found([...earlier, ...also])?.evidence[0]).toContain('exit code 1,');
  });

  it('is inferred, and less sure, where connection tracking was not heard to the end', () => {
    const story = { template: {}, ...EXIT_0, endpoints: SURGE, target: [{ atMs: 4_510, draw: 'xxx' }] };
    expect(judgeRun(deafFrom(4_000, story)).findings).toMatchObject([
      { cause: 'stops-before-endpoint-removal', confidence: 'low', pods: ['web-old-0'] },
    ]);
    const local = { ...STORIES['local-traffic-policy'] };
    expect(judgeRun(aRolloutStory(local)).findings).toMatchObject([{ confidence: 'high' }]);
    expect(judgeRun(deafFrom(4_000, local)).findings).toMatchObject([
      { cause: 'local-traffic-policy', confidence: 'medium' },
    ]);
  });

  it('is an affinity also where that shows at another pod only', () => {
    const boundBy = (service: object) =>
      judgeRun(
        aRolloutStory({
          template: { service },
          ...EXIT_0,
          endpoints: [
            { atMs: 0, endpoints: [{ ...OLD, ...READY }] },
            {
              atMs: 4_500,
              endpoints: [{ ...OLD, ...ENDING }, ...[NEW, OTHER].map((pod) => ({ ...pod, ...READY }))],
            },
            { atMs: 4_900, endpoints: [NEW, OTHER].map((pod) => ({ ...pod, ...READY })) },
          ],
          also: [aPodFact('new', 4_400, { ...OTHER_POD, change: 'added' })],
          target: [{ atMs: 4_510, draw: 'x'.repeat(30) }],
        }),
      ).findings.map(({ cause }) => cause);
    expect(boundBy({ sessionAffinity: 'ClientIP' })).toEqual(['session-affinity']);
    expect(boundBy({})).toEqual(['stops-before-endpoint-removal']);
  });

  it('is an affinity also at the last old pod, where the other had been there to choose for long before', () => {
    const goingLast = (otherReadyMs: number) =>
      judgeRun(
        aRolloutStory({
          template: { service: { sessionAffinity: 'ClientIP' } },
          ...EXIT_0,
          endpoints: [
            { atMs: 0, endpoints: [{ ...OLD, ...READY }] },
            { atMs: otherReadyMs, endpoints: [OLD, OTHER].map((pod) => ({ ...pod, ...READY })) },
            {
              atMs: 4_200,
              endpoints: [
                { ...OLD, ...READY },
                { ...OTHER, ...ENDING },
              ],
            },
            {
              atMs: 4_500,
              endpoints: [
                { ...OLD, ...ENDING },
                { ...NEW, ...READY },
              ],
            },
            { atMs: 4_900, endpoints: [{ ...NEW, ...READY }] },
          ],
          also: [
            aPodFact('old', 0, { ...OTHER_POD, change: 'listed' }),
            aPodFact('old', 4_190, {
              ...OTHER_POD,
              deletionTimestamp: '2026-11-20T12:00:34Z',
              deletionGracePeriodSeconds: 30,
            }),
          ],
          target: [{ atMs: 4_510, draw: 'x'.repeat(30) }],
        }),
      ).findings.map(({ cause }) => cause);
    expect(goingLast(500)).toEqual(['session-affinity']);
    expect(goingLast(2_000)).toEqual(['stops-before-endpoint-removal']);
  });

  it('is an idle connection, by what the prober says of its rest and of others that were closed at rest', () => {
    const entries = aRolloutStory({
      ...STORIES['keep-alive-idle-close'],
      connections: 100,
    }).map((entry) => {
      if (entry.kind !== 'probe' || entry.stream !== 'target') return entry;
      if (entry.seq === 20) return { ...entry, reused: false, replaced: true as const };
      return entry.reused === true ? { ...entry, idleMs: 5_000 } : entry;
    });
    const [finding] = judgeRun(entries).findings;
    expect(finding).toMatchObject({ cause: 'keep-alive-idle-close', confidence: 'high', drops: 3 });
    expect(JSON.stringify(finding)).toContain('found closed after they had rested');
  });

  it('is no idle connection where busy ones are lost as well', () => {
    const { findings } = judgeRun(
      aRolloutStory({
        ...STORIES['keep-alive-idle-close'],
        connections: 2,
        target: [{ atMs: 8_000, draw: 'r..r.r' }],
      }),
    );
    expect(findings.map(({ cause }) => cause)).toEqual(['unexplained']);
  });

  it('is a restart of kube-proxy also where it cost no request, because there is no verdict for it', () => {
    const { target, ...story } = STORIES['proxy-or-cni-restart'];
    const { findings, verdict } = judgeRun(aRolloutStory(story));
    expect(target).toHaveLength(1);
    expect(verdict).toBe('inconclusive');
    expect(findings).toMatchObject([{ cause: 'proxy-or-cni-restart', drops: 0 }]);
  });

  it('has the pace of kube-proxy as evidence where that is known', () => {
    const figures = (atMs: number, syncs: number, slow: number): ProxyFact => ({
      kind: 'proxy',
      atMs,
      node: 'worker',
      syncs,
      syncSeconds: syncs * 0.05,
      programmed: [
        { withinSeconds: 0.5, count: syncs },
        { withinSeconds: 1, count: syncs + slow },
        { withinSeconds: 2, count: syncs + slow },
      ],
    });
    const { findings } = judgeRun(
      aRolloutStory({
        ...STORIES['stops-before-endpoint-removal'],
        also: [figures(1, 10, 0), figures(12_400, 14, 2)],
      }),
    );
    expect(findings[0]?.evidence).toContain(
      'kube-proxy on worker wrote its rules 4 times meanwhile, in 50 ms on average; by its own count, in whole seconds, changes of endpoints were in force after 1 s at the latest.',
    );
  });

  it('of requests that are not judged is told, without counting them as drops', () => {
    const { findings } = judgeRun(aRolloutStory({ template: {}, target: [{ atMs: 4_510, draw: 'nnn' }] }));
    expect(findings).toMatchObject([{ cause: 'prober-fault', drops: 0 }]);
  });
});

describe('an amplified delay', () => {
  const drop = { template: {}, exit: { code: 0, atMs: 4_800 }, terminatingMs: 6_000, endpoints: SURGE };
  const late = { ...drop, target: [{ atMs: 9_000, draw: 'xxxx' }] };
  const cause = (options: StoryOptions) => judgeRun(aRolloutStory(options)).findings[0]?.cause;

  it('lets nodes go by old endpoints for longer before that needs another explanation', () => {
    expect(cause(late)).not.toBe('stops-before-endpoint-removal');
    expect(cause({ ...late, environment: { amplified: { propagationDelayMs: 5_000 } } })).toBe(
      'stops-before-endpoint-removal',
    );
  });
});

describe('the suggestion', () => {
  const places = {
    spec: { file: 'k8s/web.yaml', line: 6, column: 1 },
    podSpec: { file: 'k8s/web.yaml', line: 14, column: 5 },
    container: { file: 'k8s/web.yaml', line: 16, column: 11 },
  };
  const suggestion = (options: StoryOptions) => judgeRun(aRolloutStory(options)).findings[0]?.suggestion;

  it('is the measured need with a margin, as lines of the manifest', () => {
    const found = suggestion({ ...STORIES['stops-before-endpoint-removal'], template: { places } });
    expect(found?.text).toBe(
      'Let nginx sleep 3 s before it gets SIGTERM: connections were sent to an ending pod for 220 ms after it was told to end, and 2.0 s are the margin; the sum is rounded up to whole seconds.',
    );
    expect(found?.diff).toEqual({
      place: places.container,
      lines: [
        '+          lifecycle:',
        '+            preStop:',
        '+              sleep:',
        '+                seconds: 3',
      ],
    });
  });

  it('has room in the grace period, or says how much more that needs', () => {
    const found = suggestion({
      ...STORIES['stops-before-endpoint-removal'],
      template: { gracePeriodSeconds: 5 },
    });
    expect(found?.text).toContain('Raise terminationGracePeriodSeconds from 5 to 13, too');
  });

  it('replaces the line that is there', () => {
    const gracePeriod = { file: 'k8s/web.yaml', line: 15, column: 7 };
    const { template, ...story } = STORIES['prestop-exceeds-grace'];
    const found = suggestion({ ...story, template: { ...template, places: { ...places, gracePeriod } } });
    expect(found?.diff).toEqual({
      place: gracePeriod,
      lines: ['-      terminationGracePeriodSeconds: 2', '+      terminationGracePeriodSeconds: 15'],
    });
  });

  it('has no place where a tool rendered the manifest', () => {
    const found = suggestion(STORIES['missing-readiness-probe']);
    expect(found?.yaml[0]).toBe('readinessProbe:');
    expect(found?.diff).toBeUndefined();
  });

  it('replaces a hook that only sleeps, line by line', () => {
    const preStop = { file: 'k8s/web.yaml', line: 19, column: 13 };
    const lifecycle = { file: 'k8s/web.yaml', line: 18, column: 11 };
    const { template, ...story } = STORIES['prestop-too-short'];
    const preStopLines = ['            preStop:', '              exec: {command: [sleep, "1"]}'];
    const found = suggestion({
      ...story,
      template: { ...template, places: { ...places, lifecycle, preStop, preStopLines } },
    });
    expect(found?.diff).toEqual({
      place: preStop,
      lines: [
        '-            preStop:',
        '-              exec: {command: [sleep, "1"]}',
        '+            preStop:',
        '+              sleep:',
        '+                seconds: 4',
      ],
    });
  });

  it('puts the sleep action in the place of another one, because a hook has only one', () => {
    const found = suggestion(STORIES['prestop-too-short']);
    expect(JSON.stringify(found?.patches)).toContain('"preStop":{"sleep":{"seconds":4},"exec":null}');
    expect(found?.yaml.join('\n')).not.toContain('exec');
  });

  it('uses the program `sleep` where the cluster has no sleep action', () => {
    const found = suggestion({
      ...STORIES['stops-before-endpoint-removal'],
      environment: { kubernetes: 'v1.29.4' },
    });
    expect(found?.yaml.map((line) => line.trim())).toEqual([
      ...['lifecycle:', 'preStop:', 'exec:', 'command: ["sleep", "3"]'],
    ]);
  });

  it('suggests no program where the image has none that the hook could run', () => {
    const found = suggestion({
      ...STORIES['prestop-cannot-run'],
      environment: { kubernetes: 'v1.29.4' },
    });
    expect(found?.text).toMatch(/^No line of the manifest helps on Kubernetes v1\.29\.4/);
    expect(found?.patches ?? []).toEqual([]);
  });

  it('replaces a strategy that leaves a gap', () => {
    const { template, ...story } = STORIES['no-endpoints'];
    const strategy = { file: 'k8s/web.yaml', line: 8, column: 3 };
    const strategyLines = ['  strategy: {type: Recreate}'];
    const found = suggestion({
      ...story,
      template: { ...template, places: { ...places, strategy, strategyLines } },
    });
    expect(found?.diff).toEqual({
      place: strategy,
      lines: [
        '-  strategy: {type: Recreate}',
        '+  strategy:',
        '+    type: RollingUpdate',
        '+    rollingUpdate:',
        '+      maxUnavailable: 0',
        '+      maxSurge: 1',
      ],
    });
  });

  it.each<[Protocol, string, readonly string[] | undefined]>([
    ['http', '/', ['httpGet:', '  path: "/"', '  port: 80']],
    ['grpc', '/grpc.health.v1.Health/Check', ['grpc:', '  port: 80']],
    ['grpc', '/shop.Cart/Count', ['tcpSocket:', '  port: 80']],
    ['h2', '/', ['tcpSocket:', '  port: 80']],
    ['tcp', '/', ['tcpSocket:', '  port: 80']],
    ['websocket', '/', ['tcpSocket:', '  port: 80']],
    ['udp', '/', undefined],
  ])('is a readiness probe that a server of %s at %s answers', (protocol, path, handler) => {
    const story = STORIES['missing-readiness-probe'];
    const found = suggestion({ ...story, scenario: { ...story.scenario, protocol, path } });
    const lines = handler?.map((line) => `  ${line}`);
    expect(found?.yaml).toEqual(lines && ['readinessProbe:', ...lines, '  periodSeconds: 1']);
  });

  it('asks the port that the Service leads to, and not another one', () => {
    const story = STORIES['missing-readiness-probe'];
    const ports = [
      { name: 'metrics', containerPort: 9090 },
      { name: 'web', containerPort: 8080 },
    ];
    const asked = (targetPort: string) =>
      suggestion({
        ...story,
        template: { service: { port: { name: '', targetPort } }, containers: [{ name: 'nginx', ports }] },
      })?.yaml;
    expect(asked('web')).toContain('    port: web');
    expect(asked('8080')).toContain('    port: web');
  });

  it('is no other kind of readiness probe that could not succeed, or asks for less', () => {
    const story = STORIES['readiness-too-early'];
    const given = (protocol: Protocol, how: 'tcp' | 'grpc' | 'http') =>
      suggestion({
        ...story,
        scenario: { ...story.scenario, protocol, path: '/grpc.health.v1.Health/Check' },
        template: { containers: [{ name: 'nginx', ports: [{ containerPort: 80 }], readiness: { how } }] },
        also: [aPodFact('new', 4_300, { containers: [aContainer()] })],
      })?.yaml;
    expect(given('grpc', 'tcp')).toEqual(['readinessProbe:', '  grpc:', '    port: 80']);
    for (const [protocol, how] of [
      ['grpc', 'grpc'],
      ['h2', 'http'],
      ['tcp', 'tcp'],
    ] as const) {
      expect(given(protocol, how)?.[1]).toMatch(/^ {2}initialDelaySeconds: /);
    }
  });

  it('is no strategy where new pods start before old ones end already', () => {
    const story = STORIES['no-endpoints'];
    const suggested = (maxUnavailable: string, maxSurge: string) =>
      suggestion({
        ...story,
        template: { strategy: { type: 'RollingUpdate', maxUnavailable, maxSurge } },
      });
    expect(suggested('0', '1')).toBeUndefined();
    // Of one replica a quarter is none that may be missing, and one that may be added.
    expect(suggested('25%', '25%')).toBeUndefined();
    expect(suggested('0', '0')?.yaml).toContain('strategy:');
    expect(suggested('1', '1')?.yaml).toContain('strategy:');
    expect(suggested('100%', '25%')?.yaml).toContain('strategy:');
  });

  it('is a diff only where all of it has its place', () => {
    const story = STORIES['stops-before-endpoint-removal'];
    const short = { gracePeriodSeconds: 5 };
    expect(suggestion({ ...story, template: { ...short, places } })?.furtherDiffs).toEqual([
      { place: places.podSpec, lines: ['+      terminationGracePeriodSeconds: 13'] },
    ]);
    const lifecycle = { file: 'k8s/web.yaml', line: 18, column: 11 };
    const found = suggestion({ ...story, template: { ...short, places: { ...places, lifecycle } } });
    expect(found?.diff).toBeUndefined();
    expect(found?.yaml).toContain('terminationGracePeriodSeconds: 13');
  });

  it.each([
    ['sigterm-ignored', 'see that SIGTERM reaches the server'],
    ['keep-alive-closed-at-shutdown', 'Connection: close'],
    ['keep-alive-outlives-pod', 'Connection: close'],
    ['no-sigterm-handling', 'handle SIGTERM'],
  ] as const)('says of %s that no line of the manifest helps, and what does', (cause, words) => {
    const found = suggestion(STORIES[cause]);
    expect(found?.text).toMatch(/^No line of the manifest helps\./);
    expect(found?.text).toContain(words);
    expect(found?.yaml).toEqual([]);
  });

  it('for readiness that comes too early asks for what clients ask for, or later', () => {
    const story = STORIES['readiness-too-early'];
    const tcp = { containers: [{ ...CONTAINER, readiness: { how: 'tcp' } as const }] };
    expect(suggestion({ ...story, template: tcp })?.yaml.join(' ')).toContain('httpGet:');
    expect(JSON.stringify(suggestion({ ...story, template: tcp })?.patches)).toContain('"tcpSocket":null');
  });
});
