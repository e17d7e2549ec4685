import { connect, isIPv6, type Socket } from 'node:net';
import type { ProbePhase } from '../../../model/recording.ts';
import type { SourcePorts } from '../source-ports.ts';
import type { SendEnd } from './transport.ts';

/** Where connections go to and which source ports they may use. */
export interface Dialer {
  readonly address: string;
  readonly port: number;
  readonly sourcePorts: SourcePorts;
  /** Absent: the route to the target decides. */
  readonly sourceAddress?: string;
  nowMs(): number;
}

/** A connection that is up. Its source port goes back to rest when the socket closes. */
export interface OwnedConnection {
  readonly socket: Socket;
  readonly localPort: number;
  /** When it stood, on the dialer's clock. */
  readonly openedMs: number;
  /** `ip:port` of the peer. */
  readonly remote: string;
  /** Gets what arrives, where that was asked for; the memory is used again as soon as it returns. */
  receive?: (received: Buffer) => void;
}

/** How an attempt to connect ended. */
export type DialEnd =
  | { readonly kind: 'connected'; readonly connection: OwnedConnection }
  | { readonly kind: 'failed'; readonly phase: ProbePhase; readonly code: string; readonly localPort: number }
  | { readonly kind: 'no-source-port' };

/** The end of a request that got no connection. */
export function unconnectedEnd(end: Exclude<DialEnd, { readonly kind: 'connected' }>): SendEnd {
  if (end.kind === 'no-source-port') return { kind: 'unsent', why: end.kind };
  const { phase, code, localPort } = end;
  return { kind: 'failed', facts: { localPort, reused: false }, phase, code };
}

/** An attempt to connect that has not ended yet. */
export interface Dialing {
  /** Undefined where there was none to be had. */
  readonly localPort: number | undefined;
  giveUp(code: string): void;
}

/** A way to open one connection; its attempt ends exactly once. */
export type Dial = (dialer: Dialer, onEnd: (end: DialEnd) => void, handsOver?: boolean) => Dialing;

/**
 * Errors of this machine, raised before anything left it. They say nothing about the target, and are told with the
 * phase `bind`.
 */
export const LOCAL_ERRORS: ReadonlySet<string> = new Set([
  'EACCES',
  'EADDRINUSE',
  'EADDRNOTAVAIL',
  'EAFNOSUPPORT',
  'EINVAL',
  'EMFILE',
  'ENFILE',
  'ENOBUFS',
  'ENOMEM',
  'EPERM',
]);

/** Whatever arrives is read into the same memory and looked at before the next read. */
const RECEIVED = Buffer.allocUnsafeSlow(64 * 1024);

/**
 * Opens one connection from the next source port. A port that somebody else holds is skipped: that is found out
 * before a SYN leaves. Nothing else is tried twice. With `handsOver` what arrives goes to the connection's `receive`,
 * without memory of its own; else the socket's events tell of it.
 */
export function dial(dialer: Dialer, onEnd: (end: DialEnd) => void, handsOver = false): Dialing {
  let current: { readonly socket: Socket; readonly localPort: number } | undefined;
  let ended = false;
  const end = (result: DialEnd) => {
    if (ended) return;
    ended = true;
    onEnd(result);
  };

  const attempt = () => {
    const localPort = dialer.sourcePorts.take(dialer.nowMs());
    if (localPort === undefined) {
      process.nextTick(end, { kind: 'no-source-port' });
      return;
    }
    let connection: OwnedConnection | undefined;
    const socket = connect({
      host: dialer.address,
      port: dialer.port,
      localPort,
      ...(dialer.sourceAddress === undefined ? {} : { localAddress: dialer.sourceAddress }),
      autoSelectFamily: false,
      noDelay: true,
      ...(handsOver
        ? {
            onread: {
              buffer: RECEIVED,
              callback(length: number) {
                connection?.receive?.(RECEIVED.subarray(0, length));
                return true;
              },
            },
          }
        : {}),
    });
    current = { socket, localPort };
    socket.once('close', () => dialer.sourcePorts.release(localPort, dialer.nowMs()));
    socket.once('connect', () => {
      const peer = socket.remoteAddress ?? dialer.address;
      const remote = `${isIPv6(peer) ? `[${peer}]` : peer}:${socket.remotePort ?? dialer.port}`;
      connection = { socket, localPort, openedMs: dialer.nowMs(), remote };
      end({ kind: 'connected', connection });
    });
    // Stays for the socket's whole life: an error on an idle connection must not end the prober.
    socket.on('error', (error: NodeJS.ErrnoException) => {
      if (connection || ended) return;
      const code = error.code ?? error.name;
      // Linux tells a port in use by bind() alone; libuv hands that on together with connect().
      if (code === 'EADDRINUSE') attempt();
      else end({ kind: 'failed', phase: LOCAL_ERRORS.has(code) ? 'bind' : 'connect', code, localPort });
    });
  };

  attempt();
  return {
    get localPort() {
      return current?.localPort;
    },
    giveUp(code) {
      if (ended || !current) return;
      const { socket, localPort } = current;
      end({ kind: 'failed', phase: 'connect', code, localPort });
      socket.destroy();
    },
  };
}
