import { describe, expect, it } from 'vitest';
import type { Balancing } from '../../src/cluster/sandbox/network/choice.ts';
import { gateOnSandbox } from '../support/gate-on-sandbox.ts';

const gate = gateOnSandbox();
const REPLICAS = 8;
const CLIENTS = 80;

/** Eighty clients with a connection each, over eight replicas that are replaced one by one. */
async function connectionsOver(balancing: Balancing) {
  const { row } = await gate({
    container: {
      args: ['--no-server', '--echo-port=8080', '--on-sigterm=drain'],
      readinessProbe: { tcpSocket: { port: 8080 }, periodSeconds: 1 },
      // Long enough for balancers to have followed; their rules change once a second.
      lifecycle: { preStop: { sleep: { seconds: 2 } } },
    },
    deployment: { strategy: { rollingUpdate: { maxSurge: 1, maxUnavailable: 0 } }, replicas: REPLICAS },
    scenario: {
      protocol: 'tcp',
      connection: 'keep-alive',
      connections: CLIENTS,
      ratePerSecond: 200,
      rolloutDeadlineMs: 60_000,
    },
    options: { balancing },
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
