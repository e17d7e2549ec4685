import type { ManifestObject } from './manifest.ts';
import type { Scenario } from './scenario.ts';
import type { ClusterSettings, ReportSettings } from './settings.ts';
import type { StaticFinding } from './static-finding.ts';

/** Everything that will be done, decided before a cluster is booted. */
export interface Plan {
  readonly cluster: ClusterSettings;
  readonly scenarios: readonly PlannedScenario[];
  /** Which scenarios run at the same time, in the order of running; absent: each alone, one after the other. */
  readonly rounds?: readonly Round[];
  readonly report: ReportSettings;
  /** What was inferred, one line each, in the order of inference: `deployment web (the only one behind a Service)`. */
  readonly assumed: readonly string[];
  /** Things that are legal and doubtful (`Recreate`, `imagePullPolicy: Always` with a loaded image). */
  readonly warnings: readonly string[];
}

/** Scenarios that run at the same time on one cluster. */
export interface Round {
  /** Places in `Plan.scenarios`, ascending. */
  readonly scenarios: readonly number[];
  /** Why nothing runs beside the one that there is. */
  readonly alone?: string;
}

/** After drops that nothing explains, or after any. */
export type RolledControlWhen = 'unexplained' | 'dropped';

export interface PlannedScenario {
  readonly scenario: Scenario;
  readonly repeat: number;
  /** How often a suggestion is tried where requests were dropped; absent: not at all. */
  readonly tryFixRuns?: number;
  /** Whether a bad twin is run where nothing was dropped. */
  readonly sensitivity?: true;
  /** After which drops a known-good app is rolled in the place of the user's; absent: after none. */
  readonly rolledControl?: RolledControlWhen;
  /** Make all runs, also after one that failed clearly. */
  readonly repeatAll?: true;
  /** What is applied before the baseline: the old version. */
  readonly objects: readonly ManifestObject[];
  /** `update: apply`: what is applied as the update, whole. */
  readonly updatedObjects?: readonly ManifestObject[];
  /** What the manifests alone show about the Deployment and the Service; absent where nobody wants to know. */
  readonly staticFindings?: readonly StaticFinding[];
}

/** The manifests of one scenario, as read from the user's files; same order as `Settings.scenarios`. */
export interface ScenarioManifests {
  readonly objects: readonly ManifestObject[];
  /** `update: apply` only: the state that is applied as the update. */
  readonly updatedObjects?: readonly ManifestObject[];
}
