import type { ProbePhase } from '../../../model/recording.ts';
import type { ExchangeEnd } from './conversation.ts';
import type { RunningSend } from './transport.ts';

interface Asked {
  readonly id: string;
  readonly onEnd: (end: ExchangeEnd) => void;
  ended: boolean;
}

/**
 * Messages that were sent over one connection and wait for their echo. Each carries an id of its own, and an answer
 * belongs to the message whose id it holds. One with no such id answers the oldest, which got something else.
 */
export class EchoQueue {
  readonly #owner: string;
  readonly #wanted: string | undefined;
  #asked: Asked[] = [];
  #count = 0;

  /** `owner` tells this connection's messages from those of others; `wanted`: the text to look for instead of the id. */
  constructor(owner: string, wanted: string | undefined) {
    this.#owner = owner;
    this.#wanted = wanted;
  }

  /** A new message. `send` is told what to write; a word in front makes it a command that many test servers know. */
  ask(
    onEnd: (end: ExchangeEnd) => void,
    send: (message: string) => void,
    phase: () => ProbePhase,
  ): RunningSend {
    const asked: Asked = { id: `rollproof-${this.#owner}-${this.#count++}.`, onEnd, ended: false };
    this.#asked.push(asked);
    send(`echo ${asked.id}`);
    return { giveUp: (code) => this.#end(asked, { kind: 'failed', phase: phase(), code }) };
  }

  /** An answer has come, as a whole. */
  answered(text: string): void {
    const bytes = Buffer.byteLength(text);
    const echoed = this.#asked.find(({ id }) => text.includes(id));
    const asked = echoed ?? this.#asked.find(({ ended }) => !ended);
    // Nobody asked, or nobody waits any more.
    if (!asked) return;
    const bodyOk = this.#wanted === undefined ? echoed !== undefined : text.includes(this.#wanted);
    this.#end(asked, { kind: 'answered', facts: { bytes, bodyOk } });
    this.#asked = this.#asked.filter((other) => other !== asked);
  }

  /** No answer comes any more. The oldest message may have got a part of its own. */
  failed(code: string, phase: ProbePhase, oldestPhase = phase): void {
    const waiting = this.#asked.filter(({ ended }) => !ended);
    this.#asked = [];
    for (const [index, asked] of waiting.entries()) {
      this.#end(asked, { kind: 'failed', phase: index === 0 ? oldestPhase : phase, code });
    }
  }

  /** There is no conversation to be had, and the peer says so with a status. */
  rejected(status: number): void {
    for (const asked of this.#asked) this.#end(asked, { kind: 'answered', facts: { status, bytes: 0 } });
    this.#asked = [];
  }

  /** One that was given up stays known, so that its late answer is not taken for another's. */
  #end(asked: Asked, end: ExchangeEnd): void {
    if (asked.ended) return;
    asked.ended = true;
    asked.onEnd(end);
  }
}
