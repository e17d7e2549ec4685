import type { ProbePhase } from '../../../model/recording.ts';
import type { StreamSpec } from '../../protocol.ts';
import { BodyCheck, looksIntoBody } from './body-check.ts';
import { CLOSED, type HttpConnection, type HttpEngine, isUsedOnce, pathOf } from './http-connection.ts';
import type { OwnedConnection } from './owned-connection.ts';
import { ResponseParser } from './response-parser.ts';
import type { RunningSend, SendEnd } from './transport.ts';

/**
 * HTTP/1.1 straight on the socket: one write for a request that was made once, and a parser of our own for the
 * answer. Nothing stands between what the socket says and what is recorded, and little is done for a request.
 * Throws where path or host do not fit into the head of a request.
 */
export function rawEngine(spec: StreamSpec): HttpEngine {
  const request = requestMaker(spec);
  return { readsItself: true, open: (connection) => new RawConnection(connection, spec, request) };
}

type RequestMaker = (seq: number) => Buffer;

function requestMaker(spec: StreamSpec): RequestMaker {
  const { host, header } = spec;
  // A space or a line break would make another request of it.
  if (!/^[\x21-\x7e]+$/.test(spec.path))
    throw new Error(`the path ${JSON.stringify(spec.path)} can not be sent`);
  if (!/^[\x21-\x7e]+$/.test(host)) throw new Error(`the host ${JSON.stringify(host)} can not be sent`);
  if (header && !(/^[\w-]+$/.test(header.name) && /^[\x20-\x7e]*$/.test(header.value))) {
    throw new Error(`the header ${JSON.stringify(header.name)} can not be sent`);
  }
  const mode = isUsedOnce(spec) ? 'close' : 'keep-alive';
  const more = header ? `${header.name}: ${header.value}\r\n` : '';
  const make = (seq: number) =>
    Buffer.from(
      `GET ${pathOf(spec, seq)} HTTP/1.1\r\nhost: ${host}\r\nconnection: ${mode}\r\nuser-agent: rollproof-prober\r\n${more}\r\n`,
      'latin1',
    );
  const first = make(0);
  return first.equals(make(1)) ? () => first : make;
}

class RawConnection implements HttpConnection {
  readonly #connection: OwnedConnection;
  readonly #spec: StreamSpec;
  readonly #request: RequestMaker;
  readonly #parser = new ResponseParser();
  #requests = 0;
  #exchange: Exchange | undefined;
  #usable = true;

  constructor(connection: OwnedConnection, spec: StreamSpec, request: RequestMaker) {
    this.#connection = connection;
    this.#spec = spec;
    this.#request = request;
    const { socket } = connection;
    connection.receive = (received) => this.#read(received);
    socket.on('end', () => this.#closedByPeer());
    socket.on('error', (error: NodeJS.ErrnoException) => this.#broken(error));
    socket.on('close', () => this.#closedByPeer());
  }

  get usable(): boolean {
    return this.#usable;
  }

  close(): void {
    this.#usable = false;
    this.#connection.socket.destroy();
  }

  exchange(seq: number, onEnd: (end: SendEnd) => void, onUntouched?: () => void): RunningSend {
    const { socket } = this.#connection;
    const { expect } = this.#spec;
    const body = looksIntoBody(expect) ? new BodyCheck(expect) : undefined;
    const reused = this.#requests++ > 0;
    const exchange: Exchange = {
      onEnd,
      reused,
      body,
      giveUp: (code) => {
        if (this.#exchange !== exchange) return;
        this.#fail(this.#phase(), code);
        this.close();
      },
    };
    this.#exchange = exchange;
    this.#parser.begin(body && ((part) => body.add(part)));
    socket.write(this.#request(seq));
    // The kernel took nothing of it, because the connection had ended before: it has not been sent.
    if (reused && onUntouched && socket.errored) {
      this.#exchange = undefined;
      this.#usable = false;
      onUntouched();
    }
    return exchange;
  }

  #read(received: Buffer): void {
    // Nobody asked: a farewell to an idle connection, or more than one answer to a request.
    if (!this.#exchange) {
      this.close();
      return;
    }
    const fault = this.#parser.read(received);
    if (fault !== undefined) {
      this.#fail(this.#phase(), fault);
      this.close();
    } else if (this.#parser.complete) this.#answered();
  }

  #closedByPeer(): void {
    this.#usable = false;
    if (!this.#exchange) return;
    if (this.#parser.close()) this.#answered();
    else this.#fail(this.#phase(), CLOSED);
  }

  #broken(error: NodeJS.ErrnoException): void {
    this.#usable = false;
    this.#fail(error.syscall === 'write' ? 'send' : this.#phase(), error.code ?? error.name);
  }

  #phase(): ProbePhase {
    if (this.#parser.status !== undefined) return 'body';
    return this.#connection.socket.writableLength === 0 ? 'headers' : 'send';
  }

  #answered(): void {
    const exchange = this.#exchange;
    if (!exchange) return;
    this.#exchange = undefined;
    if (!this.#parser.keepAlive || isUsedOnce(this.#spec)) this.close();
    exchange.onEnd({ kind: 'answered', facts: { ...this.#facts(exchange), ...exchange.body?.facts() } });
  }

  #fail(phase: ProbePhase, code: string): void {
    const exchange = this.#exchange;
    if (!exchange) return;
    this.#exchange = undefined;
    exchange.onEnd({ kind: 'failed', facts: this.#facts(exchange), phase, code });
  }

  #facts({ reused }: Exchange) {
    const { localPort, remote } = this.#connection;
    const { status, bytes, attempts = 1 } = this.#parser;
    if (status === undefined) return { localPort, remote, reused };
    return { localPort, remote, reused, status, bytes, ...(attempts > 1 ? { attempts } : {}) };
  }
}

/** The request that is on its way, and what its end is told to. */
interface Exchange extends RunningSend {
  readonly onEnd: (end: SendEnd) => void;
  readonly reused: boolean;
  readonly body: BodyCheck | undefined;
}
