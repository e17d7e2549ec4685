import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { describe, expect } from 'vitest';
import {
  CONFIG_MAPS,
  DEPLOYMENTS,
  ENDPOINT_SLICES,
  NODES,
  PODS,
  SERVICES,
} from '../../../src/cluster/sandbox/api/resources.ts';
import { portOnHost } from '../../../src/cluster/sandbox/network/port-on-host.ts';
import type { PartialSandboxOptions, Sandbox } from '../../../src/cluster/sandbox/sandbox.ts';
import { deployment, READY_PROBE, service, testWithSandboxes, until, untilTrue } from './quick-sandbox.ts';

const writer = { manager: 'test' };

/** A sandbox, and what the tests ask of it. */
function stageOn(sandbox: Sandbox) {
  return {
    sandbox,
    worker: () => sandbox.nodes[1]?.address ?? '',
    nodePort: () => sandbox.api.store.list(SERVICES)[0]?.spec.ports?.[0]?.nodePort ?? 0,
    pods: () => sandbox.api.store.list(PODS, 'default'),
    readyCount: () =>
      sandbox.api.store
        .list(ENDPOINT_SLICES)
        .flatMap(({ endpoints }) => endpoints)
        .filter(({ conditions }) => conditions?.ready).length,
  };
}

/** `serve` starts a sandbox with a Deployment and a Service that answers. */
const it = testWithSandboxes.extend(
  'serve',
  ({ startSandbox }) =>
    async (
      options: PartialSandboxOptions = {},
      spec: Parameters<typeof deployment>[0] = {},
      serviceSpec: object = {},
    ) => {
      const stage = stageOn(await startSandbox(options));
      const { sandbox, worker, nodePort, readyCount } = stage;
      const container = { ...READY_PROBE, ...spec.container };
      sandbox.api.create(DEPLOYMENTS, 'default', deployment({ ...spec, container }), writer);
      sandbox.api.create(SERVICES, 'default', service(serviceSpec), writer);
      await untilTrue(sandbox, () => readyCount() === (spec.replicas ?? 1));
      await answered(worker(), nodePort());
      return stage;
    },
);

/** A connection that asks once and stays open; gives the name of the pod that answered, or how it failed. */
async function ask(address: string, port: number): Promise<{ socket: Socket; answer: string }> {
  const socket = connect({ host: address, port });
  let text = '';
  socket.on('data', (chunk) => {
    text += chunk;
  });
  socket.write('GET / HTTP/1.1\r\nHost: x\r\n\r\n');
  const failed = new Promise<string>((resolve) =>
    socket
      .on('error', (error: NodeJS.ErrnoException) => resolve(error.code ?? ''))
      .on('end', () => resolve('END')),
  );
  const ok = new Promise<string>((resolve) =>
    socket.on('data', () => /web-\S+\n$/.test(text) && resolve(/x-pod: (\S+)/.exec(text)?.[1] ?? '')),
  );
  return { socket, answer: await Promise.race([ok, failed]) };
}

/** Asks until a pod answers: the balancers follow a little later than the API. */
async function answered(address: string, port: number): Promise<string> {
  for (;;) {
    const { socket, answer } = await ask(address, port);
    socket.destroy();
    if (answer.startsWith('web-')) return answer;
    await sleep(5);
  }
}

async function refused(address: string, port: number): Promise<void> {
  for (;;) {
    const { socket, answer } = await ask(address, port);
    socket.destroy();
    if (answer === 'ECONNREFUSED') return;
    await sleep(5);
  }
}

describe.concurrent('a Service', () => {
  it('answers at its own address and at the node port of every node', async ({ serve }) => {
    const { sandbox, nodePort } = await serve();
    const clusterIp = sandbox.api.store.list(SERVICES)[0]?.spec.clusterIP ?? '';
    const [controlPlane] = sandbox.nodes;
    expect(await answered(clusterIp, 8080)).toMatch(/^web-/);
    expect(await answered(controlPlane?.address ?? '', nodePort())).toMatch(/^web-/);
  });

  it('with a port that only root may listen on is reached by everybody, where the cluster says', async ({
    serve,
  }) => {
    const { sandbox } = await serve({}, {}, { ports: [{ port: 80, targetPort: 'http' }] });
    const clusterIp = sandbox.api.store.list(SERVICES)[0]?.spec.clusterIP ?? '';
    expect(await answered(clusterIp, portOnHost(80))).toMatch(/^web-/);
  });

  it('spreads new connections by turns where it is asked to', async ({ serve }) => {
    const { worker, nodePort } = await serve({ balancing: 'round-robin' }, { replicas: 2 });
    const answers: string[] = [];
    // Each balancer learns of the second pod in its own time.
    while (new Set([await answered(worker(), nodePort()), await answered(worker(), nodePort())]).size < 2);
    for (let count = 0; count < 6; count += 1) answers.push(await answered(worker(), nodePort()));
    expect(new Set(answers).size).toBe(2);
    expect(answers.filter((answer) => answer === answers[0])).toHaveLength(3);
  });

  it('gives new connections to the pod with the fewest where it is asked to', async ({ serve }) => {
    const { worker, nodePort } = await serve(
      { balancing: 'least-connections' },
      { replicas: 2, container: { args: ['--keep-alive=60000'] } },
    );
    const open = [];
    for (let count = 0; count < 8; count += 1) open.push(await ask(worker(), nodePort()));
    const [first] = open;
    expect(open.filter(({ answer }) => answer === first?.answer)).toHaveLength(4);
    for (const { socket } of open) socket.destroy();
  });

  it('draws the same endpoints again under the same seed', async ({ serve }) => {
    const draw = async () => {
      const { sandbox, pods } = await serve({ seed: 7 }, { replicas: 2 });
      const names = pods().map(({ metadata }) => metadata.name);
      await sandbox.close();
      return names;
    };
    expect(await draw()).toEqual(await draw());
  });

  it('refuses connections once nothing is behind it', async ({ serve }) => {
    const { sandbox, worker, nodePort } = await serve();
    sandbox.api.update({ resource: DEPLOYMENTS, namespace: 'default', name: 'web' }, (draft) => {
      draft.spec.replicas = 0;
    });
    await refused(worker(), nodePort());
  });

  it('under the Local policy refuses on a node without pods of its own', async ({ serve }) => {
    const { sandbox, nodePort } = await serve({}, {}, { externalTrafficPolicy: 'Local' });
    await refused(sandbox.nodes[0]?.address ?? '', nodePort());
  });

  it('leaves established connections alone when their pod leaves', async ({ serve }) => {
    const { sandbox, worker, nodePort, pods } = await serve(
      {},
      { container: { args: ['--keep-alive=60000', '--on-sigterm=linger:5000'] } },
    );
    const { socket } = await ask(worker(), nodePort());
    const [pod] = pods();
    sandbox.api.delete({ resource: PODS, namespace: 'default', name: pod?.metadata.name ?? '' });
    await until(sandbox, ENDPOINT_SLICES, ({ endpoints }) =>
      endpoints.some(({ conditions }) => conditions?.terminating === true),
    );
    const again = once(socket, 'data');
    socket.write('GET / HTTP/1.1\r\nHost: x\r\n\r\n');
    expect(String((await again)[0])).toContain(`x-pod: ${pod?.metadata.name}`);
    socket.destroy();
  });

  it('a host port leads to the pod on that node', async ({ startSandbox }) => {
    const sandbox = await startSandbox();
    sandbox.api.create(
      DEPLOYMENTS,
      'default',
      deployment({
        container: { ...READY_PROBE, ports: [{ name: 'http', containerPort: 8080, hostPort: 18_080 }] },
      }),
      writer,
    );
    const pod = await until(sandbox, PODS, ({ status }) => status?.containerStatuses?.[0]?.ready === true);
    expect(await answered(pod.status?.hostIP ?? '', 18_080)).toBe(pod.metadata.name);
  });
});

describe.concurrent('faults on demand', () => {
  it('a frozen balancer goes on sending to where it sent, and follows again when it thaws', async ({
    serve,
  }) => {
    const { sandbox, worker, nodePort, pods } = await serve();
    const thaw = sandbox.freezeBalancers();
    const [pod] = pods();
    sandbox.api.delete(
      { resource: PODS, namespace: 'default', name: pod?.metadata.name ?? '' },
      { gracePeriodSeconds: 0 },
    );
    await untilTrue(sandbox, () =>
      pods().some(
        ({ metadata, status }) =>
          metadata.uid !== pod?.metadata.uid && status?.containerStatuses?.[0]?.ready === true,
      ),
    );
    const { answer } = await ask(worker(), nodePort());
    expect(['ECONNRESET', 'END']).toContain(answer);
    thaw();
    expect(await answered(worker(), nodePort())).not.toBe(pod?.metadata.name);
  });

  it('a balancer that is frozen in the middle of a sync makes up for it when it thaws', async ({ serve }) => {
    const { sandbox, worker, nodePort, pods } = await serve({
      proxy: { propagationMs: 1, syncMs: 200, minSyncPeriodMs: 1 },
    });
    const [pod] = pods();
    sandbox.api.delete(
      { resource: PODS, namespace: 'default', name: pod?.metadata.name ?? '' },
      { gracePeriodSeconds: 0 },
    );
    await untilTrue(sandbox, () =>
      pods().some(
        ({ metadata, status }) =>
          metadata.uid !== pod?.metadata.uid && status?.containerStatuses?.[0]?.ready === true,
      ),
    );
    // The nodes read the new endpoints a millisecond later, and follow them 200 ms after that.
    await sleep(100);
    const thaw = sandbox.freezeBalancers();
    await sleep(200);
    thaw();
    expect(await answered(worker(), nodePort())).not.toBe(pod?.metadata.name);
  });

  it('a dead address can be a black hole in which connections just hang', async ({ serve }) => {
    const { sandbox, worker, nodePort, pods } = await serve({ deadAddress: 'black-hole' });
    sandbox.freezeBalancers();
    const [pod] = pods();
    sandbox.api.delete({ resource: PODS, namespace: 'default', name: pod?.metadata.name ?? '' });
    await untilTrue(sandbox, () => pods().every(({ metadata }) => metadata.uid !== pod?.metadata.uid));
    const socket = connect({ host: worker(), port: nodePort() });
    await once(socket, 'connect');
    socket.write('GET / HTTP/1.1\r\nHost: x\r\n\r\n');
    const outcome = await Promise.race([
      once(socket, 'close').then(() => 'closed'),
      new Promise((resolve) => setTimeout(resolve, 300, 'hangs')),
    ]);
    expect(outcome).toBe('hangs');
    socket.destroy();
  });

  it('a node that is switched off takes its processes along and is told to be lost later', async ({
    serve,
  }) => {
    const { sandbox, worker, nodePort, readyCount } = await serve({ nodeGraceMs: 50 });
    sandbox.removeNode('sandbox-worker');
    await refused(worker(), nodePort());
    await until(
      sandbox,
      NODES,
      ({ metadata, status }) =>
        metadata.name === 'sandbox-worker' && status?.conditions?.[0]?.status === 'Unknown',
    );
    await untilTrue(sandbox, () => readyCount() === 0);
  });

  it('an API outage cuts every client off, and only those', async ({ startSandbox }) => {
    const sandbox = await startSandbox();
    const over = sandbox.apiOutage();
    await expect(fetch(`${sandbox.apiUrl}/version`)).rejects.toThrow();
    over();
    expect((await fetch(`${sandbox.apiUrl}/version`)).status).toBe(200);
  });

  it('the wall clock jumps without moving timers', async ({ startSandbox }) => {
    const sandbox = await startSandbox();
    const before = sandbox.clock.now().getTime();
    sandbox.jumpClock(-3_600_000);
    expect(sandbox.clock.now().getTime()).toBeLessThan(before - 3_590_000);
    expect(await sandbox.clock.sleep(1)).toBe(true);
  });

  it('watch events are delayed, lost or swapped', async ({ startSandbox }) => {
    const sandbox = await startSandbox();
    const seen = async (
      fault: Parameters<Sandbox['disturbWatches']>[0],
      expected: number,
    ): Promise<string[]> => {
      const response = await fetch(
        `${sandbox.apiUrl}/api/v1/namespaces/default/configmaps?watch=1&resourceVersion=${sandbox.api.store.version}`,
      );
      sandbox.disturbWatches(fault);
      for (const name of ['a', 'b', 'c']) {
        sandbox.api.create(CONFIG_MAPS, 'default', { metadata: { name: `${name}-${fault?.kind}` } }, writer);
      }
      sandbox.disturbWatches(undefined);
      sandbox.api.create(CONFIG_MAPS, 'default', { metadata: { name: `last-${fault?.kind}` } }, writer);
      const names: string[] = [];
      let rest = '';
      for await (const chunk of response.body ?? []) {
        const lines = (rest + new TextDecoder().decode(chunk)).split('\n');
        rest = lines.pop() ?? '';
        names.push(...lines.map((line) => JSON.parse(line).object.metadata.name.replace(/-.*/, '')));
        if (names.length >= expected) break;
      }
      return names;
    };
    expect(await seen(undefined, 4)).toEqual(['a', 'b', 'c', 'last']);
    expect(await seen({ kind: 'drop', probability: 1 }, 1)).toEqual(['last']);
    expect(await seen({ kind: 'reorder', probability: 1 }, 4)).toEqual(['b', 'a', 'last', 'c']);
    expect(await seen({ kind: 'delay', ms: 20 }, 4)).toEqual(['last', 'a', 'b', 'c']);
  });
});
