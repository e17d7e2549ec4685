import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import {
  type PartialSandboxOptions,
  sandboxProvider,
} from '../../../src/cluster/sandbox/sandbox-provider.ts';
import type { Progress } from '../../../src/gate/progress.ts';
import { runGate } from '../../../src/gate/run-gate.ts';
import type { ManifestObject } from '../../../src/model/manifest.ts';
import type { Plan } from '../../../src/model/plan.ts';
import type { Scenario } from '../../../src/model/scenario.ts';
import type { GateResult, ScenarioResult } from '../../../src/model/verdict.ts';
import { renderConsole } from '../../../src/report/console-table.ts';
import { renderSummary } from '../../../src/report/summary.ts';
import { deployment, READY_PROBE, service } from './quick-sandbox.ts';

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'rollproof-gate-'));
});
afterAll(() => rm(folder, { recursive: true, force: true }));

const SILENT: Progress = { line() {}, warning() {}, status() {}, section: () => ({ [Symbol.dispose]() {} }) };

/** Pods come and go in milliseconds; only the balancers stay as slow as kube-proxy. A busy machine needs long deadlines. */
const FAST_PODS: PartialSandboxOptions = {
  deadAddress: 'refused',
  kubelet: { podSetupMs: 20, containerStartMs: 10, podTeardownMs: 50, podRemovalMs: 10 },
};

function manifest(
  content: Record<string, unknown> & { apiVersion: string; kind: string; metadata: { name: string } },
): ManifestObject {
  const place = { file: 'web.yaml', line: 1, column: 1 };
  const { apiVersion, kind, metadata } = content;
  return {
    apiVersion,
    kind,
    name: metadata.name,
    content: { ...content, metadata: { name: metadata.name } },
    place,
    placeOf: () => place,
  };
}

interface Outcome {
  readonly result: GateResult;
  readonly row: ScenarioResult;
}

/** What the gate says of a machine that had something else to do. */
const NO_ROOM: ReadonlySet<string> = new Set([
  ...['not-judged', 'prober-asleep', 'schedule-not-kept', 'prober-hole', 'prober-hole-while-terminating'],
  'control-sparse',
]);

/** Runs the whole gate, unchanged, on a sandbox; once more where it says itself that the machine let it measure nothing. */
async function gate(...parameters: Parameters<typeof gateOnce>): Promise<Outcome> {
  const outcome = await gateOnce(...parameters);
  const { verdict, reasons } = outcome.row;
  const noRoom = verdict === 'inconclusive' && reasons.every(({ code }) => NO_ROOM.has(code));
  return noRoom ? await gateOnce(...parameters) : outcome;
}

async function gateOnce(
  container: object,
  scenario: Partial<Scenario> = {},
  options: PartialSandboxOptions = {},
): Promise<Outcome> {
  const outputDir = await mkdtemp(join(folder, 'run-'));
  const full: Scenario = {
    name: 'test',
    protocol: 'http',
    connection: 'new',
    vantage: 'runner',
    target: 'node-port',
    deployment: 'web',
    service: 'web',
    servicePort: 8080,
    path: '/',
    update: { kind: 'restart' },
    ratePerSecond: 100,
    connections: 4,
    deadlineMs: 5_000,
    baselineMs: 2_200,
    tailMs: 5_000,
    rolloutDeadlineMs: 30_000,
    expect: { statusFrom: 200, statusTo: 299 },
    ...scenario,
  };
  const objects = [
    manifest(
      deployment({
        replicas: 2,
        container: { ...READY_PROBE, ...container },
        pod: { terminationGracePeriodSeconds: 5 },
      }),
    ),
    manifest(service()),
  ];
  const plan: Plan = {
    cluster: {
      provider: 'sandbox',
      cni: 'kindnet',
      kubeProxyMode: 'iptables',
      nodes: 2,
      images: [],
      keep: false,
      proberImage: 'node:24-slim',
    },
    scenarios: [{ scenario: full, repeat: 1, objects }],
    report: { outputDir, comment: 'never', failOn: [] },
    assumed: [],
    warnings: [],
  };
  const { result } = await runGate({
    plan,
    provider: sandboxProvider({ ...FAST_PODS, ...options }),
    proberProgram: join(import.meta.dirname, '../../../src/prober/program/main.ts'),
    workDir: outputDir,
    workingDirectory: outputDir,
    version: '0.0.0',
    progress: SILENT,
    signal: new AbortController().signal,
  });
  const [row] = result.scenarios;
  if (!row) throw new Error(JSON.stringify(result.reasons));
  return { result, row };
}

describe.concurrent('the whole gate on the sandbox', () => {
  it('is red for a Deployment without preStop, and says first what it was run on', async () => {
    const { result, row } = await gate({});
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
  });

  it('is green for the same Deployment with preStop', async () => {
    const { row } = await gate({ lifecycle: { preStop: { sleep: { seconds: 2 } } } });
    expect(row.reasons).toEqual([]);
    expect(row.verdict).toBe('pass');
    expect(row.runs[0]?.rollout).toMatchObject({ outcome: 'completed', replacedPods: 2 });
  });

  it('is green from inside the cluster over kept-alive connections that are drained', async () => {
    const program = {
      args: ['--on-sigterm=drain', '--keep-alive=60000'],
      lifecycle: { preStop: { sleep: { seconds: 2 } } },
    };
    const { row } = await gate(program, { vantage: 'pod', target: 'cluster-ip' });
    expect(row.requests.sent).toBeGreaterThan(500);
    expect(row.verdict, JSON.stringify(row.reasons)).toBe('pass');
  });

  it('tells a rollout that can not be pulled from one that drops', async () => {
    const { row } = await gate(
      {},
      { update: { kind: 'image', container: 'web', image: 'registry.invalid/web:2' } },
    );
    expect(row.verdict, JSON.stringify(row.reasons)).toBe('rollout-failed');
    expect(row.runs[0]?.rollout.outcome).toBe('image-pull-failed');
  });

  it('draws no verdict from a workload that fails before it is updated', async () => {
    const { row } = await gate({ args: ['--fail-every=40'], readinessProbe: undefined });
    expect(row.verdict, JSON.stringify(row.reasons)).toBe('inconclusive');
  });
});
