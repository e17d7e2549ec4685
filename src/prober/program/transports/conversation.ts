import type { ConnectionEnd, ProbePhase } from '../../../model/recording.ts';
import type { OwnedConnection } from './owned-connection.ts';
import type { RunningSend, SendFacts } from './transport.ts';

/** The end of one request on a connection that stands; what the connection itself knows is added by whoever holds it. */
export type ExchangeEnd =
  | { readonly kind: 'answered'; readonly facts: AnswerFacts }
  | {
      readonly kind: 'failed';
      readonly facts?: AnswerFacts;
      readonly phase: ProbePhase;
      readonly code: string;
    };

export type AnswerFacts = Omit<SendFacts, 'localPort' | 'remote' | 'reused'>;

/** What is spoken over one connection, any number of requests at a time. It never opens another one. */
export interface Conversation {
  /** False once no further request may be sent on it. */
  readonly usable: boolean;
  /** Sends the next request and tells its end exactly once. */
  exchange(onEnd: (end: ExchangeEnd) => void): RunningSend;
  /** Closes the connection. What is in flight is told as failed. */
  close(): void;
}

/**
 * Begins a conversation. `onLost` is told once, when no further request may be sent on it; what is in flight then goes
 * on to an end of its own.
 */
export type Speak = (
  connection: OwnedConnection,
  onLost: (how: ConnectionEnd, code?: string) => void,
) => Conversation;
