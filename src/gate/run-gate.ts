import { join } from 'node:path';
import type { Cluster, ClusterProvider } from '../cluster/cluster-provider.ts';
import { imagesIn } from '../model/manifest-images.ts';
import type { Plan } from '../model/plan.ts';
import { EnvironmentError, type Problem } from '../model/problem.ts';
import type { GateResult, Reason, RunResult, ScenarioResult } from '../model/verdict.ts';
import { gateResult, runsLeftOut, scenarioResult } from '../verdict/combine.ts';
import { judgeRun } from '../verdict/judge.ts';
import { firstError } from './first-error.ts';
import type { Progress } from './progress.ts';
import { recordRun, type ScenarioPlace } from './record-run.ts';
import { recordingsFolder } from './recordings-folder.ts';
import type { NamedRecording } from './render-reports.ts';
import { runTrials } from './run-trials.ts';
import { sharedPlaces } from './shared-places.ts';

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
      const { version, workingDirectory } = options;
      const isLast = index === plan.scenarios.length - 1;
      const clusterGoesNext = isLast && plan.cluster.provider !== 'existing' && !plan.cluster.keep;
      const common = {
        cluster,
        clusterGoesNext,
        places,
        folder,
        version,
        workingDirectory,
        progress,
        signal,
      };
      const place = { planned, index, ...common };
      scenarios.push(await runRepeatedly(place, recordings));
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
    return { result: outcome([], [environmentReason(error.problem)]), recordings };
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

async function runRepeatedly(place: ScenarioPlace, recordings: NamedRecording[]): Promise<ScenarioResult> {
  const { planned, progress, cluster } = place;
  const { scenario } = planned;
  const runs: RunResult[] = [];
  const reasons: Reason[] = [];
  for (let run = 1; run <= planned.repeat; run++) {
    if (planned.repeat > 1) progress.line(`run ${run} of ${planned.repeat}`);
    const { recording, problems } = await recordRun(place, { run });
    reasons.push(...problems.map(environmentReason));
    recordings.push(recording);
    const result = judgeRun(recording.entries);
    runs.push(result);
    progress.line(`verdict: ${result.verdict}${result.reasons[0] ? `: ${result.reasons[0].text}` : ''}`);
    const left = planned.repeatAll ? 0 : runsLeftOut(result, planned.repeat);
    if (left > 0) {
      progress.line(`${left} more runs are not made: this one failed clearly`);
      break;
    }
  }
  const own = { scenario, environment: cluster.environment, runs, reasons };
  const trials = await runTrials(place, scenarioResult(own));
  recordings.push(...trials.map(({ recording }) => recording));
  return scenarioResult({
    ...own,
    trials: trials.map(({ trial, recording }) => ({ trial, result: judgeRun(recording.entries) })),
    runsNotMade: planned.repeatAll ? 0 : runsLeftOut(runs.at(-1), planned.repeat),
  });
}

function environmentReason({ code, what, why, remedy }: Problem): Reason {
  return { code, text: [what, why].filter(Boolean).join(' '), remedy };
}

/** Every image the plan may put into a pod: those on this machine need not be pulled by the nodes. */
function imagesOf({ scenarios }: Plan): readonly string[] {
  const images = scenarios.flatMap(({ scenario, objects, updatedObjects = [] }) => [
    ...(scenario.update.kind === 'image' ? [scenario.update.image] : []),
    ...[...objects, ...updatedObjects].flatMap(({ content }) => imagesIn(content)),
  ]);
  return [...new Set(images)];
}
