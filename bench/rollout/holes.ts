/** What the witness saw of one tool. Milliseconds. */
export interface Holes {
  readonly arrived: number;
  /** Longest stretch without an arrival from the update until the last old pod is gone. */
  readonly duringMs: number;
  /** The same before the update, over a stretch of the tool's own choosing of a start. */
  readonly beforeMs: number;
  readonly rolloutMs: number;
}

export interface Rollout {
  readonly triggeredMs: number;
  readonly goneMs: number;
}

/** How long a tool may take to find its pace. */
const SETTLING_MS = 1_000;

/** Arrivals of all pods together, on the clock of the rollout. */
export function holesIn(arrivalsMs: readonly number[], { triggeredMs, goneMs }: Rollout): Holes {
  const sorted = arrivalsMs.toSorted((a, b) => a - b);
  const begunMs = (sorted[0] ?? triggeredMs) + SETTLING_MS;
  return {
    arrived: sorted.length,
    duringMs: longestGap(sorted, triggeredMs, goneMs),
    beforeMs: longestGap(sorted, begunMs, triggeredMs),
    rolloutMs: goneMs - triggeredMs,
  };
}

/** The stretches before the first and after the last arrival count, so that none at all is one hole. */
function longestGap(sorted: readonly number[], fromMs: number, toMs: number): number {
  const instants = [fromMs, ...sorted.filter((ms) => ms > fromMs && ms < toMs), toMs];
  return instants.slice(1).reduce((longest, ms, index) => Math.max(longest, ms - (instants[index] ?? ms)), 0);
}
