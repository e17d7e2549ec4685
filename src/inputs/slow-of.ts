import type { ConnectionMode, Measure } from '../model/scenario.ts';
import { given } from './given.ts';

const DEFAULT_DURATION_MS = 3_000;
const DEFAULT_TIMEOUT_MS = 5_000;

/** How long answers may take: the time-out, on top of what `connection: slow` asks for. */
export function slowOf(
  mode: ConnectionMode,
  said: {
    readonly timeout?: number | undefined;
    readonly 'slow-duration'?: number | undefined;
    readonly 'slow-header'?: string | undefined;
  },
): Pick<Measure, 'slow' | 'deadlineMs'> {
  const timeoutMs = said.timeout ?? DEFAULT_TIMEOUT_MS;
  if (mode !== 'slow') return { deadlineMs: timeoutMs };
  const durationMs = said['slow-duration'] ?? DEFAULT_DURATION_MS;
  return {
    slow: { durationMs, ...given('header', said['slow-header']) },
    deadlineMs: durationMs + timeoutMs,
  };
}
