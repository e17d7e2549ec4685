import type { Cluster } from '../cluster/cluster-provider.ts';
import type { PlannedScenario } from '../model/plan.ts';
import type { Trial } from '../model/trial.ts';
import type { Company } from './company.ts';
import type { Progress } from './progress.ts';
import type { SharedPlaces } from './shared-places.ts';

/** What one run of one scenario is made with. */
export interface ScenarioRun {
  readonly planned: PlannedScenario;
  /** 1-based. */
  readonly run: number;
  /** Set where `planned` holds other manifests than the user's. */
  readonly trial?: Trial;
  readonly cluster: Cluster;
  /** The cluster is removed right after this run, and what is in it with it. */
  readonly clusterGoesNext: boolean;
  readonly places: SharedPlaces;
  /** 0 where it runs alone; of those that run at the same time each has another. */
  readonly lane: number;
  /** Who else runs on the cluster at the same time. */
  readonly company: Company;
  /** Path of the file the recording is written to; its folder exists. */
  readonly recordingPath: string;
  /** Rollproof's own version. */
  readonly version: string;
  /** Where a command of the user's runs. */
  readonly workingDirectory: string;
  /** How long a Service may take until it answers before it is probed all the same; absent: as long as any needs. */
  readonly warmUpLimitMs?: number;
  readonly progress: Progress;
  readonly signal: AbortSignal;
}
