import { createServer, type Server, type Socket } from 'node:net';
import { type Fate, fateNumber, fateOf, type UnseenFate } from './fates.ts';
import { type Firewall, firewall } from './firewall.ts';
import { type ClosureRecord, Ledger, type LedgerColumns } from './ledger.ts';
import { type Closure, NOTHING_PLANNED, type Plan } from './plan.ts';

/** A correct answer contains this. */
export const TRUE_BODY = 'the truth';

export const TRUTH_ADDRESS = '127.0.0.1';

/** The server looks at the clock this often; a look that comes later than by the second is a stall of its own. */
const WATCH_MS = 10;
const STALL_MS = 30;

/** Between two closures, so that no request can have met either: more than any request's deadline. */
const APART_MS = 500;

/** Fates that can be laid on all requests of a stretch of time. */
export type OutageFate = UnseenFate | 'reset' | 'hung';

/** What an outage is to be. */
export interface OutageWish {
  readonly fate: OutageFate;
  readonly lengthMs: number;
  /** The part of the requests that it meets, each by chance; 1 where absent. Only of requests that are seen. */
  readonly share?: number;
}

/** An outage as it was, on the machine's monotonic clock, with how many requests arrived in it and how many it met. */
export interface OutageRecord extends Omit<ClosureRecord, 'fate'> {
  readonly fate: OutageFate;
  readonly wantedMs: number;
  readonly arrived: number;
  readonly met: number;
}

/**
 * An HTTP server that does to each request what was planned, and writes down what it did before it does it.
 *
 *     arrival 0 1 2 3 4 5 ...     plan.fates[arrival] says what becomes of it
 *     ledger  one row each: client's port, connection, number on it, instant, fate
 */
export class TruthServer {
  readonly #sockets = new Set<Socket>();
  #server: Server | undefined;
  #port = 0;
  #firewall: Firewall | undefined;
  #plan: Plan = NOTHING_PLANNED;
  #ledger = new Ledger(0);
  #arrivals = 0;
  #connections = 0;
  /** So many of the next connections are reset at accept. */
  #resetsOwed = 0;
  #closing = false;
  #outage: { readonly fate: 'reset' | 'hung'; readonly share: number } | undefined;
  #outageArrived = 0;
  #outageMet = 0;
  #watch: NodeJS.Timeout | undefined;
  #closureEnds: Promise<unknown> = Promise.resolve();

  get port(): number {
    return this.#port;
  }

  /** Can SYNs be dropped here? It takes root and a kernel with xt_recent. */
  get dropsSyns(): boolean {
    return this.#firewall?.dropSyns !== undefined;
  }

  async listen(): Promise<void> {
    await this.#open();
    let dueMs = nowMs() + WATCH_MS;
    this.#watch = setInterval(() => {
      const atMs = nowMs();
      if (atMs - dueMs > STALL_MS) this.#ledger.stalled(dueMs, atMs);
      dueMs = atMs + WATCH_MS;
    }, WATCH_MS);
    this.#firewall = firewall(TRUTH_ADDRESS, this.#port);
  }

  /** A new plan and an empty ledger with room for so many rows. */
  begin(plan: Plan, rows: number): void {
    this.#plan = plan;
    this.#ledger = new Ledger(rows);
    this.#arrivals = 0;
    this.#resetsOwed = 0;
  }

  /** What was seen since `begin`, once no closure lasts any more. */
  async settle(): Promise<LedgerColumns> {
    await this.#closureEnds;
    return this.#ledger.columns();
  }

  /** Lays one fate on a stretch of time that begins now, and tells when it really began and ended. */
  async outage(wish: OutageWish): Promise<OutageRecord> {
    const { fate, lengthMs, share = 1 } = wish;
    this.#outageArrived = 0;
    this.#outageMet = 0;
    if (fate === 'refused' || fate === 'syn-dropped') {
      const record = await this.#close({ fate, lengthMs });
      return { ...record, wantedMs: lengthMs, arrived: 0, met: 0 };
    }
    const fromMs = nowMs();
    this.#outage = { fate, share };
    await passed(fromMs + lengthMs);
    this.#outage = undefined;
    const untilMs = nowMs();
    const times = { fromMs, surelyFromMs: fromMs, surelyUntilMs: untilMs, untilMs };
    return { fate, wantedMs: lengthMs, ...times, arrived: this.#outageArrived, met: this.#outageMet };
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#closureEnds;
    clearInterval(this.#watch);
    this.#firewall?.[Symbol.dispose]();
    for (const socket of this.#sockets) socket.destroy();
    await new Promise<void>((resolve) => (this.#server ? this.#server.close(() => resolve()) : resolve()));
  }

  async #open(): Promise<void> {
    const server = createServer({ allowHalfOpen: true, noDelay: true }, (socket) => this.#accept(socket));
    await new Promise<void>((resolve, reject) => {
      server.once('error', reject);
      server.listen({ host: TRUTH_ADDRESS, port: this.#port, backlog: 4096 }, resolve);
    });
    const address = server.address();
    if (address === null || typeof address === 'string') throw new Error('the server has no port');
    this.#server = server;
    this.#port = address.port;
  }

  #accept(socket: Socket): void {
    const connection = ++this.#connections;
    const port = socket.remotePort ?? 0;
    this.#sockets.add(socket);
    socket.on('close', () => this.#sockets.delete(socket));
    socket.on('error', () => {});
    if (this.#resetsOwed > 0) {
      this.#resetsOwed--;
      this.#ledger.write(port, connection, 0, nowMs(), fateNumber('reset-on-accept'), -1);
      socket.resetAndDestroy();
      return;
    }
    let nth = 0;
    let received = '';
    let closed = false;
    const close = () => {
      closed = true;
    };
    socket.on('data', (chunk: Buffer) => {
      received += chunk.toString('latin1');
      for (let end = received.indexOf('\r\n\r\n'); end >= 0; end = received.indexOf('\r\n\r\n')) {
        const head = received.slice(0, end);
        received = received.slice(end + 4);
        nth++;
        if (closed) {
          this.#ledger.write(port, connection, nth, nowMs(), fateNumber('sent-after-the-close'), seqOf(head));
        } else this.#meet(socket, { port, connection, nth, seq: seqOf(head) }, close);
      }
    });
    socket.on('end', () => socket.end());
  }

  #meet(
    socket: Socket,
    request: {
      readonly port: number;
      readonly connection: number;
      readonly nth: number;
      readonly seq: number;
    },
    close: () => void,
  ): void {
    const arrival = this.#arrivals++;
    const fate = this.#fateOf(arrival);
    const { port, connection, nth, seq } = request;
    const isOwed = fate === 'reset-on-accept';
    this.#ledger.write(port, connection, nth, nowMs(), fateNumber(isOwed ? 'answered' : fate), seq);
    if (isOwed) this.#resetsOwed++;
    const closure = this.#plan.closures.get(arrival);
    if (closure) this.#closureEnds = this.#closureEnds.then(() => this.#carryOut(closure));
    // Kept-alive connections are given up with an answer, so that the client has to open others.
    const last = isOwed || (this.#closing && (fate === 'answered' || fate === 'answered-slowly'));
    if (last || fate === 'closed' || fate === 'bad-framing' || fate === 'truncated-and-closed') close();
    behave(socket, fate, { last, slowMs: this.#plan.slowMs, variant: arrival });
  }

  #fateOf(arrival: number): Fate {
    if (!this.#outage) return fateOf(this.#plan.fates[arrival] ?? 0);
    this.#outageArrived++;
    if (this.#outage.share < 1 && Math.random() >= this.#outage.share) return 'answered';
    this.#outageMet++;
    return this.#outage.fate;
  }

  async #carryOut(closure: Closure): Promise<void> {
    const ledger = this.#ledger;
    ledger.closed(await this.#close(closure));
    await passed(nowMs() + APART_MS);
  }

  async #close({ fate, lengthMs }: Closure): Promise<ClosureRecord> {
    this.#closing = true;
    const fromMs = nowMs();
    const reopen = fate === 'refused' ? this.#closeListener() : this.#dropSyns();
    const surelyFromMs = nowMs();
    await passed(surelyFromMs + lengthMs);
    const surelyUntilMs = nowMs();
    await reopen();
    const untilMs = nowMs();
    this.#closing = false;
    return { fate, fromMs, surelyFromMs, surelyUntilMs, untilMs };
  }

  #closeListener(): () => Promise<void> {
    this.#server?.close();
    return () => this.#open();
  }

  #dropSyns(): () => Promise<void> {
    const dropSyns = this.#firewall?.dropSyns;
    if (!dropSyns) throw new Error('SYNs can not be dropped here');
    dropSyns(true);
    return async () => dropSyns(false);
  }
}

export function nowMs(): number {
  return Number(process.hrtime.bigint()) / 1e6;
}

/** Timers are late by up to a millisecond or more; the last stretch is watched. */
async function passed(instantMs: number): Promise<void> {
  const restMs = instantMs - nowMs() - 2;
  if (restMs > 1) await new Promise((resolve) => setTimeout(resolve, restMs));
  while (nowMs() < instantMs) await new Promise((resolve) => setImmediate(resolve));
}

/** `GET /123 HTTP/1.1` carries number 123. */
function seqOf(head: string): number {
  const digits = /^GET \/(\d{1,9}) /.exec(head)?.[1];
  return digits === undefined ? -1 : Number(digits);
}

const ANSWER = answer('200 OK', TRUE_BODY);
const LAST_ANSWER = answer('200 OK', TRUE_BODY, 'Connection: close\r\n');
const HALF_ANSWER = ANSWER.subarray(0, -4);
const UNAVAILABLE = answer('503 Service Unavailable', TRUE_BODY);
const WRONG = answer('200 OK', 'something else');
const BADLY_FRAMED = [
  'this is not HTTP\r\n\r\n',
  `HTTP/1.1 200 OK\r\nContent-Length: nine\r\n\r\n${TRUE_BODY}`,
  `HTTP/1.1 OK 200\r\nContent-Length: 9\r\n\r\n${TRUE_BODY}`,
].map((text) => Buffer.from(text));

function behave(
  socket: Socket,
  fate: Fate,
  how: { readonly last: boolean; readonly slowMs: number; readonly variant: number },
): void {
  switch (fate) {
    case 'answered-slowly':
      setTimeout(() => (how.last ? socket.end(LAST_ANSWER) : socket.write(ANSWER)), how.slowMs);
      return;
    case 'status-503':
      socket.write(UNAVAILABLE);
      return;
    case 'wrong-body':
      socket.write(WRONG);
      return;
    case 'bad-framing':
      socket.end(BADLY_FRAMED[how.variant % BADLY_FRAMED.length] ?? '');
      return;
    case 'hung':
      return;
    case 'reset':
      socket.resetAndDestroy();
      return;
    case 'closed':
      socket.end();
      return;
    case 'truncated-and-closed':
      socket.end(HALF_ANSWER);
      return;
    case 'truncated-and-reset':
      socket.write(HALF_ANSWER, () => socket.resetAndDestroy());
      return;
    default:
      if (how.last) socket.end(LAST_ANSWER);
      else socket.write(ANSWER);
  }
}

function answer(status: string, body: string, headers = ''): Buffer {
  return Buffer.from(
    `HTTP/1.1 ${status}\r\n${headers}Content-Length: ${Buffer.byteLength(body)}\r\n\r\n${body}`,
  );
}
