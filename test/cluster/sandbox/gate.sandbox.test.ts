import { describe, expect, it } from 'vitest';
import { renderConsole } from '../../../src/report/console-table.ts';
import { renderSummary } from '../../../src/report/summary.ts';
import { gateOnSandbox } from '../../support/gate-on-sandbox.ts';

const gate = gateOnSandbox();

describe.concurrent('the whole gate on the sandbox', () => {
  it('is red for a Deployment without preStop, and says first what it was run on', async () => {
    const { result, row, recordings } = await gate();
    expect(row.verdict, JSON.stringify(row.reasons)).toBe('dropped');
    expect(row.requests.dropped).toBeGreaterThan(10);
    expect(row.longestOutageMs).toBeGreaterThan(100);
    expect(row.longestOutageMs).toBeLessThan(3_000);
    expect(row.runs[0]?.steady.dropped).toBe(0);
    expect(row.runs[0]?.served.how).toBe('conntrack');
    expect(renderConsole(result, { colours: false })).toMatch(
      /^sandbox: no container, no kernel network; use kind/,
    );
    expect(renderSummary(result)).toMatch(/^\*\*sandbox: no container/);
    // Nobody asked for a trial of what it suggests.
    expect(row.findings.map(({ fix }) => fix?.state ?? 'suggested')).toEqual(
      row.findings.map(() => 'suggested'),
    );
    expect(recordings).toHaveLength(1);
    expect(row.staticFindings.map(({ cause, outcome }) => [cause, outcome])).toContainEqual([
      'stops-before-endpoint-removal',
      'confirmed',
    ]);
  });

  it('is green for the same Deployment with preStop', async () => {
    const { row } = await gate({ container: { lifecycle: { preStop: { sleep: { seconds: 2 } } } } });
    expect(row.reasons).toEqual([]);
    expect(row.verdict).toBe('pass');
    expect(row.runs[0]?.rollout).toMatchObject({ outcome: 'completed', replacedPods: 2 });
    expect(row.staticFindings.filter(({ outcome }) => outcome === 'confirmed')).toEqual([]);
  });

  it('is green from inside the cluster over kept-alive connections that are drained', async () => {
    const program = {
      args: ['--on-sigterm=drain', '--keep-alive=60000'],
      lifecycle: { preStop: { sleep: { seconds: 2 } } },
    };
    const { row } = await gate({
      container: program,
      scenario: { vantage: 'pod', target: 'cluster-ip' },
    });
    expect(row.requests.sent).toBeGreaterThan(500);
    expect(row.verdict, JSON.stringify(row.reasons)).toBe('pass');
  });

  it('tells a rollout that can not be pulled from one that drops', async () => {
    const { row } = await gate({
      scenario: { update: { kind: 'image', container: 'web', image: 'registry.invalid/web:2' } },
    });
    expect(row.verdict, JSON.stringify(row.reasons)).toBe('rollout-failed');
    expect(row.runs[0]?.rollout.outcome).toBe('image-pull-failed');
  });

  it('draws no verdict from a workload that fails before it is updated', async () => {
    const { row } = await gate({ container: { args: ['--fail-every=40'], readinessProbe: undefined } });
    expect(row.verdict, JSON.stringify(row.reasons)).toBe('inconclusive');
  });
});

describe.concurrent('the whole gate on a sandbox with faults', () => {
  const container = { lifecycle: { preStop: { sleep: { seconds: 2 } } } };

  it('is red for a good Deployment when a balancer follows nothing any more', async () => {
    const { row } = await gate({
      container,
      fault: (sandbox) => void sandbox.freezeBalancers('sandbox-worker'),
    });
    expect(row.verdict, JSON.stringify(row.reasons)).toBe('dropped');
    expect(row.runs[0]?.rollout.outcome).toBe('completed');
    expect(row.runs[0]?.steady.dropped).toBe(0);
  });

  it('is green for a good one although watches lose events and the API server is away for a while', async () => {
    const { row } = await gate({
      container,
      fault(sandbox) {
        sandbox.disturbWatches({ kind: 'drop', probability: 0.3 });
        sandbox.clock.after(500, sandbox.apiOutage());
      },
    });
    expect(row.verdict, JSON.stringify(row.reasons)).toBe('pass');
  });

  it('tells a node that is gone from a Deployment that drops', async () => {
    const { row } = await gate({
      container,
      scenario: { deadlineMs: 1_000, rolloutDeadlineMs: 3_000 },
      options: { nodeGraceMs: 100 },
      fault: (sandbox) => sandbox.removeNode('sandbox-worker'),
    });
    expect(row.runs[0]?.steady.dropped).toBeGreaterThan(0);
    expect(row.verdict, JSON.stringify(row.reasons)).toBe('rollout-failed');
  });
});
