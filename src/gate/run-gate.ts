import { join } from 'node:path';
import type { Cluster, ClusterProvider } from '../cluster/cluster-provider.ts';
import { imagesIn } from '../model/manifest-images.ts';
import type { Plan, Round } from '../model/plan.ts';
import { EnvironmentError } from '../model/problem.ts';
import type { GateResult, Reason, ScenarioResult } from '../model/verdict.ts';
import { gateResult } from '../verdict/combine.ts';
import { firstError } from './first-error.ts';
import type { Progress } from './progress.ts';
import { recordingsFolder } from './recordings-folder.ts';
import type { NamedRecording } from './render-reports.ts';
import { environmentReason, type RoundOutcome, runRound } from './run-round.ts';
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
  /** How long a Service may take until it answers before it is probed all the same; absent: as long as any needs. */
  readonly warmUpLimitMs?: number;
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
 * Runs every scenario of the plan on one cluster, round by round, and judges the recordings. A scenario that the environment spoils is
 * an `error` row and the others go on. Throws BadInputError and CancelledError; whatever was created is gone then.
 */
export async function runGate(options: GateOptions): Promise<GateOutcome> {
  const { plan, progress, signal } = options;
  const startedAt = new Date().toISOString();
  const outcome = (scenarios: readonly ScenarioResult[], reasons: readonly Reason[]): GateResult =>
    gateResult({ rollproof: options.version, startedAt, scenarios, reasons, assumed: plan.assumed });
  const results: RoundOutcome[] = [];
  try {
    await using cluster = await bootCluster(options);
    await using places = sharedPlaces({
      cluster,
      proberProgram: options.proberProgram,
      proberImage: plan.cluster.proberImage,
      signal,
    });
    const folder = await recordingsFolder(plan.report.outputDir);
    const { version, workingDirectory, warmUpLimitMs } = options;
    const rounds = plan.rounds ?? plan.scenarios.map((_, index) => ({ scenarios: [index] }));
    for (const [index, round] of rounds.entries()) {
      using _section = progress.section(titleOf(round, plan));
      const isLast = index === rounds.length - 1;
      const clusterGoesNext = isLast && plan.cluster.provider !== 'existing' && !plan.cluster.keep;
      const common = {
        cluster,
        clusterGoesNext,
        places,
        folder,
        version,
        workingDirectory,
        ...(warmUpLimitMs !== undefined && { warmUpLimitMs }),
        progress,
        signal,
      };
      const members = round.scenarios.flatMap((at) => {
        const planned = plan.scenarios[at];
        return planned ? [{ planned, index: at }] : [];
      });
      results.push(...(await runRound(members, common)));
    }
    // Whatever ran at the same time or before another: the report keeps the order of the plan.
    const scenarios = inOrder(results).map(({ result }) => result);
    if (scenarios.some(({ verdict }) => verdict === 'error')) {
      await cluster.collectLogs(logsDirOf(plan));
    }
    progress.status('removing the cluster');
    return { result: outcome(scenarios, []), recordings: recordingsOf(results), clusterName: cluster.name };
  } catch (thrown) {
    signal.throwIfAborted();
    const error = firstError(thrown);
    if (!(error instanceof EnvironmentError)) throw error;
    return { result: outcome([], [environmentReason(error.problem)]), recordings: recordingsOf(results) };
  }
}

function inOrder(results: readonly RoundOutcome[]): readonly RoundOutcome[] {
  return results.toSorted((a, b) => a.index - b.index);
}

function recordingsOf(results: readonly RoundOutcome[]): readonly NamedRecording[] {
  return inOrder(results).flatMap(({ recordings }) => recordings);
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

/** `Scenario 2/4: keep-alive`, `Scenarios 1 and 3 of 4, together: new connections | keep-alive` */
function titleOf({ scenarios }: Round, { scenarios: all }: Plan): string {
  const names = scenarios.map((at) => all[at]?.scenario.name ?? '').join(' | ');
  const numbers = scenarios.map((at) => at + 1);
  return numbers.length === 1
    ? `Scenario ${numbers[0]}/${all.length}: ${names}`
    : `Scenarios ${numbers.slice(0, -1).join(', ')} and ${numbers.at(-1)} of ${all.length}, together: ${names}`;
}

/** Every image the plan may put into a pod: those on this machine need not be pulled by the nodes. */
function imagesOf({ scenarios }: Plan): readonly string[] {
  const images = scenarios.flatMap(({ scenario, objects, updatedObjects = [] }) => [
    ...(scenario.update.kind === 'image' ? [scenario.update.image] : []),
    ...[...objects, ...updatedObjects].flatMap(({ content }) => imagesIn(content)),
  ]);
  return [...new Set(images)];
}
