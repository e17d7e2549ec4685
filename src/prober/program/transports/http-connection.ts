import type { StreamSpec } from '../../protocol.ts';
import type { Dial, OwnedConnection } from './owned-connection.ts';
import type { RunningSend, SendEnd } from './transport.ts';

/** HTTP/1.1 over one connection that is already up, one request at a time. No request is ever sent twice. */
export interface HttpConnection {
  /** False once either side has begun to close it, or what came over it forbids another request. */
  readonly usable: boolean;
  /**
   * Sends the stream's request number `seq`. May be called again when the one before has ended and `usable` still
   * holds; then `onUntouched` is called instead of `onEnd` where the connection turns out to be closed before a byte
   * was written.
   */
  exchange(seq: number, onEnd: (end: SendEnd) => void, onUntouched?: () => void): RunningSend;
  close(): void;
}

/** What writes the requests of one stream and parses the answers. */
export interface HttpEngine {
  /** What arrives over its connections is handed to their `receive`, and not made into events. */
  readonly readsItself: boolean;
  /** How its connections are opened; absent: plainly. */
  readonly dial?: Dial;
  open(connection: OwnedConnection): HttpConnection;
}

/** Whether a connection carries one request only, and says so. */
export function isUsedOnce({ connection }: StreamSpec): boolean {
  return connection === 'new' || connection === 'slow';
}

/** Stands in a path for the number of the request. */
const SEQ = '{seq}';

/** The path of a stream's request number `seq`. */
export function pathOf({ path }: StreamSpec, seq: number): string {
  return path.includes(SEQ) ? path.replaceAll(SEQ, String(seq)) : path;
}

/** The peer closed in good order before its answer was whole. */
export const CLOSED = 'CLOSED';
