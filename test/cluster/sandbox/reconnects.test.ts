import { connect } from 'node:net';
import { describe, expect, it } from 'vitest';
import { DEPLOYMENTS, ENDPOINT_SLICES, PODS, SERVICES } from '../../../src/cluster/sandbox/api/resources.ts';
import type { Balancing } from '../../../src/cluster/sandbox/network/choice.ts';
import { deployment, QUICK, quickSandbox, READY_PROBE, service, untilTrue } from './quick-sandbox.ts';

const REPLICAS = 8;
const CLIENTS = 80;

/**
 * Clients that hold one connection each and connect again as soon as they lose it, over a rolling update that takes one
 * pod at a time. Gives how many connections were lost.
 */
async function lostConnections(balancing: Balancing): Promise<number> {
  // A pod lives on for a little while without new connections, but not until the next one is replaced.
  await using sandbox = await quickSandbox({ balancing, kubelet: { ...QUICK.kubelet, podSetupMs: 200 } });
  const { api } = sandbox;
  const writer = { manager: 'test' };
  const strategy = { rollingUpdate: { maxSurge: 1, maxUnavailable: 0 } };
  const container = { args: ['--keep-alive=600000', '--on-sigterm=linger:50'], ...READY_PROBE };
  api.create(
    DEPLOYMENTS,
    'default',
    deployment({ replicas: REPLICAS, container, deployment: { strategy } }),
    writer,
  );
  api.create(SERVICES, 'default', service(), writer);
  const endpoints = () => api.store.list(ENDPOINT_SLICES).flatMap((slice) => slice.endpoints);
  await untilTrue(
    sandbox,
    () => endpoints().filter(({ conditions }) => conditions?.ready).length === REPLICAS,
    20_000,
  );
  // What the balancers have to have followed before anybody connects.
  await sandbox.clock.sleep(100);

  const port = api.store.list(SERVICES)[0]?.spec.ports?.[0]?.nodePort ?? 0;
  const host = sandbox.nodes[1]?.address ?? '';
  let lost = 0;
  let over = false;
  const hold = () => {
    const socket = connect({ host, port });
    socket.write('GET / HTTP/1.1\r\nHost: x\r\n\r\n');
    socket.resume().on('error', () => {});
    socket.on('close', () => {
      if (over) return;
      lost += 1;
      hold();
    });
    return socket;
  };
  for (let client = 0; client < CLIENTS; client += 1) hold();

  const old = new Set(api.store.list(PODS).map(({ metadata }) => metadata.uid));
  api.update({ resource: DEPLOYMENTS, namespace: 'default', name: 'web' }, (draft) => {
    draft.spec.template.metadata = { ...draft.spec.template.metadata, annotations: { restarted: 'yes' } };
  });
  await untilTrue(
    sandbox,
    () => api.store.list(PODS).every(({ metadata }) => !old.has(metadata.uid)),
    30_000,
  );
  over = true;
  return lost;
}

describe('connections over a rolling update', { timeout: 60_000 }, () => {
  it('are lost once each where new ones go to the pod with the fewest, and more often by turns', async () => {
    const [byFewest, byTurns] = await Promise.all([
      lostConnections('least-connections'),
      lostConnections('round-robin'),
    ]);
    expect(byFewest).toBeLessThan(byTurns);
    expect(byFewest).toBeLessThanOrEqual(CLIENTS * 1.1);
    expect(byTurns).toBeGreaterThan(CLIENTS * 1.2);
  });
});
