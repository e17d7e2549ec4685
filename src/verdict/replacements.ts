import type { ReplacementCounts, Replacements, RunResult } from '../model/verdict.ts';
import type { Sample } from './account.ts';
import type { PodLife } from './pod-generations.ts';
import { upperBound } from './sample-size.ts';

/** A node may know that a pod ends before the watch tells us. */
const BEFORE_TERMINATION_MS = 250;

/**
 * How many of the pods that were replaced cost a request: each drop is laid to the old pod that was the last to be
 * told to end before the drop was over, or to the first one where none was.
 */
export function countReplacements(
  replaced: readonly PodLife[],
  drops: readonly Sample[],
): ReplacementCounts | undefined {
  if (replaced.length === 0) return undefined;
  const inOrder = replaced
    .map(({ uid, terminatingMs = 0 }) => ({ uid, fromMs: terminatingMs - BEFORE_TERMINATION_MS }))
    .sort((a, b) => a.fromMs - b.fromMs);
  const hit = new Set(
    drops.map(({ endedMs, sentMs, scheduledMs }) => {
      const overMs = endedMs ?? sentMs ?? scheduledMs;
      return (inOrder.findLast(({ fromMs }) => fromMs <= overMs) ?? inOrder[0])?.uid;
    }),
  );
  return { total: inOrder.length, withDrops: hit.size };
}

/** Puts the replacements of several runs together, with the share of bad ones that they cannot exclude. */
export function replacementsOfRuns(runs: readonly RunResult[]): Replacements | undefined {
  const all = runs.flatMap(({ replacements }) => (replacements ? [replacements] : []));
  const total = all.reduce((sum, one) => sum + one.total, 0);
  const withDrops = all.reduce((sum, one) => sum + one.withDrops, 0);
  const bound = upperBound(withDrops, total);
  return bound === undefined ? undefined : { total, withDrops, upperBound95: bound };
}
