import type { Phase } from '../model/verdict.ts';

/**
 * The instants at which phases are cut. Where one is not known, the phase before it goes on.
 *
 *     before │ during          │ after         │ tail
 *            triggered         complete        oldPodsGone
 */
export interface PhaseCuts {
  readonly triggeredMs?: number;
  readonly completeMs?: number;
  readonly oldPodsGoneMs?: number;
}

/** The phase of a request that was due at an instant. Every instant belongs to exactly one. */
export function phaseAt(cuts: PhaseCuts, dueMs: number): Phase {
  const { triggeredMs, completeMs, oldPodsGoneMs } = cuts;
  if (triggeredMs === undefined || dueMs < triggeredMs) return 'before';
  // Old pods may be gone before the new ones are ready (`Recreate`): the tail begins when both have happened.
  if (completeMs === undefined || dueMs < completeMs) return 'during';
  if (oldPodsGoneMs === undefined || dueMs < oldPodsGoneMs) return 'after';
  return 'tail';
}
