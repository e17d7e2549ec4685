import type { Note } from '../model/recording.ts';
import type { Sample } from './account.ts';
import { isClusterTrouble } from './guards.ts';

/** Drops of the workload this close to a drop of the steady control are laid to what both have in common. */
const COINCIDENCE_MS = 250;

/**
 * Drops this long before and after a trouble of the cluster are laid to it, because the control does not see it: its
 * endpoints do not change. It is noticed late, and what nodes know of endpoints is behind for a while after it.
 */
const BEFORE_TROUBLE_MS = 10_000;
const AFTER_TROUBLE_MS = 30_000;

/** What else was going on when a request was dropped: the control lost one, too, or the cluster was in trouble. */
export type Coincidence = 'control' | 'cluster';

/** Tells what a dropped request coincides with; undefined where it is the workload's own. */
export function coincidences(
  controlSamples: readonly Sample[],
  notes: readonly Note[],
): (drop: Sample) => Coincidence | undefined {
  const controlDrops = controlSamples.filter(({ end }) => end.end === 'dropped');
  const troubles = notes.filter(isClusterTrouble);
  return (drop) => {
    const dropMs = instantOf(drop);
    if (controlDrops.some((control) => Math.abs(dropMs - instantOf(control)) <= COINCIDENCE_MS)) {
      return 'control';
    }
    return troubles.some(
      ({ atMs }) => dropMs >= atMs - BEFORE_TROUBLE_MS && dropMs <= atMs + AFTER_TROUBLE_MS,
    )
      ? 'cluster'
      : undefined;
  };
}

function instantOf({ sentMs, scheduledMs }: Sample): number {
  return sentMs ?? scheduledMs;
}
