/** An open-loop schedule: probe `seq` is due at `startMs + seq * intervalMs`, whatever happened before. */
export interface Schedule {
  /** When probe 0 is due, on the prober's monotonic clock. */
  readonly startMs: number;
  readonly intervalMs: number;
}

/** When a probe is due, in milliseconds of the prober's monotonic clock. */
export function dueMs(schedule: Schedule, seq: number): number {
  return schedule.startMs + seq * schedule.intervalMs;
}

/** How many probes of the schedule are due before an instant. */
export function countDueBefore(schedule: Schedule, instantMs: number): number {
  let count = Math.max(0, Math.floor((instantMs - schedule.startMs) / schedule.intervalMs));
  // The division may round down across a whole number; the schedule itself decides.
  while (dueMs(schedule, count) < instantMs) count++;
  return count;
}

/**
 * True where a probe is so late that sending it would say nothing about the time it was due: a prober that slept
 * must not make up for it with a burst. A short delay is caught up, so that a busy machine loses no probe.
 */
export function isOverdue(schedule: Schedule, seq: number, nowMs: number): boolean {
  return nowMs - dueMs(schedule, seq) >= Math.max(100, 10 * schedule.intervalMs);
}
