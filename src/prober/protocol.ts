import type { Destination } from '../model/destination.ts';
import type { ConnectionFact, Probe, Strays } from '../model/recording.ts';
import type { ConnectionMode, Expectation, Pacing, Protocol } from '../model/scenario.ts';

/** Both sides have to speak the same; `hello` carries it, and the gate refuses another one. */
export const PROTOCOL_VERSION = '3';

/**
 * What the gate and the prober program say to each other: NDJSON over stdin and stdout, whatever carries those
 * (a pipe, `docker exec`, a pod's exec socket). The prober ends when its stdin ends.
 *
 * Times are `monotonicMs`: milliseconds of the prober's own monotonic clock (process.hrtime). On one kernel they are
 * comparable as they stand (equal `bootId`); elsewhere `ping`/`pong` gives the offset and its uncertainty.
 */
export type ToProber =
  | { readonly kind: 'ping'; readonly id: number }
  /** `ports` has an entry for every destination of these streams. */
  | {
      readonly kind: 'start';
      readonly streams: readonly StreamSpec[];
      readonly ports: readonly PortsTowards[];
    }
  /** End a stream: nothing is due at or after `atMs` (prober clock; absent: now). In-flight requests run to their deadline. */
  | { readonly kind: 'stop'; readonly stream: string; readonly atMs?: number }
  /** After this the prober drains what is in flight, reports `done` and exits. */
  | { readonly kind: 'finish' };

export type FromProber =
  | {
      readonly kind: 'hello';
      readonly version: string;
      readonly bootId: string;
      readonly monotonicMs: number;
      readonly addresses: readonly string[];
    }
  | { readonly kind: 'pong'; readonly id: number; readonly monotonicMs: number }
  | { readonly kind: 'started'; readonly stream: string; readonly monotonicMs: number }
  /** Same as in the recording, but on the prober's clock. */
  | Probe
  | ConnectionFact
  | Strays
  | {
      readonly kind: 'heartbeat';
      readonly atMs: number;
      readonly loopStallMs: number;
      readonly lostPackets?: number;
      readonly inFlight: number;
      readonly nextSeq: Readonly<Record<string, number>>;
    }
  /** The stream ended; `scheduled` probes were due in it, and every one of them has been reported. */
  | {
      readonly kind: 'stopped';
      readonly stream: string;
      readonly scheduled: number;
      readonly stoppedAtMs: number;
    }
  | { readonly kind: 'done'; readonly nextPorts: readonly NextPort[] }
  | { readonly kind: 'fault'; readonly message: string };

/** What writes the requests of HTTP/1.1 and reads the answers: sockets and a parser of our own, or undici. */
export type HttpEngineName = 'raw' | 'undici';

export const DEFAULT_HTTP_ENGINE: HttpEngineName = 'raw';

export interface StreamSpec {
  readonly id: string;
  /** IP address; no name is ever resolved. */
  readonly address: string;
  readonly port: number;
  /** `{seq}` in it stands for the number of the request. */
  readonly path: string;
  /** A header beside those that every request has. */
  readonly header?: { readonly name: string; readonly value: string };
  /** Value of the Host header. */
  readonly host: string;
  readonly protocol: Protocol;
  /** Absent: `DEFAULT_HTTP_ENGINE`. */
  readonly engine?: HttpEngineName;
  readonly connection: ConnectionMode;
  readonly connections: number;
  /** How long a connection rests between two requests; `idle-reuse` only. */
  readonly idleMs?: number;
  readonly intervalMs: number;
  /** Absent: `economy`. The most precise of all streams counts. */
  readonly pacing?: Pacing;
  /** Shifts the schedule so that streams do not fire together. */
  readonly offsetMs: number;
  readonly deadlineMs: number;
  readonly expect: Expectation;
}

/** The source ports towards one destination. To whoever tracks connections the same port towards another is another one. */
export interface PortsTowards extends Destination {
  readonly range: SourcePortRange;
}

/** Where the next prober has to go on towards a destination. */
export interface NextPort extends Destination {
  readonly next: number;
}

/**
 * Source ports are owned: every connection gets the next port of its destination's range, and none is used towards it
 * again within `restMs`, because a port last used towards a pod that is gone may still be routed there by conntrack.
 */
export interface SourcePortRange {
  readonly first: number;
  readonly last: number;
  /** Where to go on; the gate carries it from run to run. */
  readonly next: number;
  /**
   * How many ports before `next`, on around the end of the range, an earlier prober may have used within `restMs`.
   * Absent: all from `first` on.
   */
  readonly resting?: number;
  /** Ports that rest besides: those of connections that were kept. */
  readonly kept?: readonly number[];
  readonly restMs: number;
}
