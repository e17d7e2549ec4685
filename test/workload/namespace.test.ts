import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { EXIT_CODE_FINALIZER } from '../../src/model/our-objects.ts';
import { createNamespace, removeNamespace } from '../../src/workload/namespace.ts';
import { type FakeKube, refusal, startFakeKube } from '../support/fake-kube.ts';

const PATH = '/api/v1/namespaces/own';

let fake: FakeKube;

beforeEach(async () => {
  fake = await startFakeKube();
});

afterEach(() => fake[Symbol.asyncDispose]());

const list = (...names: readonly string[]) => ({
  metadata: { resourceVersion: '1' },
  items: names.map((name) => ({ metadata: { name, uid: name, resourceVersion: '1' } })),
});

describe('a namespace of our own', () => {
  it('is labelled as ours and is ready when pods can be created in it', async () => {
    let looks = 0;
    fake.decide(({ method, path }) => {
      if (method === 'POST') return { status: 201, body: {} };
      return path.endsWith('/serviceaccounts/default') && ++looks === 3
        ? { status: 200, body: {} }
        : undefined;
    });
    await createNamespace({ kubeConfig: fake.kubeConfig, namespace: 'own' });
    expect(looks).toBe(3);
    expect(fake.seen[0]?.body).toMatchObject({
      metadata: { name: 'own', labels: { 'app.kubernetes.io/managed-by': 'rollproof' } },
    });
  });

  it('is never somebody else’s', async () => {
    fake.decide(() => refusal(409, 'AlreadyExists', 'namespaces "own" already exists'));
    await expect(createNamespace({ kubeConfig: fake.kubeConfig, namespace: 'own' })).rejects.toThrow(
      'already exists',
    );
  });

  it('is removed when its pods and Services are gone, not when their end has begun', async () => {
    fake.answer(`${PATH}/services`, list());
    let looks = 0;
    fake.decide(({ method, path }) => {
      if (method === 'DELETE') return { status: 200, body: {} };
      return path === `${PATH}/pods`
        ? { status: 200, body: ++looks < 3 ? list('web-1') : list() }
        : undefined;
    });
    const removal = await removeNamespace({
      kubeConfig: fake.kubeConfig,
      namespace: 'own',
      timeoutMs: 10_000,
    });
    expect(removal).toEqual({ gone: true, remainingPods: [] });
    expect(looks).toBe(3);
  });

  it('gives its pods as long to end as it is told, or as they ask for', async () => {
    fake.answer(`${PATH}/services`, list());
    fake.answer(`${PATH}/pods`, list());
    fake.decide(({ method }) => (method === 'DELETE' ? { status: 200, body: {} } : undefined));
    const { kubeConfig, seen } = fake;
    await removeNamespace({ kubeConfig, namespace: 'own', timeoutMs: 250, graceSeconds: 1 });
    await removeNamespace({ kubeConfig, namespace: 'own', timeoutMs: 250 });
    const deletions = seen.filter(({ method }) => method === 'DELETE');
    expect(deletions.map(({ path, query }) => [path, query.get('gracePeriodSeconds')])).toEqual([
      [PATH, null],
      [`${PATH}/pods`, '1'],
      [`${PATH}/services`, null],
      [PATH, null],
      [`${PATH}/pods`, null],
      [`${PATH}/services`, null],
    ]);
  });

  it('says which pods are left when time is up', async () => {
    fake.answer(`${PATH}/services`, list());
    fake.answer(`${PATH}/pods`, list('web-1'));
    fake.decide(({ method }) => (method === 'DELETE' ? { status: 200, body: {} } : undefined));
    const removal = await removeNamespace({ kubeConfig: fake.kubeConfig, namespace: 'own', timeoutMs: 250 });
    expect(removal).toEqual({ gone: false, remainingPods: ['web-1'] });
  });

  it('lets go of pods that a finalizer of ours holds, and of no others', async () => {
    const finalizers = { ours: ['a.example/x', EXIT_CODE_FINALIZER], theirs: ['a.example/x'] };
    const pods = Object.entries(finalizers).map(([name, finalizers]) => ({
      metadata: { name, uid: name, resourceVersion: '1', finalizers },
    }));
    fake.answer(`${PATH}/services`, list());
    fake.answer(`${PATH}/pods`, { metadata: { resourceVersion: '1' }, items: pods });
    fake.decide(({ method }) => {
      if (method === 'PATCH') fake.answer(`${PATH}/pods`, list());
      return method === 'DELETE' || method === 'PATCH' ? { status: 200, body: {} } : undefined;
    });
    const { kubeConfig, seen } = fake;
    expect(await removeNamespace({ kubeConfig, namespace: 'own', timeoutMs: 10_000 })).toMatchObject({
      gone: true,
    });
    const patches = seen.filter(({ method }) => method === 'PATCH');
    expect(patches).toMatchObject([
      {
        path: `${PATH}/pods/ours`,
        body: [
          { op: 'test', path: '/metadata/uid', value: 'ours' },
          { op: 'test', path: '/metadata/finalizers/1', value: EXIT_CODE_FINALIZER },
          { op: 'remove', path: '/metadata/finalizers/1' },
        ],
      },
    ]);
  });

  it('that is gone already is removed', async () => {
    fake.answer(`${PATH}/services`, list());
    fake.answer(`${PATH}/pods`, list());
    expect(
      await removeNamespace({ kubeConfig: fake.kubeConfig, namespace: 'own', timeoutMs: 250 }),
    ).toMatchObject({ gone: true });
  });
});
