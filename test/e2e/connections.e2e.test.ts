import { describe, expect, it } from 'vitest';
import { runRollproof } from '../support/run-rollproof.ts';

const CLIENTS = 80;
const REPLICAS = 8;

describe('the fifth experiment on a real kind cluster', () => {
  it('tells how many connections each old pod lost and with how many each new pod ended up', async () => {
    const run = runRollproof(['run', '-c', 'examples/connections/rollproof.yml']);
    const { output } = await run.ended;
    const [scenario] = run.result().scenarios;
    const [measured] = scenario?.runs ?? [];
    const connections = measured?.connections;
    if (!connections) throw new Error(output);
    expect(measured.rollout).toMatchObject({ outcome: 'completed', replacedPods: REPLICAS });
    const { lost, lasting, opened, unknown, pods } = connections;
    expect({ lasting, opened }).toEqual({ lasting: CLIENTS, opened: CLIENTS + lost });
    // Each client loses its connection once at least; chance sends some to old pods again.
    expect(lost).toBeGreaterThan(CLIENTS);
    const sum = (key: 'lost' | 'lasting') => pods.reduce((total, pod) => total + pod[key], unknown[key]);
    expect([sum('lost'), sum('lasting')]).toEqual([lost, lasting]);
    expect(pods.filter(({ generation }) => generation === 'new')).toHaveLength(REPLICAS);
    expect(measured.steady.dropped).toBe(0);
  });
});
