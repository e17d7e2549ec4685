/**
 * The error that came first, where releasing something failed after it: `using` wraps both, and the clean-up's failure
 * must not hide what went wrong.
 */
export function firstError(error: unknown): unknown {
  return error instanceof SuppressedError ? firstError(error.suppressed) : error;
}
