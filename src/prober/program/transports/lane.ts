import type { ConnectionEnd, ConnectionFact } from '../../../model/recording.ts';
import type { Conversation, Speak } from './conversation.ts';
import { type DialEnd, type Dialer, type Dialing, dial } from './owned-connection.ts';
import type { RunningSend, SendEnd } from './transport.ts';

/** What a lane tells of its connection's life. */
export type LaneFact = Omit<ConnectionFact, 'kind' | 'stream'>;

interface Request {
  readonly reused: boolean;
  readonly onEnd: (end: SendEnd) => void;
  /** Present once it is written. */
  running?: RunningSend;
  ended: boolean;
}

/**
 * One long-lived connection from connect() to its end. Requests may be handed to it while it is being dialed; they
 * wait for it. Nothing is dialed twice in a lane.
 */
export class Lane {
  readonly #dialer: Dialer;
  readonly #speak: Speak;
  readonly #dialing: Dialing;
  readonly #dialedMs: number;
  readonly #onOver: (lane: Lane, fact: LaneFact) => void;
  readonly #requests = new Set<Request>();
  #conversation: Conversation | undefined;
  #remote: string | undefined;
  #openedMs: number | undefined;
  #used = false;
  #over = false;
  /** True once a request was answered on it. */
  answered = false;

  /** `onOver` is told once, when the connection is of no more use. */
  constructor(dialer: Dialer, speak: Speak, onOver: (lane: Lane, fact: LaneFact) => void) {
    this.#dialer = dialer;
    this.#speak = speak;
    this.#onOver = onOver;
    this.#dialedMs = rounded(dialer.nowMs());
    this.#dialing = dial(dialer, (end) => this.#dialed(end));
  }

  /** Whether a request may be handed to it. */
  get usable(): boolean {
    return !this.#over && (this.#conversation?.usable ?? true);
  }

  send(onEnd: (end: SendEnd) => void): RunningSend {
    const request: Request = { reused: this.#used, onEnd, ended: false };
    this.#used = true;
    this.#requests.add(request);
    if (this.#conversation) this.#write(request, this.#conversation);
    return { giveUp: (code) => this.#giveUp(request, code) };
  }

  /** No further request is sent on it; it is closed as soon as the last one on it has ended. */
  leave(how: ConnectionEnd, code?: string): void {
    if (!this.#over) {
      this.#over = true;
      const localPort = this.#dialing.localPort;
      if (localPort !== undefined) {
        this.#onOver(this, {
          localPort,
          dialedMs: this.#dialedMs,
          ...(this.#openedMs === undefined ? {} : { openedMs: this.#openedMs }),
          atMs: rounded(this.#dialer.nowMs()),
          how,
          ...(code === undefined ? {} : { code }),
        });
      }
    }
    this.#closeIfIdle();
  }

  #dialed(end: DialEnd): void {
    switch (end.kind) {
      case 'connected': {
        const { connection } = end;
        this.#openedMs = rounded(this.#dialer.nowMs());
        this.#remote = connection.remote;
        const conversation = this.#speak(connection, (how, code) => this.leave(how, code));
        this.#conversation = conversation;
        for (const request of this.#requests) this.#write(request, conversation);
        this.#closeIfIdle();
        return;
      }
      case 'failed': {
        const { phase, code, localPort } = end;
        this.leave('failed', code);
        for (const request of this.#requests) {
          this.#end(request, { kind: 'failed', facts: { localPort, reused: request.reused }, phase, code });
        }
        return;
      }
      case 'no-source-port':
        this.#over = true;
        for (const request of this.#requests) this.#end(request, { kind: 'unsent', why: 'no-source-port' });
    }
  }

  #write(request: Request, conversation: Conversation): void {
    request.running = conversation.exchange((result) => {
      if (result.kind === 'answered') this.answered = true;
      this.#end(request, { ...result, facts: { ...this.#facts(request), ...result.facts } });
    });
  }

  #facts({ reused }: Request) {
    const { localPort } = this.#dialing;
    return {
      ...(localPort === undefined ? {} : { localPort }),
      ...(this.#remote === undefined ? {} : { remote: this.#remote }),
      reused,
    };
  }

  /** What did not answer in time is not asked again: later requests get another connection. */
  #giveUp(request: Request, code: string): void {
    if (request.running) request.running.giveUp(code);
    else this.#end(request, { kind: 'failed', facts: this.#facts(request), phase: 'connect', code });
    this.leave('given-up', code);
  }

  #end(request: Request, end: SendEnd): void {
    if (request.ended) return;
    request.ended = true;
    this.#requests.delete(request);
    request.onEnd(end);
    this.#closeIfIdle();
  }

  #closeIfIdle(): void {
    if (!this.#over || this.#requests.size > 0) return;
    if (this.#conversation) this.#conversation.close();
    else this.#dialing.giveUp('ABORTED');
  }
}

/** To the microsecond, as probes are told. */
function rounded(ms: number): number {
  return Math.round(ms * 1000) / 1000;
}
