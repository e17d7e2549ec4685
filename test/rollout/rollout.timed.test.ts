import { describe, expect } from 'vitest';
import { DEPLOYMENTS, EVENTS, PODS, SERVICES } from '../../src/cluster/sandbox/api/resources.ts';
import type { PartialSandboxOptions, Sandbox } from '../../src/cluster/sandbox/sandbox.ts';
import { BadInputError } from '../../src/model/problem.ts';
import type { RecordingEntry } from '../../src/model/recording.ts';
import type { Update } from '../../src/model/scenario.ts';
import { observe } from '../../src/rollout/observe.ts';
import type { RolloutOptions } from '../../src/rollout/rollout.ts';
import {
  deployment,
  kubeConfigOf,
  onceUpdated,
  QUICK,
  READY_PROBE,
  service,
  testWithSandboxes,
  until,
  untilTrue,
} from '../cluster/sandbox/quick-sandbox.ts';
import { refusal, startFakeKube } from '../support/fake-kube.ts';
import { rollOnSandbox } from '../support/roll-on-sandbox.ts';

/** A watch that is silent for this long is not believed: where watches are told nothing, time is lost with it. */
const SILENCE_MS = 1_000;
const SHORT_SILENCE_MS = 100;
const LONG_SILENCE_MS = 60_000;
const WRITER = { manager: 'test' };
const RESTART: Update = { kind: 'restart' };

const clock = () => performance.now();
const NEVER = new AbortController().signal;

/** A sandbox on which the Deployment is available, what is observed of it, and what the tests do to it. */
async function stageOn(sandbox: Sandbox, spec: Parameters<typeof deployment>[0], silenceMs: number) {
  const { api } = sandbox;
  const container = { ...READY_PROBE, ...spec.container };
  api.create(DEPLOYMENTS, 'default', deployment({ ...spec, container }), WRITER);
  api.create(SERVICES, 'default', service(), WRITER);
  await until(sandbox, DEPLOYMENTS, ({ status }) => status?.availableReplicas === (spec.replicas ?? 1));
  const entries: RecordingEntry[] = [];
  const emit = (entry: RecordingEntry) => void entries.push(entry);
  const kubeConfig = kubeConfigOf(sandbox);
  const observation = await observe({
    ...{ kubeConfig, namespace: 'default', deployment: 'web', service: 'web', clock, emit },
    silenceMs,
    mayHoldPods: true,
  });
  const pods = () => api.store.list(PODS, 'default');
  return {
    ...{ sandbox, observation, entries, emit, pods },
    podNames: () => pods().map(({ metadata }) => metadata.name),
    marks: () => entries.flatMap((entry) => (entry.kind === 'mark' ? [entry.mark] : [])),
    notes: (subject: string) =>
      entries.flatMap((entry) => (entry.kind === 'note' && entry.subject === subject ? [entry.text] : [])),
    onceTriggered: (then: () => void) => onceUpdated(sandbox, 'web', then),
    roll: (update: Update, more: Partial<RolloutOptions> = {}, rolloutDeadlineMs = 10_000) =>
      rollOnSandbox(sandbox, {
        namespace: 'default',
        scenario: { deployment: 'web', update, rolloutDeadlineMs },
        ...{ observation, clock, emit, ...more },
      }),
  };
}

/** `serve` sets the stage; what observes it ends before the sandbox does. */
const it = testWithSandboxes.extend('serve', ({ startSandbox }, { onCleanup }) => {
  const stages = new AsyncDisposableStack();
  onCleanup(() => stages.disposeAsync());
  return async (
    options: PartialSandboxOptions = {},
    spec: Parameters<typeof deployment>[0] = {},
    silenceMs = SILENCE_MS,
  ) => {
    const stage = await stageOn(await startSandbox(options), spec, silenceMs);
    stages.use(stage.observation);
    return stage;
  };
});

describe.concurrent('a rollout', () => {
  it('is completed when the Deployment says so and the server lists no old pod any more', async ({
    serve,
  }) => {
    const { entries, podNames, marks, roll } = await serve();
    const [old = ''] = podNames();
    expect(await roll(RESTART)).toMatchObject({ outcome: 'completed' });
    expect(marks()).toEqual(['update-triggered', 'rollout-complete', 'old-pods-gone']);
    const [before, after] = ['workload-before', 'workload-after'].map((kind) =>
      entries.find((entry) => entry.kind === kind),
    );
    expect(before).toMatchObject({ generation: 1, pods: [{ name: old }] });
    expect(after).toMatchObject({ generation: 2, pods: [{ name: podNames()[0] }] });
    expect(podNames()).not.toContain(old);
    expect(entries).toContainEqual(expect.objectContaining({ kind: 'pod', change: 'deleted', name: old }));
    expect(entries.at(-1)).toMatchObject({ kind: 'rollout-end', outcome: 'completed' });
  });

  it('is not over while an old pod is terminating', async ({ serve }) => {
    const { sandbox, emit, pods, marks, roll } = await serve(
      {},
      { container: { lifecycle: { preStop: { sleep: { seconds: 25 } } } } },
    );
    const stop = new AbortController();
    const end = await roll(RESTART, {
      signal: stop.signal,
      emit(entry) {
        emit(entry);
        const complete = entry.kind === 'mark' && entry.mark === 'rollout-complete';
        // More than it takes to look again.
        if (complete) sandbox.clock.after(400, () => stop.abort());
      },
    });
    expect(end.outcome).toBe('cancelled');
    expect(pods().filter(({ metadata }) => metadata.deletionTimestamp)).toHaveLength(1);
    expect(marks()).toEqual(['update-triggered', 'rollout-complete']);
  });

  it('says that it waits for old pods to be gone while one is terminating', async ({ serve }) => {
    const { roll } = await serve({}, { container: { lifecycle: { preStop: { sleep: { seconds: 25 } } } } });
    const stop = new AbortController();
    const end = await roll(RESTART, {
      signal: stop.signal,
      progress(line) {
        if (line === 'waiting for old pods to be gone') stop.abort();
      },
    });
    expect(end.outcome).toBe('cancelled');
  });

  it('on a kubelet that is slow is over at its deadline, and not complete', async ({ serve }) => {
    const { marks, roll } = await serve({ kubelet: { ...QUICK.kubelet, podSetupMs: 1_000 } });
    expect(await roll(RESTART, {}, 500)).toMatchObject({ outcome: 'timed-out' });
    expect(marks()).toEqual(['update-triggered']);
  });

  it('that writes the same template again has replaced nothing', async ({ serve }) => {
    const { roll } = await serve();
    expect(await roll({ kind: 'apply', from: 'new.yaml' })).toMatchObject({ outcome: 'nothing-replaced' });
  });

  it('of a paused Deployment is not even begun', async ({ serve }) => {
    const { sandbox, marks, roll } = await serve();
    sandbox.api.update({ resource: DEPLOYMENTS, namespace: 'default', name: 'web' }, (draft) => {
      draft.spec.paused = true;
    });
    expect(await roll(RESTART)).toMatchObject({ outcome: 'paused' });
    expect(marks()).toEqual([]);
    expect(sandbox.api.store.list(DEPLOYMENTS)[0]?.spec.template.metadata?.annotations).toBeUndefined();
  });

  it('that the server refuses is rejected, with its words', async ({ serve }) => {
    const { roll } = await serve();
    expect(await roll({ kind: 'image', container: 'web', image: 'shop/web:2' })).toMatchObject({
      outcome: 'update-rejected',
      detail: expect.stringContaining('shop/web:2'),
    });
  });

  it('whose objects are refused is rejected, with their place', async ({ serve }) => {
    const { roll } = await serve();
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

  it('by a command gives it the cluster and the namespace, and tells what it prints', async ({ serve }) => {
    const { roll } = await serve();
    const told: string[] = [];
    const command = 'echo "$KUBECONFIG $ROLLPROOF_NAMESPACE"; echo broken >&2; exit 7';
    const end = await roll({ kind: 'command', command }, { progress: (line) => told.push(line) });
    expect(end).toMatchObject({
      outcome: 'command-failed',
      detail: expect.stringMatching(/exit code 7: .*broken/s),
    });
    expect(told).toEqual(expect.arrayContaining(['/nowhere/kubeconfig default', 'broken']));
  });

  it('changed by somebody else meanwhile is no measurement', async ({ serve }) => {
    const { sandbox, onceTriggered, roll } = await serve();
    onceTriggered(() =>
      sandbox.api.update({ resource: DEPLOYMENTS, namespace: 'default', name: 'web' }, (draft) => {
        draft.spec.replicas = 4;
      }),
    );
    expect(await roll(RESTART)).toMatchObject({
      outcome: 'foreign-change',
      detail: expect.stringContaining('replicas went from 1 to 4'),
    });
  });

  it('ends as cancelled when it is told to stop', async ({ serve }) => {
    const { onceTriggered, roll } = await serve();
    const stop = new AbortController();
    onceTriggered(() => stop.abort());
    expect(await roll(RESTART, { signal: stop.signal })).toMatchObject({ outcome: 'cancelled' });
  });
});

describe.concurrent('the observation of a rollout', () => {
  const COMPLETED = { outcome: 'completed' };
  const DELETED = { kind: 'pod', change: 'deleted' };

  it('notes an interrupted watch and goes on from the truth', async ({ serve }) => {
    // No busy machine makes this one distrust a watch by itself, just before it is interrupted.
    const { sandbox, entries, podNames, notes, onceTriggered, roll } = await serve({}, {}, LONG_SILENCE_MS);
    const [old] = podNames();
    onceTriggered(() => sandbox.expireWatches());
    expect(await roll(RESTART)).toMatchObject(COMPLETED);
    expect(notes('watch-relisted').join()).toContain('too old');
    expect(entries).toContainEqual(expect.objectContaining({ ...DELETED, name: old }));
  });

  it.for([
    ['late', { kind: 'delay', ms: 60 }],
    ['never', { kind: 'drop', probability: 1 }],
    ['only every other time', { kind: 'drop', probability: 0.5 }],
    ['in another order', { kind: 'reorder', probability: 0.5 }],
  ] as const)(
    'of which the server tells %s sees the end of every old pod all the same',
    async ([, fault], { serve }) => {
      const { sandbox, entries, podNames, marks, roll } = await serve({}, { replicas: 2 }, SHORT_SILENCE_MS);
      const old = podNames();
      sandbox.disturbWatches(fault);
      expect(await roll(RESTART)).toMatchObject(COMPLETED);
      for (const name of old) expect(entries).toContainEqual(expect.objectContaining({ ...DELETED, name }));
      expect(marks()).toEqual(['update-triggered', 'rollout-complete', 'old-pods-gone']);
    },
  );

  it('outlasts an API server that is away for a while', async ({ serve }) => {
    const { sandbox, entries, podNames, onceTriggered, roll } = await serve();
    const [old] = podNames();
    let backMs = Number.POSITIVE_INFINITY;
    onceTriggered(() => {
      const end = sandbox.apiOutage();
      sandbox.clock.after(300, () => {
        backMs = clock();
        end();
      });
    });
    expect(await roll(RESTART)).toMatchObject(COMPLETED);
    const complete = entries.find((entry) => entry.kind === 'mark' && entry.mark === 'rollout-complete');
    expect(complete).toHaveProperty(
      'atMs',
      expect.toSatisfy((atMs: number) => atMs > backMs),
    );
    expect(entries).toContainEqual(expect.objectContaining({ ...DELETED, name: old }));
  });

  it('keeps its own time when the clock of the cluster jumps', async ({ serve }) => {
    const { sandbox, entries, onceTriggered, roll } = await serve();
    const beganMs = clock();
    onceTriggered(() => sandbox.jumpClock(-3_600_000));
    expect(await roll(RESTART)).toMatchObject(COMPLETED);
    const instants = entries.flatMap((entry) => ('atMs' in entry ? [entry.atMs] : []));
    expect(instants).toEqual(instants.toSorted((one, other) => one - other));
    expect(instants.at(-1)).toBeLessThanOrEqual(clock());
    expect(instants.filter((atMs) => atMs > beganMs).length).toBeGreaterThan(10);
  });

  it('warns of a node that is gone', async ({ serve }) => {
    const { sandbox, observation, notes, onceTriggered, roll } = await serve({ nodeGraceMs: 1 });
    onceTriggered(() => sandbox.removeNode('sandbox-worker'));
    await roll(RESTART, {}, 500);
    while (notes('node-condition').length === 0) await observation.nextFact(500, NEVER);
    expect(notes('node-condition')).toEqual(['node sandbox-worker went from Ready to Ready=Unknown']);
  });

  it('warns of infrastructure that was restarted', async ({ serve }) => {
    const { sandbox, observation, notes, roll } = await serve();
    const container = {
      name: 'proxy',
      image: 'rollproof/sample:1',
      args: ['--no-server', '--end-after=300'],
    };
    const pod = { metadata: { name: 'kube-proxy-1' }, spec: { containers: [container] } };
    sandbox.api.create(PODS, 'kube-system', pod, WRITER);
    const restarts = () =>
      sandbox.api.find(PODS, 'kube-system', 'kube-proxy-1')?.status?.containerStatuses?.[0]?.restartCount ??
      0;
    const command = 'true';
    await Promise.all([untilTrue(sandbox, () => restarts() > 0), roll({ kind: 'command', command })]);
    while (notes('infrastructure-restart').length === 0) await observation.nextFact(500, NEVER);
    expect(notes('infrastructure-restart')).toContain(
      'a container of pod kube-system/kube-proxy-1 was restarted',
    );
  });

  it('tells the events about the workload that come after its beginning, and no others', async ({
    serve,
  }) => {
    const { sandbox, entries, roll } = await serve();
    const past = sandbox.api.store.list(EVENTS, 'default').map(({ metadata }) => metadata.name);
    expect(past.length).toBeGreaterThan(0);
    const foreign = { involvedObject: { kind: 'Node', name: 'worker' }, type: 'Normal', reason: 'Foreign' };
    sandbox.api.create(
      EVENTS,
      'default',
      { metadata: { name: 'foreign' }, ...foreign, message: 'x' },
      WRITER,
    );
    await roll(RESTART);
    const told = entries.flatMap((entry) => (entry.kind === 'event' ? [entry.reason] : []));
    expect(told).toContain('Killing');
    expect(told).not.toContain('Foreign');
    const seen = sandbox.api.store
      .list(EVENTS, 'default')
      .filter(({ metadata }) => !past.includes(metadata.name));
    expect(told.length).toBeLessThanOrEqual(seen.length);
  });

  // The sandbox forbids nothing to anybody.
  it('that may not list the pods does not begin', async () => {
    await using fake = await startFakeKube();
    fake.decide(({ path }) =>
      path.endsWith('/pods')
        ? refusal(403, 'Forbidden', 'pods is forbidden')
        : { status: 200, body: { metadata: { resourceVersion: '1' }, items: [] } },
    );
    const { kubeConfig } = fake;
    const place = { kubeConfig, namespace: 'own', deployment: 'web', service: 'web' };
    await expect(observe({ ...place, clock, emit() {} })).rejects.toThrow('pods is forbidden');
  });
});
