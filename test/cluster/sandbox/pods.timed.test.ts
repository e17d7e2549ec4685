import { request } from 'node:http';
import { describe, expect } from 'vitest';
import { isPodActive, type Pod } from '../../../src/cluster/sandbox/api/objects.ts';
import {
  DEPLOYMENTS,
  ENDPOINT_SLICES,
  EVENTS,
  PODS,
  REPLICA_SETS,
  SERVICES,
} from '../../../src/cluster/sandbox/api/resources.ts';
import { portOnHost } from '../../../src/cluster/sandbox/network/port-on-host.ts';
import type { Sandbox } from '../../../src/cluster/sandbox/sandbox.ts';
import { deployment, READY_PROBE, service, testWithSandboxes, until, untilTrue } from './quick-sandbox.ts';

const writer = { manager: 'test' };
const target = { resource: DEPLOYMENTS, namespace: 'default', name: 'web' };

const container = ({ status }: Pod) => status?.containerStatuses?.[0];
const isReady = (pod: Pod) => container(pod)?.ready === true;

/** A sandbox, and what the tests do on it. */
function stageOn(sandbox: Sandbox) {
  const pods = () => sandbox.api.store.list(PODS, 'default');
  return {
    sandbox,
    pods,
    create: (spec: Parameters<typeof deployment>[0]) =>
      sandbox.api.create(DEPLOYMENTS, 'default', deployment(spec), writer),
    remove: (pod: Pod) =>
      sandbox.api.delete({ resource: PODS, namespace: 'default', name: pod.metadata.name }),
    eventReasons: () => sandbox.api.store.list(EVENTS).map(({ reason }) => reason),
    ended: (name: string) =>
      until(
        sandbox,
        PODS,
        (pod) => pod.metadata.name === name && container(pod)?.state?.terminated !== undefined,
      ),
    restart: () =>
      sandbox.api.update(target, (draft) => {
        draft.spec.template.metadata = { ...draft.spec.template.metadata, annotations: { restarted: 'yes' } };
      }),
    complete: () =>
      until(
        sandbox,
        DEPLOYMENTS,
        ({ metadata, spec, status }) =>
          status?.observedGeneration === metadata.generation &&
          status?.updatedReplicas === spec.replicas &&
          status?.availableReplicas === spec.replicas &&
          status?.replicas === spec.replicas,
      ),
  };
}

const it = testWithSandboxes.extend('stage', async ({ startSandbox }) => stageOn(await startSandbox()));

function get(address: string, port: number, path = '/'): Promise<{ status: number; body: string }> {
  return new Promise((resolve, reject) => {
    const ask = request({ host: address, port, path, agent: false }, (response) => {
      let body = '';
      response.on('data', (chunk) => {
        body += chunk;
      });
      response.on('end', () => resolve({ status: response.statusCode ?? 0, body }));
    });
    ask.on('error', reject);
    ask.end();
  });
}

describe.concurrent('a pod', () => {
  it('is a process with an address of its own that answers as itself', async ({ stage }) => {
    const { sandbox, create } = stage;
    create({ container: READY_PROBE });
    const pod = await until(sandbox, PODS, isReady);
    const answer = await get(pod.status?.podIP ?? '', 8080);
    expect(answer).toEqual({ status: 200, body: `v1 ${pod.metadata.name}\n` });
  });

  it('gets its environment from values, fields and ConfigMaps', async ({ stage }) => {
    const { sandbox, create } = stage;
    create({
      container: {
        env: [
          { name: 'NODE', valueFrom: { fieldRef: { fieldPath: 'spec.nodeName' } } },
          { name: 'VERSION', value: 'on $(NODE)' },
        ],
      },
    });
    const pod = await until(sandbox, PODS, isReady);
    expect((await get(pod.status?.podIP ?? '', 8080)).body).toContain(`on ${pod.spec.nodeName}`);
  });

  it('that can not be pulled says so as the kubelet does', async ({ stage }) => {
    const { sandbox, create, eventReasons } = stage;
    create({ image: 'registry.invalid/web:1' });
    await until(sandbox, PODS, (pod) => container(pod)?.state?.waiting?.reason === 'ErrImagePull');
    await until(sandbox, PODS, (pod) => container(pod)?.state?.waiting?.reason === 'ImagePullBackOff');
    expect(eventReasons()).toContain('Failed');
  });

  it('that keeps ending is started again with a back-off', async ({ stage }) => {
    const { sandbox, create } = stage;
    create({ container: { args: ['--end-after=1', '--exit-code=3'] } });
    const pod = await until(
      sandbox,
      PODS,
      (candidate) => container(candidate)?.state?.waiting?.reason === 'CrashLoopBackOff',
    );
    expect(container(pod)?.lastState?.terminated?.exitCode).toBe(3);
    await until(sandbox, PODS, (candidate) => (container(candidate)?.restartCount ?? 0) >= 2);
  });

  it('is restarted when its liveness probe fails', async ({ stage }) => {
    const { sandbox, create, eventReasons } = stage;
    const livenessProbe = { httpGet: { path: '/', port: 'http' }, periodSeconds: 1, failureThreshold: 1 };
    create({ container: { args: ['--fail-every=1'], livenessProbe } });
    await until(sandbox, PODS, (pod) => (container(pod)?.restartCount ?? 0) >= 1);
    expect(eventReasons()).toEqual(expect.arrayContaining(['Unhealthy', 'Killing']));
  });

  it('is not looked at for readiness before its startup probe has passed', async ({ stage }) => {
    const { sandbox, create } = stage;
    const startupProbe = { tcpSocket: { port: 'http' }, periodSeconds: 1, failureThreshold: 9 };
    create({ container: { args: ['--start-after=200'], startupProbe, ...READY_PROBE } });
    await until(
      sandbox,
      PODS,
      (pod) => container(pod)?.state?.running !== undefined && container(pod)?.started === false,
    );
    expect(isReady(await until(sandbox, PODS, (pod) => container(pod)?.started === true))).toBe(false);
    await until(sandbox, PODS, isReady);
  });

  it('whose postStart hook fails is killed', async ({ stage }) => {
    const { sandbox, create } = stage;
    create({ image: 'nginx:1', container: { lifecycle: { postStart: { exec: { command: ['false'] } } } } });
    await until(sandbox, EVENTS, ({ reason }) => reason === 'FailedPostStartHook');
    await until(sandbox, PODS, (pod) => (container(pod)?.restartCount ?? 0) >= 1);
  });

  it('runs its init containers first, one after the other', async ({ stage }) => {
    const { sandbox, create } = stage;
    const init = (name: string) => ({ name, image: 'busybox:1', command: ['true'] });
    create({ pod: { initContainers: [init('first'), init('second')] } });
    const pod = await until(sandbox, PODS, isReady);
    expect(pod.status?.initContainerStatuses?.map(({ state }) => state?.terminated?.exitCode)).toEqual([
      0, 0,
    ]);
  });

  it('that ends by itself is not started again where its policy is Never', async ({ stage }) => {
    const { sandbox } = stage;
    const spec = {
      restartPolicy: 'Never',
      containers: [{ name: 'x', image: 'rollproof/sample:1', args: ['--end-after=1', '--exit-code=4'] }],
    };
    sandbox.api.create(PODS, 'default', { metadata: { name: 'once' }, spec }, writer);
    const pod = await until(sandbox, PODS, ({ status }) => status?.phase === 'Failed');
    expect(container(pod)?.state?.terminated?.exitCode).toBe(4);
  });
});

describe.concurrent('the end of a pod', () => {
  it('is a clean exit where the program heeds SIGTERM', async ({ stage }) => {
    const { sandbox, pods, create, remove, ended } = stage;
    create({ deployment: { replicas: 1 } });
    const pod = await until(sandbox, PODS, isReady);
    remove(pod);
    expect(container(await ended(pod.metadata.name))?.state?.terminated).toMatchObject({
      exitCode: 0,
      reason: 'Completed',
    });
    await untilTrue(sandbox, () => !pods().some(({ metadata }) => metadata.uid === pod.metadata.uid));
  });

  it('is a SIGKILL when the grace period is over, but never before 2 s', async ({ stage }) => {
    const { sandbox, create, remove, ended } = stage;
    create({ container: { args: ['--on-sigterm=ignore'] }, pod: { terminationGracePeriodSeconds: 1 } });
    const pod = await until(sandbox, PODS, isReady);
    const askedMs = performance.now();
    remove(pod);
    expect(container(await ended(pod.metadata.name))?.state?.terminated).toMatchObject({
      exitCode: 137,
      signal: 9,
    });
    expect(performance.now() - askedMs).toBeGreaterThan(1_990);
  });

  for (const [what, init] of [
    ['takes long', { image: 'busybox:1', command: ['sleep', '60'] }],
    ['keeps failing', { image: 'busybox:1', command: ['false'] }],
    ['can not be pulled', { image: 'registry.invalid/init:1' }],
  ] as const) {
    it(`comes within the grace period also while an init container ${what}`, async ({ stage }) => {
      const { sandbox, pods, create, remove } = stage;
      create({
        deployment: { replicas: 1 },
        pod: { initContainers: [{ name: 'init', ...init }], terminationGracePeriodSeconds: 1 },
      });
      const pod = await until(sandbox, PODS, ({ status }) => {
        const state = status?.initContainerStatuses?.[0]?.state;
        return (
          state?.running !== undefined ||
          /BackOff|ErrImagePull/.test(state?.waiting?.reason ?? 'Initializing')
        );
      });
      remove(pod);
      await untilTrue(sandbox, () => !pods().some(({ metadata }) => metadata.uid === pod.metadata.uid));
    });
  }

  it('waits for preStop, during which the pod goes on answering', async ({ stage }) => {
    const { sandbox, create, remove, ended } = stage;
    create({
      image: 'nginx:1',
      container: {
        ports: [{ name: 'http', containerPort: 80 }],
        lifecycle: { preStop: { exec: { command: ['sh', '-c', 'sleep 0.5'] } } },
      },
    });
    const pod = await until(sandbox, PODS, isReady);
    const askedMs = performance.now();
    remove(pod);
    expect((await get(pod.status?.podIP ?? '', portOnHost(80))).status).toBe(200);
    await ended(pod.metadata.name);
    expect(performance.now() - askedMs).toBeGreaterThan(490);
  });

  it('comes at once where preStop can not run, and says why', async ({ stage }) => {
    const { sandbox, create, remove, ended } = stage;
    create({ container: { lifecycle: { preStop: { exec: { command: ['sleep', '60'] } } } } });
    const pod = await until(sandbox, PODS, isReady);
    remove(pod);
    await ended(pod.metadata.name);
    const [event] = sandbox.api.store.list(EVENTS).filter(({ reason }) => reason === 'FailedPreStopHook');
    expect(event?.message).toContain('executable file not found');
  });
});

describe.concurrent('a rolling update', () => {
  it('never has fewer ready pods, nor asks for more pods, than it may', async ({ stage }) => {
    const { sandbox, pods, create, restart, complete } = stage;
    create({
      replicas: 4,
      container: READY_PROBE,
      deployment: { strategy: { rollingUpdate: { maxSurge: 1, maxUnavailable: 1 } } },
    });
    await complete();
    const old = new Set(pods().map(({ metadata }) => metadata.uid));
    const seen = { fewestReady: 99, most: 0 };
    const stop = sandbox.api.store.subscribe(({ resource }) => {
      if (resource !== PODS) return;
      const asked = sandbox.api.store
        .list(REPLICA_SETS)
        .reduce((sum, { spec }) => sum + (spec.replicas ?? 1), 0);
      const ready = pods().filter((pod) => !pod.metadata.deletionTimestamp && isReady(pod)).length;
      seen.most = Math.max(seen.most, asked);
      seen.fewestReady = Math.min(seen.fewestReady, ready);
    });
    restart();
    await complete();
    stop();
    expect(seen).toEqual({ fewestReady: 3, most: 5 });
    await untilTrue(sandbox, () => pods().every(({ metadata }) => !old.has(metadata.uid)));
  });

  it('under Recreate begins when every old pod has ended', async ({ stage }) => {
    const { sandbox, pods, create, restart, complete } = stage;
    create({ replicas: 2, deployment: { strategy: { type: 'Recreate' } } });
    await complete();
    const old = new Set(pods().map(({ metadata }) => metadata.uid));
    const overlap: boolean[] = [];
    sandbox.api.store.subscribe(({ resource }) => {
      if (resource !== PODS) return;
      const isOld = ({ metadata }: Pod) => old.has(metadata.uid);
      overlap.push(pods().some((pod) => isOld(pod) && isPodActive(pod)) && !pods().every(isOld));
    });
    restart();
    await untilTrue(
      sandbox,
      () => pods().length === 2 && pods().every(({ metadata }) => !old.has(metadata.uid)),
    );
    expect(overlap).not.toContain(true);
  });

  it('that does not progress says so after its deadline', async ({ stage }) => {
    const { sandbox, pods, create, complete } = stage;
    create({ container: READY_PROBE, deployment: { progressDeadlineSeconds: 1 } });
    await complete();
    sandbox.api.update(target, (draft) => {
      const [first] = draft.spec.template.spec?.containers ?? [];
      if (first) first.image = 'registry.invalid/web:2';
    });
    await until(
      sandbox,
      DEPLOYMENTS,
      ({ status }) =>
        status?.conditions?.some(({ reason }) => reason === 'ProgressDeadlineExceeded') ?? false,
    );
    expect(pods().filter(isReady)).toHaveLength(1);
  });

  it('back to an earlier template takes up its ReplicaSet again', async ({ stage }) => {
    const { sandbox, create, restart, complete } = stage;
    create({ container: READY_PROBE });
    const first = await complete();
    restart();
    await complete();
    sandbox.api.update(target, (draft) => {
      draft.spec.template = structuredClone(first.spec.template);
    });
    await complete();
    expect(
      sandbox.api.store.list(DEPLOYMENTS)[0]?.metadata.annotations?.['deployment.kubernetes.io/revision'],
    ).toBe('3');
  });

  it('waits while it is paused', async ({ stage }) => {
    const { sandbox, pods, create, complete } = stage;
    create({ container: READY_PROBE });
    await complete();
    const [pod] = pods();
    sandbox.api.update(target, (draft) => {
      draft.spec.paused = true;
      draft.spec.template.metadata = { ...draft.spec.template.metadata, annotations: { a: 'b' } };
    });
    await until(
      sandbox,
      DEPLOYMENTS,
      ({ status }) => status?.conditions?.some(({ reason }) => reason === 'DeploymentPaused') ?? false,
    );
    expect(pods().map(({ metadata }) => metadata.uid)).toEqual([pod?.metadata.uid]);
  });
});

describe.concurrent('endpoints', () => {
  it('of a terminating pod serve on without being ready', async ({ stage }) => {
    const { sandbox, create, remove } = stage;
    sandbox.api.create(SERVICES, 'default', service(), writer);
    create({
      image: 'nginx:1',
      container: {
        ports: [{ name: 'http', containerPort: 80 }],
        ...READY_PROBE,
        lifecycle: { preStop: { sleep: { seconds: 1 } } },
      },
    });
    const pod = await until(sandbox, PODS, isReady);
    remove(pod);
    const slice = await until(sandbox, ENDPOINT_SLICES, ({ endpoints }) =>
      endpoints.some(({ conditions }) => conditions?.terminating === true),
    );
    const leaving = slice.endpoints.find(({ conditions }) => conditions?.terminating);
    expect(leaving?.conditions).toEqual({ ready: false, serving: true, terminating: true });
  });
});

describe.concurrent('the scheduler', () => {
  it('says which ports are taken when a host port has no node left', async ({ stage }) => {
    const { sandbox, create } = stage;
    create({ replicas: 2, container: { ports: [{ name: 'http', containerPort: 8080, hostPort: 18_080 }] } });
    const event = await until(sandbox, EVENTS, ({ reason }) => reason === 'FailedScheduling');
    expect(event.message).toContain("didn't have free ports");
  });

  it('keeps ordinary pods off the control plane', async ({ stage }) => {
    const { sandbox, pods, create } = stage;
    create({ replicas: 3 });
    await untilTrue(sandbox, () => pods().filter(isReady).length === 3);
    expect(new Set(pods().map(({ spec }) => spec.nodeName))).toEqual(new Set(['sandbox-worker']));
  });
});
