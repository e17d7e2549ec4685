import { describe, expect, it } from 'vitest';
import { awaitReady } from '../../src/cluster/readiness/await-ready.ts';
import {
  type ClusterState,
  podTrouble,
  unreachableImages,
  whatIsMissing,
} from '../../src/cluster/readiness/cluster-state.ts';
import { EnvironmentError } from '../../src/model/problem.ts';
import { event, type FakeKube, startFakeKube } from '../support/fake-kube.ts';

const metadata = (name: string, namespace = 'kube-system') => ({
  name,
  namespace,
  uid: `uid-${name}`,
  resourceVersion: '1',
  generation: 1,
});

const node = (name: string, ready: boolean) => ({
  metadata: metadata(name),
  status: {
    conditions: [
      {
        type: 'Ready',
        status: ready ? 'True' : 'False',
        message: ready ? 'fine' : 'cni plugin not initialized',
      },
    ],
  },
});
const daemonSet = (ready: number, of: number) => ({
  metadata: metadata('kindnet'),
  status: {
    observedGeneration: 1,
    desiredNumberScheduled: of,
    updatedNumberScheduled: of,
    numberReady: ready,
  },
});
const dns = (available: number) => ({
  metadata: metadata('coredns'),
  status: { availableReplicas: available },
});
const stuckPod = {
  metadata: metadata('kindnet-abc'),
  spec: { containers: [{ name: 'kindnet-cni', image: 'example.invalid/kindnetd:1' }] },
  status: {
    phase: 'Pending',
    containerStatuses: [
      {
        name: 'kindnet-cni',
        ready: false,
        restartCount: 0,
        state: { waiting: { reason: 'ImagePullBackOff', message: 'Back-off pulling image' } },
      },
    ],
  },
};

const goal = { nodes: 2, daemonSets: ['kube-system/kindnet'] };
const ready: ClusterState = {
  nodes: [node('a', true), node('b', true)],
  daemonSets: [daemonSet(2, 2)],
  deployments: [dns(2)],
  pods: [],
};

describe('what a cluster lacks', () => {
  it('is nothing where nodes, CNI and DNS stand', () => {
    expect(whatIsMissing(ready, goal)).toEqual([]);
  });

  it.each<[string, Partial<ClusterState>, string]>([
    ['a node that has not registered', { nodes: [node('a', true)] }, '1 of 2 nodes have registered'],
    [
      'a node that is not Ready, with its own reason',
      { nodes: [node('a', true), node('b', false)] },
      'node b is not Ready: the CNI is not there yet',
    ],
    ['a DaemonSet that does not exist', { daemonSets: [] }, 'DaemonSet kube-system/kindnet does not exist'],
    [
      'a DaemonSet that is behind',
      { daemonSets: [daemonSet(1, 2)] },
      'DaemonSet kube-system/kindnet: 1 of 2 pods are ready',
    ],
    [
      'a DaemonSet nobody wants yet',
      { daemonSets: [daemonSet(0, 0)] },
      'DaemonSet kube-system/kindnet: 0 of 1 pods are ready',
    ],
    ['DNS', { deployments: [dns(0)] }, 'Deployment kube-system/coredns: no pod is available'],
  ])('is said of %s', (_, changed, line) => {
    expect(whatIsMissing({ ...ready, ...changed }, goal)).toEqual([line]);
  });

  it('is explained by the pods', () => {
    const state = { ...ready, pods: [stuckPod] };
    expect(podTrouble(state)).toEqual([
      'pod kube-system/kindnet-abc: Pending (kindnet-cni ImagePullBackOff: Back-off pulling image)',
    ]);
    expect(unreachableImages(state)).toEqual(['example.invalid/kindnetd:1']);
  });
});

describe('waiting for a cluster', () => {
  it('ends with the change that makes it ready', async () => {
    await using kube = await startFakeKube();
    answerWith(kube, { ...ready, nodes: [node('a', true), node('b', false)] });
    kube.watch('/api/v1/nodes', {
      send: [event('MODIFIED', { ...node('b', true), metadata: { ...metadata('b'), resourceVersion: '2' } })],
      ending: 'silence',
    });
    const state = await wait(kube, 10_000);
    expect(state.nodes).toHaveLength(2);
  });

  it('ends at the deadline with what was missing, why, and the last warnings', async () => {
    await using kube = await startFakeKube();
    answerWith(kube, { ...ready, daemonSets: [daemonSet(1, 2)], pods: [stuckPod] });
    kube.answer('/api/v1/events', {
      metadata: { resourceVersion: '1' },
      items: [
        {
          metadata: metadata('e'),
          involvedObject: { kind: 'Pod', name: 'kindnet-abc' },
          reason: 'Failed',
          message: 'pull access denied',
        },
      ],
    });
    const error: unknown = await wait(kube, 300).catch((caught: unknown) => caught);
    expect(error).toBeInstanceOf(EnvironmentError);
    expect((error as EnvironmentError).problem).toMatchObject({
      code: 'RP2102',
      what: 'The cluster did not become ready: DaemonSet kube-system/kindnet: 1 of 2 pods are ready.',
      why: [
        'pod kube-system/kindnet-abc: Pending (kindnet-cni ImagePullBackOff: Back-off pulling image)',
        'event Pod kindnet-abc: Failed: pull access denied',
      ].join('\n'),
    });
  });

  it('ends with the abort', async () => {
    await using kube = await startFakeKube();
    answerWith(kube, { ...ready, nodes: [] });
    const abort = new AbortController();
    const waiting = wait(kube, 60_000, abort.signal);
    await kube.watched('/api/v1/nodes', 1);
    abort.abort(new Error('cancelled'));
    await expect(waiting).rejects.toThrow('cancelled');
  });
});

function answerWith(kube: FakeKube, state: ClusterState): void {
  const list = (items: readonly unknown[]) => ({ metadata: { resourceVersion: '1' }, items });
  kube.answer('/api/v1/nodes', list(state.nodes));
  kube.answer('/apis/apps/v1/daemonsets', list(state.daemonSets));
  kube.answer('/apis/apps/v1/deployments', list(state.deployments));
  kube.answer('/api/v1/pods', list(state.pods));
}

function wait(
  kube: FakeKube,
  deadlineMs: number,
  signal = new AbortController().signal,
): Promise<ClusterState> {
  return awaitReady({ ...goal, kubeConfig: kube.kubeConfig, deadlineMs, signal, progress: () => {} });
}
