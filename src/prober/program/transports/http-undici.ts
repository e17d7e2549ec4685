import { Client, type Dispatcher } from 'undici';
import type { ProbePhase } from '../../../model/recording.ts';
import type { StreamSpec } from '../../protocol.ts';
import { BodyCheck } from './body-check.ts';
import { CLOSED, type HttpConnection, type HttpEngine, isUsedOnce, pathOf } from './http-connection.ts';
import type { OwnedConnection } from './owned-connection.ts';
import { proxyAttempts } from './proxy-attempts.ts';
import type { RunningSend, SendEnd } from './transport.ts';

/** The longest delay a timer takes, about 25 days: never, for a prober. */
const NEVER_MS = 2 ** 31 - 1;

const CONNECTION_GONE = 'CONNECTION_GONE';

/** undici does the writing and the parsing. */
export function undiciEngine(spec: StreamSpec): HttpEngine {
  return { readsItself: false, open: (connection) => new UndiciConnection(connection, spec) };
}

/**
 * undici's client opens a new connection on its own where it finds the old one closed; here it gets the one socket
 * and no other, so that no request is ever sent twice.
 */
class UndiciConnection implements HttpConnection {
  readonly #connection: OwnedConnection;
  readonly #spec: StreamSpec;
  readonly #client: Client;
  #requests = 0;
  #socketError: NodeJS.ErrnoException | undefined;

  constructor(connection: OwnedConnection, spec: StreamSpec) {
    const { socket } = connection;
    this.#connection = connection;
    this.#spec = spec;
    socket.on('error', (error: NodeJS.ErrnoException) => {
      if (error.syscall !== undefined) this.#socketError ??= error;
    });
    let handedOver = false;
    this.#client = new Client(`http://${connection.remote}`, {
      allowH2: false,
      pipelining: 1,
      headersTimeout: 0,
      bodyTimeout: 0,
      keepAliveTimeout: NEVER_MS,
      keepAliveMaxTimeout: NEVER_MS,
      // Added to what the server's Keep-Alive header asks for: only the server closes idle connections.
      keepAliveTimeoutThreshold: -NEVER_MS,
      connect: (_options, callback) => {
        const first = !handedOver;
        handedOver = true;
        // The client expects its answer in a later turn.
        process.nextTick(() => {
          if (first) callback(null, socket);
          else callback(Object.assign(new Error('the connection is gone'), { code: CONNECTION_GONE }), null);
        });
      },
    });
  }

  get usable(): boolean {
    return !this.#connection.socket.destroyed;
  }

  close(): void {
    this.#connection.socket.destroy();
  }

  exchange(seq: number, onEnd: (end: SendEnd) => void, onUntouched?: () => void): RunningSend {
    const { socket, localPort, remote } = this.#connection;
    const { host, header, expect } = this.#spec;
    const reused = this.#requests++ > 0;
    const body = new BodyCheck(expect);
    let begun = false;
    let status: number | undefined;
    let attempts = 1;
    let ended = false;

    const facts = () => ({
      localPort,
      remote,
      reused,
      ...(status === undefined ? {} : { status, bytes: body.bytes }),
      ...(attempts > 1 ? { attempts } : {}),
    });
    const end = (result: SendEnd) => {
      if (ended) return;
      ended = true;
      onEnd(result);
    };
    const fail = (phase: ProbePhase, code: string) => end({ kind: 'failed', facts: facts(), phase, code });

    const handler: Dispatcher.DispatchHandler = {
      onRequestStart: () => {
        begun = true;
      },
      onResponseStart: (_controller, statusCode, fields) => {
        // 1xx announces an answer, it is none.
        if (statusCode < 200) return;
        status = statusCode;
        for (const [name, value] of Object.entries(fields))
          attempts = proxyAttempts(name, String(value)) ?? attempts;
      },
      onResponseData: (_controller, chunk) => body.add(chunk),
      onResponseEnd: () => {
        // A body that ends with the connection has no other end, and undici takes a reset for it.
        if (this.#socketError?.syscall === 'read') return fail('body', codeOf(this.#socketError, true));
        end({ kind: 'answered', facts: { ...facts(), ...body.facts() } });
      },
      onResponseError: (_controller, error: NodeJS.ErrnoException) => {
        if (ended) return;
        if (onUntouched && !begun && error.code === CONNECTION_GONE) {
          ended = true;
          return onUntouched();
        }
        // The errno of the socket says more than what the parser makes of it.
        const cause = this.#socketError ?? error;
        fail(phaseOf(cause), codeOf(cause, socket.readableEnded));
      },
    };
    const phaseOf = (error: NodeJS.ErrnoException): ProbePhase => {
      if (status !== undefined) return 'body';
      return !begun || error.syscall === 'write' ? 'send' : 'headers';
    };

    this.#client.dispatch(
      {
        method: 'GET',
        path: pathOf(this.#spec, seq),
        headers: [
          'host',
          host,
          'user-agent',
          'rollproof-prober',
          ...(header ? [header.name, header.value] : []),
        ],
        reset: isUsedOnce(this.#spec),
      },
      handler,
    );
    return {
      giveUp: (code) => {
        const written = begun && socket.writableLength === 0;
        fail(status !== undefined ? 'body' : written ? 'headers' : 'send', code);
        socket.destroy();
      },
    };
  }
}

/** What undici says of a connection that was closed in good order, and too early. */
const CLOSES: ReadonlySet<string> = new Set(['UND_ERR_SOCKET', 'UND_ERR_RES_CONTENT_LENGTH_MISMATCH']);

/**
 * The errno, `CLOSED`, or `HPE_...` for an answer that is not HTTP. Where the peer closed, an answer that breaks off in
 * the middle is no worse HTTP than that: it is told like any other close.
 */
function codeOf(error: NodeJS.ErrnoException, closedByPeer: boolean): string {
  const { code = error.name } = error;
  if (error.name === 'HTTPParserError') return closedByPeer ? CLOSED : (error.code ?? 'HPE_INVALID');
  return CLOSES.has(code) ? CLOSED : code;
}
