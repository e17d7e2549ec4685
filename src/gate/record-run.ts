import { join } from 'node:path';
import type { Cluster } from '../cluster/cluster-provider.ts';
import type { PlannedScenario } from '../model/plan.ts';
import { BadInputError, EnvironmentError, type Problem } from '../model/problem.ts';
import { slug } from '../model/slug.ts';
import type { Trial } from '../model/trial.ts';
import { numberedScenario } from '../plan/numbered-scenario.ts';
import type { Company } from './company.ts';
import { firstError } from './first-error.ts';
import type { Progress } from './progress.ts';
import { type NamedRecording, readNamedRecording } from './render-reports.ts';
import { runScenario } from './run-scenario.ts';
import type { SharedPlaces } from './shared-places.ts';

/** Where and with what the runs of one scenario are made. */
export interface ScenarioPlace {
  readonly planned: PlannedScenario;
  /** 0-based place of the scenario in the plan. */
  readonly index: number;
  readonly cluster: Cluster;
  /** The cluster is removed after the last run of this scenario. */
  readonly clusterGoesNext: boolean;
  readonly places: SharedPlaces;
  /** Its place among those that run at the same time, from 0, and who they are. */
  readonly lane: number;
  readonly company: Company;
  /** Where recordings go. */
  readonly folder: string;
  readonly version: string;
  readonly workingDirectory: string;
  /** How long a Service may take until it answers before it is probed all the same; absent: as long as any needs. */
  readonly warmUpLimitMs?: number;
  readonly progress: Progress;
  readonly signal: AbortSignal;
}

/** One run's recording, and what kept it from being made as it should. */
export interface Recorded {
  readonly recording: NamedRecording;
  readonly problems: readonly Problem[];
}

/** Which run it is. */
export interface WhichRun {
  /** 1-based. */
  readonly run: number;
  readonly trial?: Trial;
  /** It was made before, beside others, and is made once more with nobody beside it. */
  readonly again?: true;
}

/** Makes one run and reads its recording back, which exists however the run ended. See `makeRun`. */
export async function recordRun(place: ScenarioPlace, which: WhichRun): Promise<Recorded> {
  const { recordingPath, problems } = await makeRun(place, which);
  return { recording: await readNamedRecording(recordingPath), problems };
}

/**
 * Makes one run. Nothing is read or judged here: that takes processor time, which runs beside it would miss. A spoilt
 * environment is told of, not thrown; of a trial so are manifests that the API server refuses, because they are not
 * the user's own.
 */
export async function makeRun(
  place: ScenarioPlace,
  which: WhichRun,
): Promise<{ readonly recordingPath: string; readonly problems: readonly Problem[] }> {
  const { run, trial } = which;
  const recordingPath = join(place.folder, `${recordingName(place, which)}.ndjson`);
  const problems: Problem[] = [];
  const { planned } = place;
  const mayBeTried = planned.sensitivity || planned.tryFixRuns !== undefined || planned.rolledControl;
  const clusterGoesNext = place.clusterGoesNext && run === planned.repeat && !mayBeTried;
  try {
    await runScenario({
      ...place,
      planned: numberedScenario(planned, run),
      clusterGoesNext,
      run,
      recordingPath,
      ...(trial && { trial }),
    });
  } catch (thrown) {
    place.signal.throwIfAborted();
    const error = firstError(thrown);
    if (error instanceof EnvironmentError) problems.push(error.problem);
    else if (trial && error instanceof BadInputError) problems.push(...error.problems);
    else throw error;
    for (const { code, what, remedy } of problems) place.progress.warning(`${code} ${what} ${remedy}`);
  }
  return { recordingPath, problems };
}

/** `01-new-connections-run-1`, `01-new-connections-fix-run-1`, `01-new-connections-alone-run-1` */
function recordingName({ index, planned }: ScenarioPlace, { run, trial, again }: WhichRun): string {
  const kind = trial ? `${trial.kind}-` : again ? 'alone-' : '';
  return `${String(index + 1).padStart(2, '0')}-${slug(planned.scenario.name)}-${kind}run-${run}`;
}
