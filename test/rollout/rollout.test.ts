import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { BadInputError } from '../../src/model/problem.ts';
import type { RecordingEntry } from '../../src/model/recording.ts';
import type { Update } from '../../src/model/scenario.ts';
import { type Observation, observe } from '../../src/rollout/observe.ts';
import { type RolloutOptions, runRollout } from '../../src/rollout/rollout.ts';
import { event, type FakeKube, refusal, startFakeKube } from '../support/fake-kube.ts';

const DEPLOYMENTS = '/apis/apps/v1/namespaces/own/deployments';
const REPLICA_SETS = '/apis/apps/v1/namespaces/own/replicasets';
const PODS = '/api/v1/namespaces/own/pods';
const EVENTS = '/api/v1/namespaces/own/events';

let fake: FakeKube;
let entries: RecordingEntry[];
let observation: Observation;

beforeEach(async () => {
  fake = await startFakeKube();
  entries = [];
  for (const path of [EVENTS, '/apis/discovery.k8s.io/v1/namespaces/own/endpointslices', '/api/v1/nodes']) {
    fake.answer(path, list([]));
  }
  for (const namespace of ['kube-system', 'kube-flannel', 'calico-system']) {
    fake.answer(`/api/v1/namespaces/${namespace}/pods`, list([]));
  }
  serve(deployment(1), [pod('old')]);
});

afterEach(async () => {
  await observation[Symbol.asyncDispose]();
  await fake[Symbol.asyncDispose]();
});

let version = 10;
const meta = (name: string, more: object = {}) => ({
  name,
  uid: `uid-${name}`,
  resourceVersion: String(++version),
  ...more,
});
const list = (items: readonly object[]) => ({ metadata: { resourceVersion: String(++version) }, items });

function deployment(generation: number, spec: object = {}) {
  const annotations = { 'deployment.kubernetes.io/revision': String(generation) };
  return {
    metadata: meta('web', { generation, annotations }),
    spec: {
      replicas: 1,
      selector: { matchLabels: { app: 'web' } },
      template: {
        metadata: { labels: { generation: String(generation) } },
        spec: { containers: [{ name: 'app' }] },
      },
      ...spec,
    },
    status: {
      observedGeneration: generation,
      replicas: 1,
      updatedReplicas: 1,
      readyReplicas: 1,
      availableReplicas: 1,
    },
  };
}

function pod(hash: string) {
  return {
    metadata: meta(`web-${hash}-x`, {
      labels: { 'pod-template-hash': hash },
      ownerReferences: [{ kind: 'ReplicaSet', name: `web-${hash}`, uid: `uid-web-${hash}` }],
    }),
    spec: { nodeName: 'worker', containers: [] },
    status: { phase: 'Running', conditions: [{ type: 'Ready', status: 'True' }] },
  };
}

function replicaSet(hash: string, revision: number) {
  return {
    metadata: meta(`web-${hash}`, {
      annotations: { 'deployment.kubernetes.io/revision': String(revision) },
      labels: { 'pod-template-hash': hash },
      ownerReferences: [{ kind: 'Deployment', name: 'web', uid: 'uid-web' }],
    }),
  };
}

/** What LIST and GET show from now on. */
function serve(live: ReturnType<typeof deployment>, pods: readonly object[]): void {
  fake.answer(DEPLOYMENTS, list([live]));
  fake.answer(`${DEPLOYMENTS}/web`, live);
  fake.answer(REPLICA_SETS, list([replicaSet('old', 1), replicaSet('new', 2)]));
  fake.answer(PODS, list(pods));
}

async function roll(update: Update, more: Partial<RolloutOptions> = {}) {
  const emit = (entry: RecordingEntry) => entries.push(entry);
  const clock = () => performance.now();
  const kubeConfig = fake.kubeConfig;
  const cluster: RolloutOptions['cluster'] = {
    kubeConfig,
    provider: 'kind',
    nodes: [],
    kubeconfigPath: '/nowhere/kubeconfig',
  };
  // Silence is what makes this observation look again: the scripts of the watches are empty.
  observation = await observe({
    kubeConfig,
    namespace: 'own',
    deployment: 'web',
    service: 'web',
    clock,
    emit,
    silenceMs: 50,
  });
  return await runRollout({
    cluster,
    namespace: 'own',
    scenario: { deployment: 'web', update, rolloutDeadlineMs: 10_000 },
    observation,
    updatedObjects: [],
    applyObjects: () => Promise.resolve(),
    workingDirectory: '.',
    clock,
    emit,
    progress: () => {},
    signal: new AbortController().signal,
    ...more,
  });
}

/** A PATCH of the Deployment is answered with its next generation, and `then` changes the world. */
function onPatch(then: () => void): void {
  fake.decide(({ method }) => {
    if (method !== 'PATCH') return undefined;
    then();
    return { status: 200, body: deployment(2) };
  });
}

const marks = () => entries.flatMap((entry) => (entry.kind === 'mark' ? [entry.mark] : []));
const writes = () => fake.seen.filter(({ method }) => method !== 'GET');

describe('a rollout', () => {
  it('is completed when the Deployment says so and the server lists no old pod any more', async () => {
    onPatch(() => serve(deployment(2), [pod('new')]));
    expect(await roll({ kind: 'restart' })).toMatchObject({ outcome: 'completed' });
    expect(marks()).toEqual(['update-triggered', 'rollout-complete', 'old-pods-gone']);
    expect(entries.find(({ kind }) => kind === 'workload-before')).toMatchObject({
      generation: 1,
      templateHash: 'old',
    });
    expect(entries.find(({ kind }) => kind === 'workload-after')).toMatchObject({
      generation: 2,
      templateHash: 'new',
    });
    expect(entries.at(-1)).toMatchObject({ kind: 'rollout-end', outcome: 'completed' });
  });

  it('is not over while an old pod is terminating', async () => {
    const old = pod('old');
    const ending = { ...old, metadata: { ...old.metadata, deletionTimestamp: '2026-11-20T10:00:00Z' } };
    onPatch(() => serve(deployment(2), [ending, pod('new')]));
    expect(
      await roll(
        { kind: 'restart' },
        { scenario: { deployment: 'web', update: { kind: 'restart' }, rolloutDeadlineMs: 600 } },
      ),
    ).toMatchObject({
      outcome: 'timed-out',
      detail: expect.stringContaining('old pods to be gone'),
    });
    expect(marks()).toEqual(['update-triggered', 'rollout-complete']);
  });

  it('that writes the same template again has replaced nothing', async () => {
    expect(await roll({ kind: 'apply', from: 'new.yaml' })).toMatchObject({ outcome: 'nothing-replaced' });
  });

  it('of a paused Deployment is not even begun', async () => {
    serve(deployment(1, { paused: true }), [pod('old')]);
    expect(await roll({ kind: 'restart' })).toMatchObject({ outcome: 'paused' });
    expect(writes()).toEqual([]);
    expect(marks()).toEqual([]);
  });

  it('that the server refuses is rejected, with its words', async () => {
    fake.decide(({ method }) =>
      method === 'PATCH' ? refusal(422, 'Invalid', 'spec is invalid') : undefined,
    );
    expect(await roll({ kind: 'restart' })).toMatchObject({
      outcome: 'update-rejected',
      detail: 'spec is invalid',
    });
  });

  it('whose objects are refused is rejected, with their place', async () => {
    const problem = {
      code: 'RP1503',
      what: 'refused',
      where: 'new.yaml:3:1',
      why: 'because',
      remedy: 'mend it',
    };
    const applyObjects = () => Promise.reject(new BadInputError([problem]));
    expect(await roll({ kind: 'apply', from: 'new.yaml' }, { applyObjects })).toMatchObject({
      outcome: 'update-rejected',
      detail: 'new.yaml:3:1 refused because',
    });
  });

  it('by a command gives it the cluster and the namespace, and tells what it prints', async () => {
    const told: string[] = [];
    const command = 'echo "$KUBECONFIG $ROLLPROOF_NAMESPACE"; echo broken >&2; exit 7';
    const end = await roll({ kind: 'command', command }, { progress: (line) => told.push(line) });
    expect(end).toMatchObject({
      outcome: 'command-failed',
      detail: expect.stringMatching(/exit code 7: .*broken/s),
    });
    expect(told).toEqual(expect.arrayContaining(['/nowhere/kubeconfig own', 'broken']));
  });

  it('changed by somebody else meanwhile is no measurement', async () => {
    onPatch(() => serve(deployment(3, { replicas: 4 }), [pod('old')]));
    expect(await roll({ kind: 'restart' })).toMatchObject({
      outcome: 'foreign-change',
      detail: expect.stringContaining('replicas went from 1 to 4'),
    });
  });

  it('ends as cancelled when it is told to stop', async () => {
    const stop = new AbortController();
    onPatch(() => stop.abort());
    expect(await roll({ kind: 'restart' }, { signal: stop.signal })).toMatchObject({ outcome: 'cancelled' });
  });

  it('fails loudly when the pods can not be watched any more', async () => {
    onPatch(() => {
      serve(deployment(2), [pod('old')]);
      fake.decide(({ path }) => (path === PODS ? refusal(403, 'Forbidden', 'pods is forbidden') : undefined));
    });
    const scenario = { deployment: 'web', update: { kind: 'restart' }, rolloutDeadlineMs: 600_000 } as const;
    await expect(roll(scenario.update, { scenario })).rejects.toThrow('pods is forbidden');
  });
});

describe('the observation of a rollout', () => {
  it('notes an interrupted watch and goes on from the truth', async () => {
    fake.watch(PODS, { send: [event('ERROR', { code: 410, message: 'too old' })], ending: 'silence' });
    onPatch(() => serve(deployment(2), [pod('new')]));
    await roll({ kind: 'restart' });
    expect(entries).toContainEqual(
      expect.objectContaining({
        kind: 'note',
        subject: 'watch-relisted',
        text: expect.stringContaining('too old'),
      }),
    );
    expect(entries).toContainEqual(
      expect.objectContaining({ kind: 'pod', change: 'deleted', name: 'web-old-x' }),
    );
  });

  it('tells the events about the workload that come after its beginning, and no others', async () => {
    const about = (kind: string, name: string, reason: string) => ({
      metadata: meta(`event-${reason}`),
      involvedObject: { kind, name },
      type: 'Normal',
      reason,
      message: 'told',
    });
    fake.answer(EVENTS, list([about('Pod', 'web-old-x', 'Past')]));
    const send = [
      about('Pod', 'web-old-x', 'Killing'),
      about('Pod', 'api-x', 'Foreign'),
      about('Node', 'worker', 'Other'),
    ];
    fake.watch(EVENTS, { send: send.map((object) => event('ADDED', object)), ending: 'silence' });
    onPatch(() => serve(deployment(2), [pod('new')]));
    await roll({ kind: 'restart' });
    expect(entries.flatMap((entry) => (entry.kind === 'event' ? [entry.reason] : []))).toEqual(['Killing']);
  });

  it('warns of infrastructure that was restarted and of nodes that fell ill', async () => {
    const proxy = (restartCount: number) => ({
      metadata: { ...meta('kube-proxy-1') },
      status: { containerStatuses: [{ name: 'kube-proxy', restartCount }] },
    });
    const node = (ready: string) => ({
      metadata: meta('worker'),
      status: { conditions: [{ type: 'Ready', status: ready }] },
    });
    fake.answer('/api/v1/namespaces/kube-system/pods', list([proxy(0)]));
    fake.answer('/api/v1/nodes', list([node('True')]));
    fake.watch('/api/v1/namespaces/kube-system/pods', {
      send: [event('MODIFIED', proxy(1))],
      ending: 'silence',
    });
    fake.watch('/api/v1/nodes', { send: [event('MODIFIED', node('Unknown'))], ending: 'silence' });
    onPatch(() => serve(deployment(2), [pod('new')]));
    await roll({ kind: 'restart' });
    const warnings = entries.flatMap((entry) =>
      entry.kind === 'note' && entry.level === 'warning' ? [entry.text] : [],
    );
    expect(warnings.toSorted()).toEqual([
      'a container of pod kube-system/kube-proxy-1 was restarted',
      'node worker went from Ready to Ready=Unknown',
    ]);
  });
});
