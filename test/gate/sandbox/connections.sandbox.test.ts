import { describe, expect, it } from 'vitest';
import type { Balancing } from '../../../src/cluster/sandbox/network/choice.ts';
import { BRIEF, gateOnSandbox } from '../../support/gate-on-sandbox.ts';

const gate = gateOnSandbox();
const REPLICAS = 5;
const CLIENTS = 50;

/** Fifty clients with a connection each, over five replicas that are replaced one by one. */
async function connectionsOver(balancing: Balancing) {
  const { row } = await gate({
    container: {
      args: ['--no-server', '--echo-port=8080', '--on-sigterm=drain'],
      readinessProbe: { tcpSocket: { port: 8080 }, periodSeconds: 1 },
      // Far longer than the balancers of this sandbox take to follow.
      lifecycle: { preStop: { sleep: { seconds: 1 } } },
    },
    // A pod is asked to end when the one before it has ended: what moves may have to move again.
    deployment: {
      minReadySeconds: 1,
      strategy: { rollingUpdate: { maxSurge: 1, maxUnavailable: 0 } },
      replicas: REPLICAS,
    },
    scenario: {
      ...BRIEF,
      protocol: 'tcp',
      connection: 'keep-alive',
      connections: CLIENTS,
      // A message of each client a second: so soon is a lost connection made again.
      ratePerSecond: CLIENTS,
      rolloutDeadlineMs: 60_000,
    },
    options: { balancing, proxy: { propagationMs: 1, syncMs: 1, minSyncPeriodMs: 1 } },
  });
  const [run] = row.runs;
  if (!run?.connections) throw new Error(JSON.stringify(row.reasons));
  return { row, connections: run.connections };
}

describe.concurrent('long-lived connections over a rolling update', { timeout: 120_000 }, () => {
  it('that go to the pod with the fewest are lost about once each, and are spread evenly', async () => {
    const { row, connections } = await connectionsOver('least-connections');
    expect(row.runs[0]?.rollout).toMatchObject({ outcome: 'completed', replacedPods: REPLICAS });
    const { lost, lasting, unknown, lostSpread, lastingSpread, pods } = connections;
    expect({ lasting, unknown }).toEqual({ lasting: CLIENTS, unknown: { lost: 0, lasting: 0 } });
    expect(lost).toBeGreaterThanOrEqual(CLIENTS);
    expect(lost).toBeLessThanOrEqual(CLIENTS * 1.1);
    expect([lostSpread?.count, lastingSpread?.count]).toEqual([REPLICAS, REPLICAS]);
    expect(pods.reduce((sum, pod) => sum + pod.lost, 0)).toBe(lost);
    expect(pods.reduce((sum, pod) => sum + pod.lasting, 0)).toBe(CLIENTS);
  });

  it('that go round are lost more often', async () => {
    const { connections } = await connectionsOver('round-robin');
    expect(connections.lasting).toBe(CLIENTS);
    expect(connections.lost).toBeGreaterThan(CLIENTS * 1.2);
  });
});
