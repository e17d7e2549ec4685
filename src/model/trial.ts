import type { Cause } from './finding.ts';
import type { ManifestPatch } from './manifest-patch.ts';

/**
 * A run of a scenario with other manifests than the user's: nothing that happens in it counts for or against the
 * user's own. The change exists in memory only.
 */
export interface Trial {
  /**
   * `fix`: do the suggestions help? `sensitivity`: would a deliberately bad twin have dropped requests?
   * `rolled-control`: does a known-good app lose requests here as well, when it is updated?
   */
  readonly kind: 'fix' | 'sensitivity' | 'rolled-control';
  /** Whose suggestions are tried, all at once; none for the others. */
  readonly causes: readonly Cause[];
  /** What was changed, in both states of the manifests where there are two. */
  readonly patches: readonly ManifestPatch[];
  /** How many such runs have to pass. They end at the first that is against the change; those without a verdict do not count. */
  readonly runs: number;
}
