import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { TargetKind } from '../../src/model/scenario.ts';
import { findTarget, stillStandsFor } from '../../src/workload/target-address.ts';
import { type FakeKube, startFakeKube } from '../support/fake-kube.ts';

const BASE = '/api/v1/namespaces/own';
const SLICES = '/apis/discovery.k8s.io/v1/namespaces/own/endpointslices';

let fake: FakeKube;

beforeEach(async () => {
  fake = await startFakeKube();
  fake.answer('/api/v1', { resources: [{ name: 'services', kind: 'Service', namespaced: true }] });
  pods(pod('web-5d-a', 'web-5d', 'worker'));
  slices(endpoint('web-5d-a'));
  service({ type: 'NodePort', clusterIP: '10.96.0.9' }, 30_080);
});

afterEach(() => fake[Symbol.asyncDispose]());

const nodes = [
  { name: 'control-plane', address: '172.18.0.2', controlPlane: true, schedulable: false },
  { name: 'worker', address: '172.18.0.3', controlPlane: false, schedulable: true },
];

const find = (target: TargetKind, servicePort = 80) =>
  findTarget({
    cluster: { kubeConfig: fake.kubeConfig, nodes },
    namespace: 'own',
    deployment: 'web',
    service: 'web',
    servicePort,
    target,
    signal: new AbortController().signal,
  });

function pod(
  name: string,
  replicaSet: string,
  node: string,
  port: object = { containerPort: 8080 },
  spec: object = {},
) {
  const hash = replicaSet.split('-').at(-1);
  return {
    metadata: {
      name,
      uid: `uid-${name}`,
      resourceVersion: '1',
      labels: { 'pod-template-hash': hash },
      ownerReferences: [{ kind: 'ReplicaSet', name: replicaSet, uid: `uid-${replicaSet}` }],
    },
    spec: { nodeName: node, containers: [{ name: 'app', ports: [port] }], ...spec },
  };
}

function endpoint(name: string, conditions: object = { ready: true }) {
  return {
    addresses: ['10.244.1.7'],
    nodeName: 'worker',
    conditions,
    targetRef: { kind: 'Pod', name, uid: `uid-${name}` },
  };
}

const pods = (...items: readonly object[]) =>
  fake.answer(`${BASE}/pods`, { metadata: { resourceVersion: '1' }, items });
const slices = (...endpoints: readonly object[]) =>
  fake.answer(SLICES, {
    metadata: { resourceVersion: '1' },
    items: [{ metadata: { name: 's', uid: 's' }, endpoints }],
  });
const service = (spec: object, nodePort?: number, name = 'web') =>
  fake.answer(`${BASE}/services/${name}`, {
    metadata: { name, uid: `uid-${name}`, resourceVersion: '1' },
    spec: {
      selector: { app: 'web' },
      ports: [{ port: 80, targetPort: 8080, ...(nodePort ? { nodePort } : {}) }],
      ...spec,
    },
  });

describe('the address to probe', () => {
  it('for a node port is a worker rather than the control plane', async () => {
    const target = {
      address: '172.18.0.3',
      port: 30_080,
      portName: '',
      service: 'web',
      entryNode: 'worker',
      notes: [],
    };
    expect(await find('node-port')).toEqual({ kind: 'found', target });
  });

  it('for a cluster IP is the IPv4 one of the Service', async () => {
    service({ clusterIPs: ['fd00::9', '10.96.0.9'] });
    expect(await find('cluster-ip')).toMatchObject({ target: { address: '10.96.0.9', port: 80 } });
  });

  it('has the port that the cluster has it on, where its nodes are addresses of this machine', async () => {
    const loopback = {
      runnerAddress: '127.64.0.2',
      portOnHost: (port: number) => port + 1000,
      observeConnections: () => () => {},
    };
    const cluster = { kubeConfig: fake.kubeConfig, nodes, loopback };
    const own = { namespace: 'own', deployment: 'web', service: 'web', servicePort: 80 };
    const { signal } = new AbortController();
    expect(await findTarget({ ...own, cluster, target: 'cluster-ip', signal })).toMatchObject({
      target: { address: '10.96.0.9', port: 1080 },
    });
  });

  it.each([
    ['hostPort', { containerPort: 8080, hostPort: 28_080 }, {}, 28_080],
    ['the host network', { containerPort: 8080 }, { hostNetwork: true }, 8080],
  ])('for a host port is the node of a pod with %s', async (_, port, spec, expected) => {
    pods(pod('web-5d-a', 'web-5d', 'worker', port, spec));
    expect(await find('host-port')).toMatchObject({
      target: { address: '172.18.0.3', port: expected, entryNode: 'worker' },
    });
  });

  it('for the node port of a ClusterIP Service is that of a twin, and the Service is not touched', async () => {
    service({ type: 'ClusterIP', clusterIP: '10.96.0.9' });
    service({ type: 'NodePort' }, 31_000, 'rollproof-web');
    fake.decide(({ method, body }) => (method === 'PATCH' ? { status: 200, body } : undefined));
    expect(await find('node-port')).toMatchObject({
      target: { port: 31_000, service: 'rollproof-web', notes: [expect.stringContaining('twin')] },
    });
    const writes = fake.seen.filter(({ method }) => method !== 'GET');
    expect(writes.map(({ path }) => path)).toEqual([`${BASE}/services/rollproof-web`]);
    expect(writes[0]?.body).toMatchObject({
      spec: { type: 'NodePort', selector: { app: 'web' }, ports: [{ port: 80, targetPort: 8080 }] },
    });
  });

  it.each<[string, boolean, object | undefined]>([
    ['still is that of its twin where the Service is as it was', true, {}],
    ['is outdated where the Service selects other pods now', false, { selector: { app: 'web', v: '2' } }],
    ['is outdated where the Service forwards elsewhere', false, { ports: [{ port: 80, targetPort: 81 }] }],
    ['is outdated where the Service lost its port', false, { ports: [] }],
    ['is outdated where the Service is gone', false, undefined],
  ])('%s', async (_, stands, changed) => {
    fake.decide(({ path }) =>
      changed || path !== `${BASE}/services/web` ? undefined : { status: 404, body: { kind: 'Status' } },
    );
    service({ type: 'ClusterIP', ...changed });
    service({ type: 'NodePort' }, 31_000, 'rollproof-web');
    const { kubeConfig } = fake;
    const { signal } = new AbortController();
    const asked = {
      cluster: { kubeConfig, nodes },
      namespace: 'own',
      service: 'web',
      servicePort: 80,
      signal,
    };
    expect(await stillStandsFor(asked, { service: 'rollproof-web' })).toBe(stands);
    expect(await stillStandsFor(asked, { service: 'web' })).toBe(true);
  });

  it('enters where an endpoint is when the Service takes local traffic only', async () => {
    service({ type: 'NodePort', externalTrafficPolicy: 'Local' }, 30_080);
    slices({ ...endpoint('web-5d-a'), nodeName: 'control-plane' });
    expect(await find('node-port')).toMatchObject({
      target: { entryNode: 'control-plane', notes: [expect.stringContaining('externalTrafficPolicy')] },
    });
  });

  it('is refused where other pods answer as well', async () => {
    pods(pod('web-5d-a', 'web-5d', 'worker'), pod('api-77-b', 'api-77', 'worker'));
    slices(endpoint('web-5d-a'), { ...endpoint('api-77-b'), addresses: ['10.244.1.8'] });
    expect(await find('node-port')).toMatchObject({
      kind: 'foreign-endpoints',
      problem: { code: 'RP1511', what: expect.stringContaining('api-77-b') },
    });
  });

  it('does not mistake a Deployment whose name begins with ours for ours', async () => {
    pods(pod('web-5d-a', 'web-5d', 'worker'), pod('web-admin-77-b', 'web-admin-77', 'worker'));
    slices(endpoint('web-5d-a'), { ...endpoint('web-admin-77-b'), addresses: ['10.244.1.8'] });
    expect((await find('node-port')).kind).toBe('foreign-endpoints');
  });

  it('is refused where endpoints are no pods at all', async () => {
    slices({ addresses: ['192.0.2.1'], conditions: {} });
    expect(await find('node-port')).toMatchObject({ kind: 'foreign-endpoints' });
  });

  it.each([
    ['the selector matches nothing', []],
    ['no pod is ready', [endpoint('web-5d-a', { ready: false })]],
  ])('is refused where %s', async (_, endpoints) => {
    slices(...endpoints);
    expect(await find('node-port')).toMatchObject({ kind: 'no-endpoints', problem: { code: 'RP1510' } });
  });

  it.each([
    ['the Service has no such port', 'node-port', 81, 'RP1513'],
    ['the Service is headless', 'cluster-ip', 80, 'RP1515'],
    ['no pod has a port on its node', 'host-port', 80, 'RP1516'],
  ] as const)('is refused where %s', async (_, target, port, code) => {
    service({ clusterIP: 'None' });
    expect(await find(target, port)).toMatchObject({ kind: 'no-address', problem: { code } });
  });
});
