import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { RecordingEntry } from '../../src/model/recording.ts';
import { EMPTY_VIEW, withFact } from '../../src/model/workload-view.ts';
import { type Expectation, judgeProgress, remainingOldPods } from '../../src/rollout/completion.ts';
import { deploymentFact, podFact, podWith, workloadBefore } from '../support/facts.ts';

const ours: Expectation = { before: workloadBefore(), uid: 'deployment-1', generation: 2 };
const old = podFact('old', { templateHash: 'old' });
const terminating = podFact('old', { templateHash: 'old', deletionTimestamp: '2026-11-20T10:00:00Z' });
const rolling = deploymentFact({ existingReplicas: 2, availableReplicas: 1 });

function judge(facts: readonly RecordingEntry[], nowMs: number, expectation = ours) {
  return judgeProgress(facts.reduce(withFact, EMPTY_VIEW), expectation, nowMs);
}

describe('a rollout is complete', () => {
  it('when the controller says so and every living pod is new and ready, while old ones may still be terminating', () => {
    const facts = [terminating, podFact('new'), deploymentFact()];
    expect(judge(facts, 100)).toEqual({ kind: 'complete' });
    expect(remainingOldPods(facts.reduce(withFact, EMPTY_VIEW), ours.before)).toEqual(['uid-old']);
  });

  it.each([
    [
      'the controller has not seen our generation',
      [podFact('new'), deploymentFact({ observedGeneration: 1 })],
      'controller',
    ],
    [
      'the watch is older than our write',
      [podFact('new'), deploymentFact({ generation: 1, observedGeneration: 1 })],
      'controller',
    ],
    ['an old pod has not been asked to end', [old, podFact('new'), deploymentFact()], 'old pods'],
    [
      'the status still counts an old pod',
      [podFact('new'), deploymentFact({ existingReplicas: 2 })],
      'old pods',
    ],
    ['no new pod was created', [terminating, deploymentFact({ updatedReplicas: 0 })], 'new pods: 0 of 1'],
    ['the new pod is not ready', [podFact('new', { ready: false }), deploymentFact()], 'ready: new'],
    [
      'the new pod is not available yet',
      [podFact('new'), deploymentFact({ availableReplicas: 0 })],
      'available: 0 of 1',
    ],
  ] as const)('but not while %s', (_, facts, waitingFor) => {
    expect(judge(facts, 100)).toEqual({ kind: 'under-way', waitingFor: expect.stringContaining(waitingFor) });
  });

  it('but not while a command of the user may still be writing', () => {
    const { generation: _, ...writing } = ours;
    expect(judge([podFact('new'), deploymentFact()], 100, writing).kind).toBe('under-way');
  });

  it.each([
    [1, 'the update to be written'],
    [2, 'what writes the update to end: it has changed the Deployment'],
  ])('and says of a command that still runs whether it has written: generation %i', (now, waitingFor) => {
    const { generation: _, ...writing } = ours;
    const facts = [podFact('new'), deploymentFact({ generation: now })];
    expect(judge(facts, 100, writing)).toEqual({ kind: 'under-way', waitingFor });
  });

  it('never without its conditions, whatever facts arrive in whatever order', () => {
    // Weighted towards a rollout that is nearly there, where a mistake would show.
    const count = fc.constantFrom(1, 1, 1, 0, 2);
    const pods = fc.record({
      name: fc.constantFrom('a', 'b'),
      isOld: fc.boolean(),
      ready: fc.boolean(),
      ending: fc.boolean(),
    });
    const status = fc.record({
      generation: fc.constantFrom(2, 2, 1),
      observedGeneration: fc.constantFrom(2, 2, 1),
      replicas: fc.constantFrom(1, 1, 2),
      existingReplicas: count,
      updatedReplicas: count,
      availableReplicas: count,
    });
    let completed = 0;
    fc.assert(
      fc.property(fc.array(fc.oneof(pods, status), { minLength: 1, maxLength: 12 }), (drawn) => {
        const facts = drawn.map((one) =>
          'name' in one
            ? podFact(one.name, {
                templateHash: one.isOld ? 'old' : 'new',
                ready: one.ready,
                ...(one.ending ? { deletionTimestamp: '2026-11-20T10:00:00Z' } : {}),
              })
            : deploymentFact(one),
        );
        const view = facts.reduce<typeof EMPTY_VIEW>(withFact, EMPTY_VIEW);
        if (judgeProgress(view, ours, 100).kind !== 'complete') return;
        completed += 1;
        const { deployment } = view;
        const living = [...view.pods.values()].filter((pod) => !pod.deletionTimestamp);
        expect(deployment?.observedGeneration).toBeGreaterThanOrEqual(2);
        expect(deployment?.updatedReplicas).toBeGreaterThanOrEqual(deployment?.replicas ?? 0);
        expect(deployment?.availableReplicas).toBeGreaterThanOrEqual(deployment?.replicas ?? 0);
        expect(living.filter((pod) => pod.ready).length).toBeGreaterThanOrEqual(deployment?.replicas ?? 0);
        expect(living.some((pod) => pod.templateHash === 'old')).toBe(false);
      }),
      { numRuns: 5_000, seed: 7 },
    );
    expect(completed).toBeGreaterThan(50);
  });
});

describe('a rollout has failed', () => {
  const refused = {
    type: 'ReplicaFailure',
    status: 'True',
    reason: 'FailedCreate',
    message: 'exceeded quota: q',
  };
  const stalled = {
    type: 'Progressing',
    status: 'False',
    reason: 'ProgressDeadlineExceeded',
    message: 'timed out progressing',
  };
  const unready = deploymentFact({ existingReplicas: 2, availableReplicas: 1 });

  it.each([
    ['an image name is no name', podWith('new', { reason: 'InvalidImageName' }), 'image-pull-failed', 0],
    [
      'an image may not be pulled and is not there',
      podWith('new', { reason: 'ErrImageNeverPull' }),
      'image-pull-failed',
      0,
    ],
    ['an image can not be pulled', podWith('new', { reason: 'ErrImagePull' }), 'image-pull-failed', 15_000],
    [
      'pulling an image is backed off',
      podWith('new', { reason: 'ImagePullBackOff', message: 'not found' }),
      'image-pull-failed',
      15_000,
    ],
    [
      'a container keeps crashing',
      podWith('new', { reason: 'CrashLoopBackOff', last: { exitCode: 3, reason: 'Error' } }),
      'crash-loop',
      0,
    ],
    [
      'a container has ended badly twice',
      podWith('new', { state: 'terminated', exitCode: 3, last: { exitCode: 3 } }),
      'crash-loop',
      0,
    ],
    [
      'a ConfigMap is missing',
      podWith('new', { reason: 'CreateContainerConfigError' }),
      'create-failed',
      15_000,
    ],
    [
      'no node has room',
      podFact('new', { ready: false, unschedulable: '0/2 nodes are available' }),
      'unschedulable',
      15_000,
    ],
    [
      'a node rejects the pod',
      podFact('new', { ready: false, phase: 'Failed', reason: 'NodePorts' }),
      'unschedulable',
      15_000,
    ],
    [
      'the API server refuses pods',
      deploymentFact({ ...unready, conditions: [refused] }),
      'create-failed',
      15_000,
    ],
    [
      'the progress deadline has passed',
      deploymentFact({ ...unready, conditions: [stalled] }),
      'not-ready',
      0,
    ],
  ] as const)(
    'when %s, after the kubelet had its second attempt and within 30 s',
    (_, fact, outcome, patienceMs) => {
      const facts = [old, unready, { ...fact, atMs: 1_000 }];
      if (patienceMs > 0) expect(judge(facts, 1_000 + patienceMs - 1).kind).toBe('under-way');
      expect(judge(facts, 1_000 + patienceMs)).toMatchObject({ kind: 'failed', outcome });
      expect(patienceMs).toBeLessThan(30_000);
    },
  );

  it('counts alternating words for the same trouble from the first', () => {
    const facts = [
      old,
      unready,
      { ...podWith('new', { reason: 'ErrImagePull' }), atMs: 1_000 },
      { ...podWith('new', { reason: 'ImagePullBackOff' }), atMs: 9_000 },
    ];
    expect(judge(facts, 16_000)).toMatchObject({ outcome: 'image-pull-failed', pod: 'uid-new' });
  });

  it('but not when the trouble healed', () => {
    const facts = [
      old,
      unready,
      podWith('new', { reason: 'ErrImagePull' }),
      podWith('new', { state: 'running' }),
    ];
    expect(judge(facts, 60_000).kind).toBe('under-way');
  });

  it('but not while an ending pod may still hold the place a new one waits for', () => {
    const waiting = podFact('new', { ready: false, phase: 'Pending', unschedulable: 'no free ports' });
    const facts: readonly RecordingEntry[] = [rolling, terminating, waiting];
    expect(judge(facts, 60_000).kind).toBe('under-way');
    const gone = [...facts, { ...terminating, change: 'deleted' as const, atMs: 60_000 }];
    expect(judge(gone, 74_999).kind).toBe('under-way');
    expect(judge(gone, 75_000)).toMatchObject({ outcome: 'unschedulable' });
  });

  it('is not told by old pods: how they end is what is measured', () => {
    const crashing = podWith('old', { reason: 'CrashLoopBackOff' }, { templateHash: 'old' });
    expect(judge([rolling, crashing, podFact('new', { ready: false })], 60_000).kind).toBe('under-way');
  });

  it('nor by conditions of the rollout before it', () => {
    const before = deploymentFact({ observedGeneration: 1, conditions: [stalled] });
    expect(judge([old, before], 100).kind).toBe('under-way');
  });

  it.each([
    ['paused', 'the Deployment is paused', deploymentFact({ paused: true })],
    ['foreign-change', 'somebody writes a generation after ours', deploymentFact({ generation: 3 })],
    ['foreign-change', 'somebody deletes the Deployment', deploymentFact({ change: 'deleted' })],
    ['foreign-change', 'another Deployment has taken its name', deploymentFact({ uid: 'deployment-2' })],
  ] as const)('as %s when %s, at once', (outcome, _, fact) => {
    expect(judge([old, fact], 0)).toMatchObject({ kind: 'failed', outcome });
  });
});
