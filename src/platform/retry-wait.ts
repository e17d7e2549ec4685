/** How an HTTP exchange with GitHub ended, as far as trying again is concerned. */
export interface FailedExchange {
  /** Absent where no answer arrived. */
  readonly status?: number | undefined;
  readonly headers: Readonly<Record<string, string | number | undefined>>;
  readonly message: string;
  /** 1 for the first try. */
  readonly attempt: number;
  /** Doing it twice is the same as doing it once. */
  readonly repeatable: boolean;
}

/** GitHub asks for a minute after a secondary limit that names no time of its own. */
const SECONDARY_LIMIT_WAIT_MS = 60_000;

/**
 * How long to wait before the same request may be sent again; undefined where it must not be.
 * A rate limit is always worth a second try, because GitHub then did nothing. After a server error or no answer at
 * all it may have done it, so only what is repeatable is repeated.
 */
export function retryWaitMs(failed: FailedExchange, firstWaitMs: number, nowMs: number): number | undefined {
  const asked = askedWaitMs(failed.headers, nowMs);
  if (isRateLimit(failed)) return asked ?? SECONDARY_LIMIT_WAIT_MS;
  const transient = failed.status === undefined || failed.status >= 500;
  if (!transient || !failed.repeatable) return undefined;
  return asked ?? firstWaitMs * 2 ** (failed.attempt - 1);
}

/** GitHub answers 429, or 403 with the limit's headers or its name. */
export function isRateLimit({
  status,
  headers,
  message,
}: Pick<FailedExchange, 'status' | 'headers' | 'message'>): boolean {
  if (status === 429) return true;
  const limited = headers['retry-after'] !== undefined || String(headers['x-ratelimit-remaining']) === '0';
  return status === 403 && (limited || /secondary rate limit/i.test(message));
}

function askedWaitMs(headers: FailedExchange['headers'], nowMs: number): number | undefined {
  const after = headers['retry-after'];
  if (after !== undefined) {
    const waitMs = /^\d+$/.test(String(after)) ? Number(after) * 1000 : Date.parse(String(after)) - nowMs;
    return Number.isNaN(waitMs) ? undefined : Math.max(0, waitMs);
  }
  const reset = Number(headers['x-ratelimit-reset']);
  const exhausted = String(headers['x-ratelimit-remaining']) === '0';
  return exhausted && reset > 0 ? Math.max(0, reset * 1000 - nowMs) : undefined;
}
