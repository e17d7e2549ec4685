import { join } from 'node:path';
import type { Cluster, ClusterProvider } from '../cluster/cluster-provider.ts';
import { imagesIn } from '../model/manifest-images.ts';
import type { Plan, PlannedScenario } from '../model/plan.ts';
import { EnvironmentError } from '../model/problem.ts';
import type { GateResult, Reason, RunResult, ScenarioResult } from '../model/verdict.ts';
import { gateResult, scenarioResult } from '../verdict/combine.ts';
import { judgeRun } from '../verdict/judge.ts';
import { firstError } from './first-error.ts';
import type { Progress } from './progress.ts';
import { recordingsFolder } from './recordings-folder.ts';
import { type NamedRecording, readNamedRecording } from './render-reports.ts';
import { runScenario } from './run-scenario.ts';
import { type SharedPlaces, sharedPlaces } from './shared-places.ts';

export interface GateOptions {
  readonly plan: Plan;
  readonly provider: ClusterProvider;
  /** Paths of the programs that run beside this one. */
  readonly proberProgram: string;
  /** Folder for kubeconfig and the like; exists and is private. */
  readonly workDir: string;
  readonly workingDirectory: string;
  readonly version: string;
  readonly progress: Progress;
  readonly signal: AbortSignal;
  /** Told a kind cluster's name immediately before it is created, so that somebody else can remove it if need be. */
  onCreating?(name: string): void;
}

/** What the gate found, and the recordings that it follows from. */
export interface GateOutcome {
  readonly result: GateResult;
  readonly recordings: readonly NamedRecording[];
  readonly clusterName?: string;
}

/**
 * Runs every scenario of the plan on one cluster and judges the recordings. A scenario that the environment spoils is
 * an `error` row and the others go on. Throws BadInputError and CancelledError; whatever was created is gone then.
 */
export async function runGate(options: GateOptions): Promise<GateOutcome> {
  const { plan, progress, signal } = options;
  const startedAt = new Date().toISOString();
  const outcome = (scenarios: readonly ScenarioResult[], reasons: readonly Reason[]): GateResult =>
    gateResult({ rollproof: options.version, startedAt, scenarios, reasons, assumed: plan.assumed });
  const recordings: NamedRecording[] = [];
  try {
    await using cluster = await bootCluster(options);
    await using places = sharedPlaces({
      cluster,
      proberProgram: options.proberProgram,
      proberImage: plan.cluster.proberImage,
      signal,
    });
    const folder = await recordingsFolder(plan.report.outputDir);
    const scenarios: ScenarioResult[] = [];
    for (const [index, planned] of plan.scenarios.entries()) {
      using _section = progress.section(
        `Scenario ${index + 1}/${plan.scenarios.length}: ${planned.scenario.name}`,
      );
      scenarios.push(await runRepeatedly(options, { planned, index, cluster, places, folder, recordings }));
    }
    if (scenarios.some(({ verdict }) => verdict === 'error')) {
      await cluster.collectLogs(logsDirOf(plan));
    }
    progress.status('removing the cluster');
    return { result: outcome(scenarios, []), recordings, clusterName: cluster.name };
  } catch (thrown) {
    signal.throwIfAborted();
    const error = firstError(thrown);
    if (!(error instanceof EnvironmentError)) throw error;
    return { result: outcome([], [environmentReason(error)]), recordings };
  }
}

async function bootCluster(options: GateOptions): Promise<Cluster> {
  const { plan, provider, progress, signal, workDir, onCreating } = options;
  using _section = progress.section('Cluster');
  return await provider.acquire(plan.cluster, {
    signal,
    workDir,
    logsDir: logsDirOf(plan),
    progress: (line) => progress.line(line),
    imagesIfPresent: imagesOf(plan),
    ...(onCreating ? { onCreating } : {}),
  });
}

function logsDirOf({ report }: Plan): string {
  return join(report.outputDir, 'cluster-logs');
}

interface ScenarioPlace {
  readonly planned: PlannedScenario;
  readonly index: number;
  readonly cluster: Cluster;
  readonly places: SharedPlaces;
  /** Where recordings go. */
  readonly folder: string;
  /** Collects the recordings. */
  readonly recordings: NamedRecording[];
}

async function runRepeatedly(options: GateOptions, place: ScenarioPlace): Promise<ScenarioResult> {
  const { planned, index } = place;
  const runs: RunResult[] = [];
  const reasons: Reason[] = [];
  for (let run = 1; run <= planned.repeat; run++) {
    if (planned.repeat > 1) options.progress.line(`run ${run} of ${planned.repeat}`);
    const file = `${String(index + 1).padStart(2, '0')}-${slug(planned.scenario.name)}-run-${run}.ndjson`;
    const recordingPath = join(place.folder, file);
    try {
      await runScenario({ ...options, ...place, run, recordingPath });
    } catch (thrown) {
      options.signal.throwIfAborted();
      const error = firstError(thrown);
      if (!(error instanceof EnvironmentError)) throw error;
      options.progress.warning(`${error.problem.code} ${error.problem.what} ${error.problem.remedy}`);
      reasons.push(environmentReason(error));
    }
    const recording = await readNamedRecording(recordingPath);
    place.recordings.push(recording);
    const result = judgeRun(recording.entries);
    runs.push(result);
    options.progress.line(
      `verdict: ${result.verdict}${result.reasons[0] ? `: ${result.reasons[0].text}` : ''}`,
    );
  }
  return scenarioResult({
    scenario: planned.scenario,
    environment: place.cluster.environment,
    runs,
    reasons,
  });
}

function environmentReason({ problem }: EnvironmentError): Reason {
  return {
    code: problem.code,
    text: [problem.what, problem.why].filter(Boolean).join(' '),
    remedy: problem.remedy,
  };
}

/** Every image the plan may put into a pod: those on this machine need not be pulled by the nodes. */
function imagesOf({ scenarios }: Plan): readonly string[] {
  const images = scenarios.flatMap(({ scenario, objects, updatedObjects = [] }) => [
    ...(scenario.update.kind === 'image' ? [scenario.update.image] : []),
    ...[...objects, ...updatedObjects].flatMap(({ content }) => imagesIn(content)),
  ]);
  return [...new Set(images)];
}

function slug(name: string): string {
  return (
    name
      .toLowerCase()
      .replace(/[^a-z0-9]+/g, '-')
      .replace(/^-|-$/g, '')
      .slice(0, 60) || 'scenario'
  );
}
