import type { ConnectionFact, Probe, ProbePhase, Strays } from '../../../model/recording.ts';

/** What is known about a request that was sent, in the words of the recording. */
export type SendFacts = Pick<
  Probe,
  | 'localPort'
  | 'connectMs'
  | 'remote'
  | 'reused'
  | 'idleMs'
  | 'replaced'
  | 'status'
  | 'grpcStatus'
  | 'bytes'
  | 'attempts'
  | 'bodyOk'
  | 'value'
>;

/** The one end of one request. */
export type SendEnd =
  | { readonly kind: 'answered'; readonly facts: SendFacts }
  | { readonly kind: 'failed'; readonly facts: SendFacts; readonly phase: ProbePhase; readonly code: string }
  | { readonly kind: 'unsent'; readonly why: 'no-source-port' };

/** A request that has not ended yet. */
export interface RunningSend {
  /** Ends it as failed with this code, in the phase it got to. Its end is told before this returns. */
  giveUp(code: string): void;
}

/** What a transport knows beyond the ends of its requests. */
export type TransportFact = ConnectionFact | Strays;

/** A way to send the same request again and again. It has no deadline of its own, and it never tries again. */
export interface Transport {
  /** Sends the stream's request number `seq` and tells its end exactly once. */
  send(onEnd: (end: SendEnd) => void, seq: number): RunningSend;
  /** Closes the connections that are kept for later. */
  close(): void;
}
