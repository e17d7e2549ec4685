import type { Installation } from '../platform/installation.ts';
import type { Log } from '../publish/log.ts';

/** What every command of one start of the program shares. */
export interface Session {
  readonly log: Log;
  readonly installation: Installation;
  /** Aborted by Ctrl-C and SIGTERM; the reason is a CancelledError. */
  readonly signal: AbortSignal;
}
