import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { awaitAvailable } from '../../src/workload/await-available.ts';
import { type FakeKube, startFakeKube } from '../support/fake-kube.ts';

const DEPLOYMENT = '/apis/apps/v1/namespaces/own/deployments/web';

let fake: FakeKube;

beforeEach(async () => {
  fake = await startFakeKube();
  fake.answer('/api/v1/namespaces/own/pods', list([]));
  fake.answer('/api/v1/namespaces/own/events', list([]));
  fake.answer(
    '/apis/discovery.k8s.io/v1/namespaces/own/endpointslices',
    list([
      { metadata: { name: 's' }, endpoints: [{ addresses: ['10.244.1.7'], conditions: { ready: true } }] },
    ]),
  );
});

afterEach(() => fake[Symbol.asyncDispose]());

const list = (items: readonly object[]) => ({ metadata: { resourceVersion: '1' }, items });

function deployment(status: object, spec: object = {}): object {
  return {
    metadata: { name: 'web', uid: 'd', resourceVersion: '1', generation: 1 },
    spec: { replicas: 1, selector: { matchLabels: { app: 'web' } }, ...spec },
    status: { observedGeneration: 1, ...status },
  };
}

function pod(status: object): object {
  return {
    metadata: {
      name: 'web-5d-a',
      uid: 'p',
      resourceVersion: '1',
      labels: { 'pod-template-hash': '5d' },
      ownerReferences: [{ kind: 'ReplicaSet', name: 'web-5d', uid: 'r' }],
    },
    spec: { nodeName: 'worker', containers: [] },
    status,
  };
}

const wait = (timeoutMs = 60_000) =>
  awaitAvailable({
    kubeConfig: fake.kubeConfig,
    namespace: 'own',
    deployment: 'web',
    service: 'web',
    timeoutMs,
    signal: new AbortController().signal,
  });

describe('waiting for the workload', () => {
  it('is over when every replica is available and the Service has as many endpoints', async () => {
    let looks = 0;
    fake.decide(({ path }) => {
      if (path !== DEPLOYMENT) return undefined;
      looks += 1;
      return { status: 200, body: deployment(looks < 3 ? {} : { updatedReplicas: 1, availableReplicas: 1 }) };
    });
    expect(await wait()).toEqual({ kind: 'available' });
    expect(looks).toBe(3);
  });

  it('ends at once where a container keeps crashing, with the evidence', async () => {
    fake.answer(DEPLOYMENT, deployment({}));
    const status = {
      name: 'app',
      ready: false,
      restartCount: 1,
      state: { waiting: { reason: 'CrashLoopBackOff' } },
      lastState: { terminated: { exitCode: 137, reason: 'OOMKilled' } },
    };
    fake.answer(
      '/api/v1/namespaces/own/pods',
      list([pod({ phase: 'Running', containerStatuses: [status] })]),
    );
    expect(await wait()).toEqual({
      kind: 'failed',
      outcome: 'crash-loop',
      detail: 'container app of pod web-5d-a keeps ending (exit code 137, OOMKilled)',
    });
  });

  it('ends at once where the Deployment is paused or does not exist', async () => {
    expect(await wait()).toMatchObject({ kind: 'failed', outcome: 'create-failed' });
    fake.answer(DEPLOYMENT, deployment({}, { paused: true }));
    expect(await wait()).toMatchObject({ kind: 'failed', outcome: 'paused' });
  });

  it('ends in time, with what was waited for and the kubelet’s last word', async () => {
    fake.answer(DEPLOYMENT, deployment({ updatedReplicas: 1 }));
    fake.answer('/api/v1/namespaces/own/pods', list([pod({ phase: 'Running' })]));
    fake.answer(
      '/api/v1/namespaces/own/events',
      list([
        {
          metadata: { name: 'e' },
          involvedObject: { kind: 'Pod', name: 'web-5d-a' },
          reason: 'Unhealthy',
          message: 'probe failed: 404',
        },
      ]),
    );
    const availability = await wait(300);
    expect(availability).toMatchObject({ kind: 'failed', outcome: 'timed-out' });
    expect(availability).toMatchObject({
      detail: expect.stringMatching(/0 of 1 are; web-5d-a: Unhealthy: probe failed: 404$/),
    });
  });
});
