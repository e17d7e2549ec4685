import { describe, expect, vi } from 'vitest';
import {
  DEPLOYMENTS,
  NAMESPACES,
  PODS,
  REPLICA_SETS,
  SERVICES,
} from '../../src/cluster/sandbox/api/resources.ts';
import type { Sandbox } from '../../src/cluster/sandbox/sandbox.ts';
import { EXIT_CODE_FINALIZER } from '../../src/model/our-objects.ts';
import type { PodFact, RecordingEntry } from '../../src/model/recording.ts';
import { endpointsFact } from '../../src/platform/kube-facts.ts';
import type { KubeEndpointSlice, KubePod } from '../../src/platform/kube-objects.ts';
import { type KubeWatch, watchKube } from '../../src/platform/kube-watch.ts';
import { ExitCodeKeeper, mayHoldPods } from '../../src/rollout/exit-code-keeper.ts';
import { observe } from '../../src/rollout/observe.ts';
import { removeNamespace } from '../../src/workload/namespace.ts';
import {
  deployment,
  kubeConfigOf,
  onceUpdated,
  READY_PROBE,
  service,
  testWithSandboxes,
  until,
  untilTrue,
} from '../cluster/sandbox/quick-sandbox.ts';
import { rollOnSandbox } from '../support/roll-on-sandbox.ts';

const SHOP = 'shop';
const THEIRS = 'example.com/theirs';
const WRITER = { manager: 'test' };
const BY_FORCE = { gracePeriodSeconds: 0 };
const LINGERS = { lifecycle: { preStop: { sleep: { seconds: 25 } } } };
/** Nobody but its own code knows this one. */
const ENDS_WITH_3 = { args: ['--exit-code=3'] };

const clock = () => performance.now();
const podsOf = (sandbox: Sandbox) => sandbox.api.store.list(PODS, SHOP);
const finalizersOf = (sandbox: Sandbox) =>
  podsOf(sandbox).flatMap(({ metadata }) => metadata.finalizers ?? []);
const deleteByForce = (sandbox: Sandbox, name: string) =>
  sandbox.api.delete({ resource: PODS, namespace: SHOP, name }, BY_FORCE);
const setFinalizers = (sandbox: Sandbox, name: string, finalizers: string[]) =>
  sandbox.api.update({ resource: PODS, namespace: SHOP, name }, (draft) => {
    draft.metadata.finalizers = finalizers;
  });

/** Two pods of a Deployment in a namespace of their own. */
async function serve(sandbox: Sandbox, container: object = {}): Promise<readonly string[]> {
  const { api } = sandbox;
  api.create(NAMESPACES, '', { metadata: { name: SHOP } }, WRITER);
  const web = deployment({ replicas: 2, container: { ...READY_PROBE, ...container } });
  api.create(DEPLOYMENTS, SHOP, { ...web, metadata: { name: 'web', namespace: SHOP } }, WRITER);
  api.create(SERVICES, SHOP, { ...service(), metadata: { name: 'web', namespace: SHOP } }, WRITER);
  await until(sandbox, DEPLOYMENTS, ({ status }) => status?.availableReplicas === 2);
  return podsOf(sandbox).map(({ metadata }) => metadata.name);
}

/** Restarts the Deployment while it is observed. */
async function restart(
  sandbox: Sandbox,
  options: {
    readonly mayHoldPods: boolean;
    readonly signal?: AbortSignal;
    readonly deadlineMs?: number;
    see?(entry: RecordingEntry): void;
  },
) {
  const entries: RecordingEntry[] = [];
  const emit = (entry: RecordingEntry) => {
    entries.push(entry);
    options.see?.(entry);
  };
  const kubeConfig = kubeConfigOf(sandbox);
  const place = { kubeConfig, namespace: SHOP, deployment: 'web', service: 'web' };
  await using observation = await observe({ ...place, clock, emit, mayHoldPods: options.mayHoldPods });
  const end = await rollOnSandbox(sandbox, {
    namespace: SHOP,
    scenario: {
      deployment: 'web',
      update: { kind: 'restart' },
      rolloutDeadlineMs: options.deadlineMs ?? 15_000,
    },
    ...{ observation, clock, emit },
    ...(options.signal && { signal: options.signal }),
  });
  return {
    ...{ end, entries },
    factsOf: (name: string) =>
      entries.filter((entry): entry is PodFact => entry.kind === 'pod' && entry.name === name),
    notes: notesIn(entries),
  };
}

const notesIn = (entries: readonly RecordingEntry[]) =>
  entries.flatMap((entry) =>
    entry.kind === 'note' && entry.subject === 'exit-codes-kept' ? [entry.text] : [],
  );

/** The keeper of a namespace, told by watches what becomes of its pods and of the Service's endpoints. */
async function keep(
  sandbox: Sandbox,
  options: { readonly patienceMs?: number; readonly limitMs?: number } = {},
) {
  const entries: RecordingEntry[] = [];
  const kubeConfig = kubeConfigOf(sandbox);
  const emit = (entry: RecordingEntry) => void entries.push(entry);
  const keeper = new ExitCodeKeeper({ kubeConfig, namespace: SHOP, clock, emit, ...options });
  const stop = new AbortController();
  const listed: KubePod[] = [];
  const gone = new Map<string, KubePod>();
  const common = { kubeConfig, signal: stop.signal, silenceMs: 300 };
  const watches: readonly KubeWatch[] = [
    watchKube<KubePod>({
      ...{ ...common, path: `/api/v1/namespaces/${SHOP}/pods` },
      onChange(change, pod) {
        if (change === 'listed') listed.push(pod);
        if (change === 'deleted') gone.set(pod.metadata.name, pod);
        keeper.see(change, pod);
      },
    }),
    watchKube<KubeEndpointSlice>({
      ...{ ...common, path: `/apis/discovery.k8s.io/v1/namespaces/${SHOP}/endpointslices` },
      onChange: (change, slice) => keeper.seeEndpoints({ ...endpointsFact(slice), change, atMs: clock() }),
    }),
  ];
  await Promise.all(watches.map((watch) => watch.listed));
  return {
    ...{ keeper, kubeConfig, listed },
    notes: () => notesIn(entries),
    /** Its exit code as its object told it last, once that is gone. */
    async exitCodeOf(name: string): Promise<number | undefined> {
      // Not `expect.poll`: with others beside it, that does not know which test it belongs to.
      await vi.waitFor(() => expect(gone.keys().toArray()).toContain(name), { timeout: 10_000 });
      return gone.get(name)?.status?.containerStatuses?.[0]?.state?.terminated?.exitCode;
    },
    async [Symbol.asyncDispose]() {
      await keeper[Symbol.asyncDispose]();
      stop.abort();
      await Promise.all(watches.map((watch) => watch.ended));
    },
  };
}

const signal = new AbortController().signal;
const it = testWithSandboxes;

describe.concurrent('pods that an update replaces', () => {
  it.for([
    ['kind', 'TCP', true],
    ['sandbox', 'TCP', true],
    ['existing', 'TCP', false],
    // A node forgets where datagrams of one port go only when the endpoint is gone.
    ['kind', 'UDP', false],
  ] as const)(
    'on a cluster of the provider %s that is asked over %s may be held: %s',
    ([provider, carrier, may]) => {
      expect(mayHoldPods({ provider, carrier })).toBe(may);
    },
  );

  it('are held before it, each until it has told its end, and none after it', async ({ startSandbox }) => {
    const sandbox = await startSandbox();
    const old = await serve(sandbox);
    let atUpdate: readonly (readonly string[] | undefined)[] = [];
    onceUpdated(sandbox, 'web', () => {
      atUpdate = podsOf(sandbox).map(({ metadata }) => metadata.finalizers);
    });
    const { end, factsOf, entries, notes } = await restart(sandbox, { mayHoldPods: true });
    expect(end.outcome).toBe('completed');
    expect(atUpdate).toEqual([[EXIT_CODE_FINALIZER], [EXIT_CODE_FINALIZER]]);
    expect(notes).toEqual([`finalizer ${EXIT_CODE_FINALIZER} put on 2 of 2 pods`]);
    for (const name of old) {
      const facts = factsOf(name);
      const lastHeld = facts.findLast(({ held }) => held);
      expect(lastHeld).toMatchObject({ containers: [{ state: 'terminated', exitCode: 0 }] });
      expect(facts.at(-1)).toMatchObject({ change: 'deleted' });
    }
    const others = entries.filter((entry) => entry.kind === 'pod' && !old.includes(entry.name));
    expect(others.filter((entry) => 'held' in entry)).toEqual([]);
    expect(finalizersOf(sandbox)).toEqual([]);
  });

  it.for([
    ['tells how it ended', true, 3],
    ['takes that with it where pods may not be held', false, undefined],
  ] as const)('one of them deleted by force: it %s', async ([, mayHoldPods, exitCode], { startSandbox }) => {
    const sandbox = await startSandbox();
    const [name = ''] = await serve(sandbox, { ...LINGERS, ...ENDS_WITH_3 });
    const stop = new AbortController();
    onceUpdated(sandbox, 'web', () => deleteByForce(sandbox, name));
    const { factsOf } = await restart(sandbox, {
      ...{ mayHoldPods, signal: stop.signal },
      see(entry) {
        if (entry.kind === 'pod' && entry.name === name && entry.change === 'deleted') stop.abort();
      },
    });
    expect(factsOf(name).at(-1)?.containers[0]?.exitCode).toBe(exitCode);
    expect(finalizersOf(sandbox)).toEqual([]);
  });

  it.for(['cancelled', 'timed-out'] as const)(
    'are let go of while they are ending when the rollout is %s',
    async (outcome, { startSandbox }) => {
      const sandbox = await startSandbox();
      const old = await serve(sandbox, LINGERS);
      const stop = new AbortController();
      const { end } = await restart(sandbox, {
        mayHoldPods: true,
        signal: stop.signal,
        deadlineMs: 1_500,
        see(entry) {
          if (outcome === 'cancelled' && entry.kind === 'pod' && entry.deletionTimestamp) stop.abort();
        },
      });
      expect(end.outcome).toBe(outcome);
      expect(podsOf(sandbox).map(({ metadata }) => metadata.name)).toEqual(expect.arrayContaining([...old]));
      expect(finalizersOf(sandbox)).toEqual([]);
    },
  );

  it('keep the finalizers of others, and stay for those', async ({ startSandbox }) => {
    const sandbox = await startSandbox();
    const old = await serve(sandbox);
    const [first = '', second = ''] = old;
    setFinalizers(sandbox, first, [THEIRS]);
    // One more comes when ours is there, and before it in the list.
    onceUpdated(sandbox, 'web', () => setFinalizers(sandbox, second, [THEIRS, EXIT_CODE_FINALIZER]));
    const stop = new AbortController();
    const letGo = new Set<string>();
    const { end, factsOf } = await restart(sandbox, {
      mayHoldPods: true,
      signal: stop.signal,
      see(entry) {
        if (entry.kind !== 'pod' || entry.held || entry.containers[0]?.exitCode === undefined) return;
        if (letGo.add(entry.name).size === old.length) stop.abort();
      },
    });
    expect(end.outcome).toBe('cancelled');
    for (const name of old) expect(factsOf(name).some(({ held }) => held)).toBe(true);
    expect(finalizersOf(sandbox)).toEqual([THEIRS, THEIRS]);
    expect(podsOf(sandbox).map(({ metadata }) => metadata.name)).toEqual(expect.arrayContaining([...old]));
  });
});

describe.concurrent('a pod that is held', () => {
  it('goes after a while where no kubelet tells its end any more', async ({ startSandbox }) => {
    const sandbox = await startSandbox();
    const [name = ''] = await serve(sandbox, LINGERS);
    await using kept = await keep(sandbox, { patienceMs: 50 });
    await kept.keeper.hold(kept.listed, signal);
    for (const { name } of sandbox.nodes) sandbox.removeNode(name);
    deleteByForce(sandbox, name);
    expect(podsOf(sandbox).map(({ metadata }) => metadata.name)).toContain(name);
    expect(await kept.exitCodeOf(name)).toBeUndefined();
  });

  it('has all of the grace period that it was first given, also where it is deleted by force then', async ({
    startSandbox,
  }) => {
    const sandbox = await startSandbox();
    const hook = { lifecycle: { preStop: { sleep: { seconds: 1 } } } };
    const [name = ''] = await serve(sandbox, { ...hook, ...ENDS_WITH_3 });
    await using kept = await keep(sandbox, { patienceMs: 50 });
    await kept.keeper.hold(kept.listed, signal);
    sandbox.api.delete({ resource: PODS, namespace: SHOP, name });
    deleteByForce(sandbox, name);
    expect(await kept.exitCodeOf(name)).toBe(3);
  });

  it('goes at once when it is deleted by force and no other one is ready, or none is any more', async ({
    startSandbox,
  }) => {
    const sandbox = await startSandbox();
    const [first = '', second = ''] = await serve(sandbox, { args: ['--on-sigterm=ignore'] });
    const { api } = sandbox;
    // Nobody comes in their place.
    const orphan = { propagationPolicy: 'Orphan' } as const;
    api.delete({ resource: DEPLOYMENTS, namespace: SHOP, name: 'web' }, orphan);
    for (const { metadata } of api.store.list(REPLICA_SETS, SHOP))
      api.delete({ resource: REPLICA_SETS, namespace: SHOP, name: metadata.name }, orphan);
    await using kept = await keep(sandbox);
    await kept.keeper.hold(kept.listed, signal);
    deleteByForce(sandbox, first);
    deleteByForce(sandbox, second);
    expect(podsOf(sandbox)).toHaveLength(2);
    expect(await kept.exitCodeOf(first)).toBeUndefined();
    expect(await kept.exitCodeOf(second)).toBeUndefined();
  });

  it('goes at once when it is deleted by force and its Service goes on publishing its address', async ({
    startSandbox,
  }) => {
    const sandbox = await startSandbox();
    const [name = ''] = await serve(sandbox, { args: ['--on-sigterm=ignore'] });
    sandbox.api.update({ resource: SERVICES, namespace: SHOP, name: 'web' }, (draft) => {
      draft.spec.publishNotReadyAddresses = true;
    });
    await using kept = await keep(sandbox);
    await kept.keeper.hold(kept.listed, signal);
    deleteByForce(sandbox, name);
    expect(podsOf(sandbox).map(({ metadata }) => metadata.name)).toContain(name);
    // Nodes send requests to whatever is ready, and this one is said to be.
    expect(await kept.exitCodeOf(name)).toBeUndefined();
  });

  it('goes when the API server is back, had it been away when the end was told', async ({ startSandbox }) => {
    const sandbox = await startSandbox();
    const [name = ''] = await serve(sandbox);
    await using kept = await keep(sandbox);
    await kept.keeper.hold(kept.listed, signal);
    sandbox.expireWatches();
    const comeBack = sandbox.apiOutage();
    sandbox.api.delete({ resource: PODS, namespace: SHOP, name });
    const ended = (pod: { readonly metadata: { readonly name: string } }) => pod.metadata.name === name;
    await until(
      sandbox,
      PODS,
      (pod) => ended(pod) && pod.status?.containerStatuses?.[0]?.state?.terminated !== undefined,
    );
    comeBack();
    await untilTrue(sandbox, () => !podsOf(sandbox).some(ended));
  });

  it('is not one that is being deleted already, has ended or has no time to end', async ({
    startSandbox,
  }) => {
    const sandbox = await startSandbox();
    const [ending = '', ended = ''] = await serve(sandbox, LINGERS);
    sandbox.api.delete({ resource: PODS, namespace: SHOP, name: ending });
    await using kept = await keep(sandbox);
    const pods = kept.listed.map((pod) => {
      if (pod.metadata.name === ended) return { ...pod, status: { ...pod.status, phase: 'Failed' } };
      if (pod.metadata.name === ending) return pod;
      return { ...pod, spec: { ...pod.spec, terminationGracePeriodSeconds: 0 } };
    });
    await kept.keeper.hold(pods, signal);
    expect(kept.notes()).toEqual([`finalizer ${EXIT_CODE_FINALIZER} put on 0 of ${pods.length} pods`]);
    expect(finalizersOf(sandbox)).toEqual([]);
  });

  it('is not another one that has got its name', async ({ startSandbox }) => {
    const sandbox = await startSandbox();
    await serve(sandbox);
    await using kept = await keep(sandbox);
    const earlier = kept.listed.map((pod) => ({
      ...pod,
      metadata: { ...pod.metadata, uid: `not-${pod.metadata.uid}`, resourceVersion: '1' },
    }));
    await kept.keeper.hold(earlier, signal);
    expect(finalizersOf(sandbox)).toEqual([]);
  });

  it('that could not be let go of goes with its namespace', async ({ startSandbox }) => {
    const sandbox = await startSandbox();
    await serve(sandbox);
    const kept = await keep(sandbox, { limitMs: 100 });
    await kept.keeper.hold(kept.listed, signal);
    const comeBack = sandbox.apiOutage();
    await kept[Symbol.asyncDispose]();
    comeBack();
    expect(finalizersOf(sandbox)).toEqual([EXIT_CODE_FINALIZER, EXIT_CODE_FINALIZER]);
    expect(kept.notes().at(-1)).toContain('may be left on pods');
    const { kubeConfig } = kept;
    expect(await removeNamespace({ kubeConfig, namespace: SHOP, timeoutMs: 10_000 })).toEqual({
      gone: true,
      remainingPods: [],
    });
    await untilTrue(sandbox, () => !sandbox.api.find(NAMESPACES, '', SHOP));
  });
});
