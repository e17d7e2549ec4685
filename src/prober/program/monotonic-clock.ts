/** Milliseconds of this machine's monotonic clock, with fractions. Equal in all processes on one kernel. */
export function monotonicMs(): number {
  return Number(process.hrtime.bigint()) / 1e6;
}
