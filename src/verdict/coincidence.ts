import type { Note } from '../model/recording.ts';
import type { DropClass } from '../model/verdict.ts';
import type { Sample } from './account.ts';
import { isClusterTrouble } from './guards.ts';

/** Drops of the workload this close to a drop of the steady control are laid to what both have in common. */
const COINCIDENCE_MS = 250;

/** A control that was out for long went down and came back no more than this apart from the workload. */
const LONG_COINCIDENCE_MS = 1_000;

/**
 * Drops this long before and after a trouble of the cluster are laid to it, because the control does not see it: its
 * endpoints do not change. It is noticed late, and what nodes know of endpoints is behind for a while after it.
 */
const BEFORE_TROUBLE_MS = 10_000;
const AFTER_TROUBLE_MS = 30_000;

const TIMEOUTS: ReadonlySet<string> = new Set<DropClass>(['connect-timeout', 'answer-timeout']);

/** What else was going on when a request was dropped: the control lost one, too, or the cluster was in trouble. */
export type Coincidence = 'control' | 'cluster';

/** Tells what a dropped request coincides with; undefined where it is the workload's own. `slow`: answers take long. */
export function coincidences(
  controlSamples: readonly Sample[],
  notes: readonly Note[],
  slow = false,
): (drop: Sample) => Coincidence | undefined {
  const controlOutages = outagesOf(controlSamples);
  const troubles = notes.filter(isClusterTrouble);
  return (drop) => {
    // A slow request that was cut has met what cut it at its end, long after it was sent.
    const instants = slow ? [instantOf(drop), drop.endedMs ?? instantOf(drop)] : [instantOf(drop)];
    const withControl = controlOutages.some(({ fromMs, toMs, marginMs }) =>
      instants.some((dropMs) => dropMs >= fromMs - marginMs && dropMs <= toMs + marginMs),
    );
    if (withControl || hasWaitedWith(drop, controlOutages)) return 'control';
    return troubles.some(({ atMs }) =>
      instants.some((dropMs) => dropMs >= atMs - BEFORE_TROUBLE_MS && dropMs <= atMs + AFTER_TROUBLE_MS),
    )
      ? 'cluster'
      : undefined;
  };
}

/** A request that waited in vain while the control was out for more than a moment may have waited for the same. */
function hasWaitedWith(drop: Sample, controlOutages: ReturnType<typeof outagesOf>): boolean {
  const { end, endedMs } = drop;
  if (end.end !== 'dropped' || !TIMEOUTS.has(end.class) || endedMs === undefined) return false;
  return controlOutages.some(
    ({ fromMs, toMs }) => toMs - fromMs >= COINCIDENCE_MS && instantOf(drop) <= toMs && endedMs >= fromMs,
  );
}

/** Stretches in which the control answered nothing, each with how far apart from it a drop still coincides. */
function outagesOf(samples: readonly Sample[]) {
  const outages: { fromMs: number; toMs: number; marginMs: number }[] = [];
  let open: { fromMs: number; toMs: number; marginMs: number } | undefined;
  for (const sample of samples) {
    if (sample.end.end === 'ok') open = undefined;
    if (sample.end.end !== 'dropped') continue;
    const atMs = instantOf(sample);
    if (!open) {
      open = { fromMs: atMs, toMs: atMs, marginMs: COINCIDENCE_MS };
      outages.push(open);
    }
    open.toMs = atMs;
    open.marginMs = Math.max(COINCIDENCE_MS, Math.min(LONG_COINCIDENCE_MS, atMs - open.fromMs));
  }
  return outages;
}

function instantOf({ sentMs, scheduledMs }: Sample): number {
  return sentMs ?? scheduledMs;
}
