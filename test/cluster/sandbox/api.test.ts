import {
  AppsV1Api,
  CoreV1Api,
  KubernetesObjectApi,
  PatchStrategy,
  setHeaderOptions,
  Watch,
} from '@kubernetes/client-node';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Sandbox } from '../../../src/cluster/sandbox/sandbox.ts';
import { deployment, kubeConfigOf, quickSandbox, service } from './quick-sandbox.ts';

let sandbox: Sandbox;
let core: CoreV1Api;
let apps: AppsV1Api;

beforeAll(async () => {
  sandbox = await quickSandbox();
  core = kubeConfigOf(sandbox).makeApiClient(CoreV1Api);
  apps = kubeConfigOf(sandbox).makeApiClient(AppsV1Api);
});
afterAll(() => sandbox.close());

/** The same request, as curl would make it. */
async function http(method: string, path: string, body?: object, contentType = 'application/json') {
  const response = await fetch(`${sandbox.apiUrl}${path}`, {
    method,
    ...(body && { body: JSON.stringify(body), headers: { 'content-type': contentType } }),
  });
  return {
    code: response.status,
    body: JSON.parse(await response.text()),
    warning: response.headers.get('warning'),
  };
}

const CONFIG_MAPS = '/api/v1/namespaces/default/configmaps';
const DEPLOYMENTS = '/apis/apps/v1/namespaces/default/deployments';
let serial = 0;
const fresh = () => `object-${++serial}`;
const configMap = (name: string, data: object = {}) => ({
  apiVersion: 'v1',
  kind: 'ConfigMap',
  metadata: { name },
  data,
});
const unscheduled = (name: string, extra: object = {}) => ({
  ...deployment({ replicas: 0, ...extra }),
  metadata: { name, namespace: 'default' },
});

describe('objects', () => {
  it('come back with identity, version and defaults as the real client reads them', async () => {
    const name = fresh();
    await apps.createNamespacedDeployment({ namespace: 'default', body: unscheduled(name) });
    const read = await apps.readNamespacedDeployment({ namespace: 'default', name });
    expect(read.metadata?.uid).toMatch(/^[0-9a-f-]{36}$/);
    expect(read.spec?.strategy).toEqual({
      type: 'RollingUpdate',
      rollingUpdate: { maxSurge: '25%', maxUnavailable: '25%' },
    });
    expect(read.spec?.template.spec?.containers[0]?.imagePullPolicy).toBe('IfNotPresent');
    expect(read.spec?.template.spec?.terminationGracePeriodSeconds).toBe(30);
  });

  it('can be created through the generic client, which asks what there is first', async () => {
    const name = fresh();
    const created = await KubernetesObjectApi.makeApiClient(kubeConfigOf(sandbox)).create({
      ...configMap(name),
      metadata: { name, namespace: 'default' },
    });
    expect(created.metadata?.name).toBe(name);
  });

  it('a name that is taken is a conflict, one that is missing is not found', async () => {
    const name = fresh();
    await http('POST', CONFIG_MAPS, configMap(name));
    expect(await http('POST', CONFIG_MAPS, configMap(name))).toMatchObject({
      code: 409,
      body: { kind: 'Status', reason: 'AlreadyExists' },
    });
    expect(await http('GET', `${CONFIG_MAPS}/nobody`)).toMatchObject({
      code: 404,
      body: { reason: 'NotFound', details: { name: 'nobody' } },
    });
  });

  it('a replace with an old version is a conflict', async () => {
    const name = fresh();
    const first = await http('POST', CONFIG_MAPS, configMap(name));
    await http('PUT', `${CONFIG_MAPS}/${name}`, { ...first.body, data: { a: '1' } });
    expect(await http('PUT', `${CONFIG_MAPS}/${name}`, { ...first.body, data: { a: '2' } })).toMatchObject({
      code: 409,
      body: { reason: 'Conflict' },
    });
  });

  it('a write that changes nothing makes no new version', async () => {
    const name = fresh();
    const first = await http('POST', CONFIG_MAPS, configMap(name, { a: '1' }));
    const second = await http(
      'PATCH',
      `${CONFIG_MAPS}/${name}`,
      { data: { a: '1' } },
      'application/merge-patch+json',
    );
    expect(second.body.metadata.resourceVersion).toBe(first.body.metadata.resourceVersion);
  });

  it('the generation counts changes of the spec only', async () => {
    const name = fresh();
    await http('POST', DEPLOYMENTS, unscheduled(name));
    const labelled = await http(
      'PATCH',
      `${DEPLOYMENTS}/${name}`,
      { metadata: { labels: { a: 'b' } } },
      'application/merge-patch+json',
    );
    const paused = await http(
      'PATCH',
      `${DEPLOYMENTS}/${name}`,
      { spec: { paused: true } },
      'application/merge-patch+json',
    );
    expect([labelled.body.metadata.generation, paused.body.metadata.generation]).toEqual([1, 2]);
  });

  it('a dry run is judged and not stored', async () => {
    const name = fresh();
    expect((await http('POST', `${CONFIG_MAPS}?dryRun=All`, configMap(name))).code).toBe(201);
    expect((await http('GET', `${CONFIG_MAPS}/${name}`)).code).toBe(404);
  });

  it('a main write leaves the status alone, and a status write everything else', async () => {
    const name = fresh();
    const created = await http('POST', DEPLOYMENTS, { ...unscheduled(name), status: { replicas: 7 } });
    expect(created.body.status.replicas).toBeUndefined();
    const patch = { spec: { replicas: 5 }, status: { observedGeneration: 99 } };
    const written = await http(
      'PATCH',
      `${DEPLOYMENTS}/${name}/status`,
      patch,
      'application/merge-patch+json',
    );
    expect(written.body).toMatchObject({ spec: { replicas: 0 }, status: { observedGeneration: 99 } });
  });
});

describe('refusals', () => {
  it('names every field that is wrong', async () => {
    const body = unscheduled(fresh(), { container: { image: '', imagePullPolicy: 'Sometimes' } });
    const { code, body: status } = await http('POST', DEPLOYMENTS, body);
    expect(code).toBe(422);
    expect(status.details.causes.map(({ field }: { field: string }) => field)).toEqual([
      'spec.template.spec.containers[0].imagePullPolicy',
      'spec.template.spec.containers[0].image',
    ]);
  });

  it.each([
    [
      'a selector that does not match the template',
      { deployment: { selector: { matchLabels: { app: 'other' } } } },
      'spec.template.metadata.labels',
    ],
    [
      'a rollout that could never move',
      { deployment: { strategy: { rollingUpdate: { maxSurge: 0, maxUnavailable: 0 } } } },
      'maxUnavailable',
    ],
    [
      'a hook with two handlers',
      { container: { lifecycle: { preStop: { sleep: { seconds: 1 }, exec: { command: ['true'] } } } } },
      'lifecycle.preStop',
    ],
  ])('%s is invalid', async (_, extra, field) => {
    const { code, body } = await http('POST', DEPLOYMENTS, unscheduled(fresh(), extra));
    expect(code).toBe(422);
    expect(body.message).toContain(field);
  });

  it('a selector can not be changed', async () => {
    const name = fresh();
    await http('POST', DEPLOYMENTS, unscheduled(name));
    const patch = {
      spec: {
        selector: { matchLabels: { app: 'web', more: 'x' } },
        template: { metadata: { labels: { more: 'x' } } },
      },
    };
    expect(
      (await http('PATCH', `${DEPLOYMENTS}/${name}`, patch, 'application/merge-patch+json')).body.message,
    ).toContain('field is immutable');
  });

  it('a field nobody knows is dropped with a warning, or refused under strict validation', async () => {
    const body = unscheduled(fresh(), { pod: { terminationGracePeriod: 3 } });
    const lenient = await http('POST', DEPLOYMENTS, body);
    expect(lenient.warning).toContain('unknown field');
    expect(lenient.body.spec.template.spec.terminationGracePeriod).toBeUndefined();
    expect(
      (await http('POST', `${DEPLOYMENTS}?fieldValidation=Strict`, { ...body, metadata: { name: fresh() } }))
        .code,
    ).toBe(400);
  });

  it('an image without a stand-in is refused with the way out', async () => {
    const { code, body } = await http('POST', DEPLOYMENTS, unscheduled(fresh(), { image: 'postgres:16' }));
    expect(code).toBe(501);
    expect(body.message).toContain('use kind');
  });

  it.each([
    [
      'a command it can not read',
      {
        image: 'nginx:1',
        container: { lifecycle: { preStop: { exec: { command: ['sh', '-c', 'ps | grep nginx'] } } } },
      },
    ],
    ['a gRPC probe', { container: { readinessProbe: { grpc: { port: 80 } } } }],
    ['a persistent volume', { pod: { volumes: [{ name: 'v', persistentVolumeClaim: { claimName: 'c' } }] } }],
  ])('%s is refused rather than played wrongly', async (_, extra) => {
    expect((await http('POST', DEPLOYMENTS, unscheduled(fresh(), extra))).body.reason).toBe('NotImplemented');
  });

  it('a kind that is not served says what is', async () => {
    expect(await http('GET', '/apis/batch/v1/namespaces/default/jobs')).toMatchObject({
      code: 404,
      body: { kind: 'Status', message: expect.stringContaining('use kind') },
    });
  });

  it('a node port that is taken is invalid', async () => {
    const created = await http('POST', '/api/v1/namespaces/default/services', {
      ...service(),
      metadata: { name: fresh() },
    });
    const { nodePort } = created.body.spec.ports[0];
    const second = { ...service({ ports: [{ port: 1, nodePort }] }), metadata: { name: fresh() } };
    expect((await http('POST', '/api/v1/namespaces/default/services', second)).body.message).toContain(
      'already allocated',
    );
  });
});

describe('patches', () => {
  it('a JSON patch follows its operations', async () => {
    const name = fresh();
    await http('POST', CONFIG_MAPS, configMap(name, { a: '1', b: '2' }));
    const operations = [
      { op: 'test', path: '/data/a', value: '1' },
      { op: 'remove', path: '/data/b' },
    ];
    const { body } = await http('PATCH', `${CONFIG_MAPS}/${name}`, operations, 'application/json-patch+json');
    expect(body.data).toEqual({ a: '1' });
  });

  it('a strategic merge patch merges containers by name', async () => {
    const name = fresh();
    await apps.createNamespacedDeployment({ namespace: 'default', body: unscheduled(name) });
    const patched = await apps.patchNamespacedDeployment(
      {
        namespace: 'default',
        name,
        body: {
          spec: { template: { spec: { containers: [{ name: 'web', env: [{ name: 'A', value: '1' }] }] } } },
        },
      },
      setHeaderOptions('Content-Type', PatchStrategy.StrategicMergePatch),
    );
    const [container] = patched.spec?.template.spec?.containers ?? [];
    expect(container).toMatchObject({
      name: 'web',
      image: 'rollproof/sample:1',
      env: [{ name: 'A', value: '1' }],
    });
  });

  it('what one manager applied another can not change without force', async () => {
    const name = fresh();
    const apply = (manager: string, value: string, force = false) =>
      http(
        'PATCH',
        `${CONFIG_MAPS}/${name}?fieldManager=${manager}&force=${force}`,
        configMap(name, { a: value }),
        'application/apply-patch+yaml',
      );
    expect((await apply('one', '1')).code).toBe(201);
    expect((await apply('two', '2')).body).toMatchObject({
      code: 409,
      details: { causes: [{ field: '.data.a', message: 'conflict with "one"' }] },
    });
    expect((await apply('two', '2', true)).body.data).toEqual({ a: '2' });
    expect((await apply('one', '3')).body.message).toContain('conflict with "two"');
  });

  it('applying the same again makes no new version', async () => {
    const name = fresh();
    const path = `${DEPLOYMENTS}/${name}?fieldManager=me`;
    const first = await http('PATCH', path, unscheduled(name), 'application/apply-patch+yaml');
    const second = await http('PATCH', path, unscheduled(name), 'application/apply-patch+yaml');
    expect(second.body.spec).toEqual(first.body.spec);
    expect(second.body.metadata.generation).toBe(1);
  });
});

describe('deletion', () => {
  it('waits for the last finalizer', async () => {
    const name = fresh();
    await http('POST', CONFIG_MAPS, { ...configMap(name), metadata: { name, finalizers: ['a/b'] } });
    const deleting = await http('DELETE', `${CONFIG_MAPS}/${name}`);
    expect(deleting.body.metadata.deletionTimestamp).toBeDefined();
    await http(
      'PATCH',
      `${CONFIG_MAPS}/${name}`,
      { metadata: { finalizers: null } },
      'application/merge-patch+json',
    );
    expect((await http('GET', `${CONFIG_MAPS}/${name}`)).code).toBe(404);
  });

  it('does not touch another object of the same name', async () => {
    const name = fresh();
    await http('POST', CONFIG_MAPS, configMap(name));
    expect((await http('DELETE', `${CONFIG_MAPS}/${name}`, { preconditions: { uid: 'other' } })).code).toBe(
      409,
    );
  });
});

describe('watches', () => {
  it('begin where the list ended, and miss nothing in between', async () => {
    const list = await core.listNamespacedConfigMap({ namespace: 'default' });
    const name = fresh();
    await http('POST', CONFIG_MAPS, configMap(name));
    const seen = Promise.withResolvers<string>();
    const watch = new Watch(kubeConfigOf(sandbox));
    const stop = await watch.watch(
      CONFIG_MAPS,
      { resourceVersion: list.metadata?.resourceVersion ?? '' },
      (type, object) => seen.resolve(`${type} ${object.metadata.name}`),
      () => {},
    );
    expect(await seen.promise).toBe(`ADDED ${name}`);
    stop.abort();
  });

  it('an object that leaves the selection is deleted for this watch', async () => {
    const name = fresh();
    await http('POST', CONFIG_MAPS, { ...configMap(name), metadata: { name, labels: { tier: 'a' } } });
    const types: string[] = [];
    const gone = Promise.withResolvers<void>();
    const stop = await new Watch(kubeConfigOf(sandbox)).watch(
      CONFIG_MAPS,
      { labelSelector: 'tier=a' },
      (type) => {
        types.push(type);
        if (type === 'DELETED') gone.resolve();
      },
      () => {},
    );
    await http(
      'PATCH',
      `${CONFIG_MAPS}/${name}`,
      { metadata: { labels: { tier: 'b' } } },
      'application/merge-patch+json',
    );
    await gone.promise;
    stop.abort();
    expect(types).toEqual(['ADDED', 'DELETED']);
  });

  it('from a forgotten version are answered with 410', async () => {
    sandbox.expireWatches();
    expect(await http('GET', `${CONFIG_MAPS}?watch=1&resourceVersion=1`)).toMatchObject({
      code: 410,
      body: { reason: 'Expired' },
    });
  });
});
