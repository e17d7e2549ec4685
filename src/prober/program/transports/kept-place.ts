import type { HttpConnection, HttpEngine } from './http-connection.ts';
import { sendOnFreshConnection } from './http-new.ts';
import type { Dialer } from './owned-connection.ts';
import type { RunningSend, SendEnd, SendFacts } from './transport.ts';

/** A connection that was used sooner has not rested. */
const RESTED_MS = 100;

/**
 * A place for one kept connection. It is empty until its first request, and gets another connection where the one it
 * had is of no more use: nothing is ever written to that one.
 */
export class KeptPlace {
  readonly #engine: HttpEngine;
  readonly #dialer: Dialer;
  #connection: HttpConnection | undefined;
  #busy = false;
  /** When its last request ended; undefined before the first one has. */
  #freeSinceMs: number | undefined;
  /** Whether the connection was still good when its last request ended: what closed it then came while it rested. */
  #wasGood = false;

  constructor(engine: HttpEngine, dialer: Dialer) {
    this.#engine = engine;
    this.#dialer = dialer;
  }

  get busy(): boolean {
    return this.#busy;
  }

  /** Whether its connection was good for another request when the last one ended. */
  get wasGood(): boolean {
    return this.#wasGood;
  }

  /** When its last request ended; undefined while it is busy or has had none. */
  get restsSinceMs(): number | undefined {
    return this.#busy ? undefined : this.#freeSinceMs;
  }

  /** Sends the stream's request number `seq`. Not to be called while it is busy. */
  send(seq: number, onEnd: (end: SendEnd) => void): RunningSend {
    this.#busy = true;
    const kept = this.#connection;
    if (!kept?.usable) return this.#open(seq, onEnd, this.#wasGood);
    let replacement: RunningSend | undefined;
    const rest = this.#restFacts();
    const running = kept.exchange(seq, this.#ending(onEnd, rest), () => {
      replacement = this.#open(seq, onEnd, true);
    });
    return { giveUp: (code) => (replacement ?? running).giveUp(code) };
  }

  close(): void {
    this.#connection?.close();
  }

  #open(seq: number, onEnd: (end: SendEnd) => void, replaced: boolean): RunningSend {
    this.#connection = undefined;
    return sendOnFreshConnection({
      engine: this.#engine,
      dialer: this.#dialer,
      seq,
      onEnd: this.#ending(onEnd, replaced ? { replaced } : undefined),
      onOpen: (connection) => {
        this.#connection = connection;
      },
    });
  }

  #restFacts(): Pick<SendFacts, 'idleMs'> | undefined {
    const nowMs = this.#dialer.nowMs();
    const idleMs = nowMs - (this.#freeSinceMs ?? nowMs);
    return idleMs < RESTED_MS ? undefined : { idleMs: Math.round(idleMs * 1000) / 1000 };
  }

  #ending(onEnd: (end: SendEnd) => void, more: Partial<SendFacts> | undefined): (end: SendEnd) => void {
    return (end) => {
      this.#busy = false;
      this.#freeSinceMs = this.#dialer.nowMs();
      this.#wasGood = end.kind === 'answered' && this.#connection?.usable === true;
      onEnd(more && end.kind !== 'unsent' ? { ...end, facts: { ...end.facts, ...more } } : end);
    };
  }
}
