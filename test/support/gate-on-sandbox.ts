import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll } from 'vitest';
import type { ClusterProvider } from '../../src/cluster/cluster-provider.ts';
import type { Sandbox } from '../../src/cluster/sandbox/sandbox.ts';
import { type PartialSandboxOptions, sandboxProvider } from '../../src/cluster/sandbox/sandbox-provider.ts';
import { withStaticFindings } from '../../src/gate/check-plan.ts';
import type { Progress } from '../../src/gate/progress.ts';
import { type GateOutcome, runGate } from '../../src/gate/run-gate.ts';
import type { ManifestObject } from '../../src/model/manifest.ts';
import type { Plan, PlannedScenario } from '../../src/model/plan.ts';
import type { Scenario } from '../../src/model/scenario.ts';
import { sequenceOfRun } from '../../src/model/sequence.ts';
import type { ClusterSettings } from '../../src/model/settings.ts';
import type { ScenarioResult } from '../../src/model/verdict.ts';
import { deployment, onceUpdated, READY_PROBE, service } from '../cluster/sandbox/quick-sandbox.ts';
import { aCluster } from './a-cluster.ts';

const SILENT: Progress = { line() {}, warning() {}, status() {}, section: () => ({ [Symbol.dispose]() {} }) };

/**
 * Pods come and go in milliseconds. Balancers are nearly as slow as kube-proxy: so late that requests get lost without
 * a hook, and far quicker than the hooks of these tests. A busy machine needs such room, and long deadlines.
 */
const FAST_PODS: PartialSandboxOptions = {
  deadAddress: 'refused',
  kubelet: { podSetupMs: 20, containerStartMs: 10, podTeardownMs: 50, podRemovalMs: 10 },
  proxy: { minSyncPeriodMs: 800 },
};

/** What is different from two healthy replicas that are restarted and probed over new connections. */
export interface SandboxRun {
  readonly container?: object;
  readonly deployment?: object;
  readonly scenario?: Partial<Scenario>;
  /** Pods are asked at their own addresses as well: it takes a process more. */
  readonly podProbes?: true;
  readonly planned?: Partial<PlannedScenario>;
  readonly cluster?: Partial<ClusterSettings>;
  readonly options?: PartialSandboxOptions;
  /** Scenarios beside this one, each different from two healthy replicas in its own way. */
  readonly others?: readonly Pick<SandboxRun, 'container' | 'deployment' | 'scenario' | 'planned'>[];
  /** Which of them run at the same time; absent: none. */
  readonly rounds?: Plan['rounds'];
  /** How long a Service may take until it answers, where one never will. */
  readonly warmUpLimitMs?: number;
  /** Hears every line that tells people of the run. */
  hear?(line: string): void;
  /** What goes wrong as soon as the update has been triggered. */
  fault?(sandbox: Sandbox): void;
}

export interface SandboxOutcome extends GateOutcome {
  readonly row: ScenarioResult;
  /** Where the recordings are. */
  readonly outputDir: string;
}

/** What the gate says of a machine that had something else to do. */
const NO_ROOM: ReadonlySet<string> = new Set([
  ...['not-judged', 'prober-asleep', 'schedule-not-kept', 'prober-hole', 'prober-hole-while-terminating'],
  ...['control-sparse', 'too-few-before', 'control-not-clean', 'drops-excused'],
]);

function hadNoRoom({ row: { runs, trials = [] } }: SandboxOutcome): boolean {
  return [...runs, ...trials.flatMap(({ results }) => results)].some(
    ({ verdict, reasons }) => verdict === 'inconclusive' && reasons.every(({ code }) => NO_ROOM.has(code)),
  );
}

/**
 * Runs the whole gate, unchanged, on a sandbox. One that says itself that the machine let it measure nothing is run once
 * more and named; what has a verdict is never asked again. Its folders go with the test file.
 */
export function gateOnSandbox(): (run?: SandboxRun) => Promise<SandboxOutcome> {
  let folder: string;
  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'rollproof-gate-'));
  });
  afterAll(() => rm(folder, { recursive: true, force: true }));
  const once = async (run: SandboxRun): Promise<SandboxOutcome> => {
    const outputDir = await mkdtemp(join(folder, 'run-'));
    const outcome = await runGate({
      plan: withStaticFindings({
        cluster: { ...aCluster('sandbox'), ...run.cluster },
        scenarios: [run, ...(run.others ?? [])].map((one) => ({
          scenario: scenarioOf(one),
          repeat: 1,
          objects: [manifest(web(one)), manifest(service())],
          ...one.planned,
        })),
        ...(run.rounds && { rounds: run.rounds }),
        report: { outputDir, comment: 'never', check: true, failOn: [] },
        assumed: [],
        warnings: [],
      }),
      provider: provider(run),
      proberProgram: join(import.meta.dirname, '../../src/prober/program/main.ts'),
      workDir: outputDir,
      workingDirectory: outputDir,
      version: '0.0.0',
      ...(run.warmUpLimitMs !== undefined && { warmUpLimitMs: run.warmUpLimitMs }),
      progress: {
        ...SILENT,
        line: (text) => run.hear?.(text),
        section: (title) => {
          run.hear?.(title);
          return SILENT.section(title);
        },
      },
      signal: new AbortController().signal,
    });
    const [row] = outcome.result.scenarios;
    if (!row) throw new Error(JSON.stringify(outcome.result.reasons));
    return { ...outcome, row, outputDir };
  };
  return async (run = {}) => {
    const outcome = await once(run);
    if (!hadNoRoom(outcome)) return outcome;
    console.log(
      `once more, because the machine let it measure nothing: ${JSON.stringify(outcome.row.reasons)}`,
    );
    return once(run);
  };
}

function provider({ options, fault }: SandboxRun): ClusterProvider {
  const { acquire } = sandboxProvider({ ...FAST_PODS, ...options });
  return {
    async acquire(...parameters) {
      const cluster = await acquire(...parameters);
      if (fault) onceUpdated(cluster.sandbox, 'web', () => fault(cluster.sandbox));
      return cluster;
    },
  };
}

/** A dropped request is proven when it is seen: only a pass needs the long tail, and enough requests before the update. */
export const BRIEF: Partial<Scenario> = { ratePerSecond: 30, baselineMs: 1_000, tailMs: 500 };

/** What makes the container good: longer than the balancers of these tests take. */
export const HOOK = { lifecycle: { preStop: { sleep: { seconds: 2 } } } };

/** Each update writes a number into the pods, and answers have to carry it as `version`. */
export const NUMBERED: Partial<Scenario> = {
  update: { kind: 'sequence', name: 'VERSION', ...sequenceOfRun(1) },
  expect: { statusFrom: 200, statusTo: 299, sequence: { path: '$.version', ...sequenceOfRun(1) } },
};

/** As few requests as a pass may rest on: 200 before the update and 200 in the five seconds after it. */
const SCENARIO: Scenario = {
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
  ratePerSecond: 45,
  connections: 4,
  deadlineMs: 5_000,
  baselineMs: 4_600,
  tailMs: 5_000,
  rolloutDeadlineMs: 30_000,
  expect: { statusFrom: 200, statusTo: 299 },
};

function scenarioOf({ scenario, podProbes }: SandboxRun): Scenario {
  const { podProbes: _, ...asking } = { ...SCENARIO, ...scenario };
  return podProbes ? asking : { ...asking, podProbes: false };
}

function web({ container, deployment: spec }: SandboxRun) {
  return deployment({
    replicas: 2,
    container: { ...READY_PROBE, ...container },
    pod: { terminationGracePeriodSeconds: 5 },
    ...(spec && { deployment: spec }),
  });
}

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
