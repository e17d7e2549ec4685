import type { NeighbourFact } from '../model/recording.ts';
import type { BesideOthers } from '../model/verdict.ts';
import type { Account } from './account.ts';
import { detectionFloor, lengthOf } from './detection.ts';
import { HOLE_INTERVALS, HOLE_WHILE_TERMINATING_MS } from './hole-bounds.ts';
import type { RunFacts } from './run-facts.ts';

/** A stretch in which a run of another scenario was on the same cluster. */
export interface Presence {
  readonly scenario: string;
  readonly fromMs: number;
  /** Infinite where it stayed for longer than the recording. */
  readonly toMs: number;
}

/** What a neighbour did last may reach nodes a second later, and what it leaves behind is cleared away in a few. */
const AFTER_NEIGHBOUR_MS = 5_000;

/** When others were there; each run of theirs is a stretch. */
export function presencesOf(neighbours: readonly NeighbourFact[]): readonly Presence[] {
  return [
    ...Map.groupBy(neighbours, ({ scenario, run }) => JSON.stringify([scenario, run])).values(),
  ].flatMap((facts) => {
    const [first] = facts;
    if (!first) return [];
    // Only its last word counts: one that was heard of after it had gone is there again.
    const last = facts.at(-1);
    const toMs = last?.state === 'gone' ? last.atMs : Number.POSITIVE_INFINITY;
    return [{ scenario: first.scenario, fromMs: first.atMs, toMs }];
  });
}

/** Tells whether something between two instants may be a neighbour's doing. */
export function neighboursWithin(
  neighbours: readonly NeighbourFact[],
): (fromMs: number, toMs: number) => boolean {
  const presences = presencesOf(neighbours);
  return (fromMs, toMs) =>
    presences.some((presence) => toMs >= presence.fromMs && fromMs <= presence.toMs + AFTER_NEIGHBOUR_MS);
}

/**
 * What the run could see beside others, from the update on and before it, and how much less it may see. Undefined where
 * it was alone while it was measured.
 */
export function besideOthers(facts: RunFacts, { samples, stream }: Account): BesideOthers | undefined {
  const { probingStartedMs = 0, probingStoppedMs, cuts } = facts;
  const there = presencesOf(facts.neighbours).filter(
    ({ fromMs, toMs }) => fromMs <= probingStoppedMs && toMs + AFTER_NEIGHBOUR_MS >= probingStartedMs,
  );
  if (there.length === 0) return undefined;
  const scenarios = [...new Set(there.map(({ scenario }) => scenario))];
  const { triggeredMs } = cuts;
  if (triggeredMs === undefined) return { scenarios };
  const answers = samples
    .flatMap(({ end, phase, sentMs, endedMs }) =>
      end.end === 'ok' && phase === 'before' && sentMs !== undefined && endedMs !== undefined
        ? [lengthOf({ fromMs: sentMs, toMs: endedMs })]
        : [],
    )
    .sort((a, b) => a - b);
  const answerMs = answers[Math.floor(answers.length / 2)] ?? 0;
  return {
    scenarios,
    floorMs: detectionFloor(samples, triggeredMs, probingStoppedMs),
    floorBeforeMs: detectionFloor(samples, probingStartedMs, triggeredMs),
    // What a pause may last while pods end, and one answer more: so the floor is made up.
    floorAllowedMs: Math.max(HOLE_WHILE_TERMINATING_MS, HOLE_INTERVALS * stream.intervalMs) + answerMs,
  };
}
