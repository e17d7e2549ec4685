import type { SequenceNumbers } from './sequence.ts';

/**
 * What is spoken with the Service. What `connection` means is the same everywhere: `keep-alive` is a number of
 * long-lived connections, `new` one for every probe; of UDP, which has none, one source port or a fresh one.
 */
export type Protocol = 'http' | 'https' | 'h2' | 'grpc' | 'tcp' | 'websocket' | 'udp';

/** What carries a protocol, as a Service's port says it. */
export type TransportProtocol = 'TCP' | 'UDP';

/** The kind of port that a protocol is spoken on. */
export function carrierOf(protocol: Protocol): TransportProtocol {
  return protocol === 'udp' ? 'UDP' : 'TCP';
}

/** The method that a gRPC server is asked for where nothing is said. */
export const GRPC_HEALTH_CHECK = '/grpc.health.v1.Health/Check';

/** What is spoken where nothing is said, and in recordings from before there was a choice. */
export const DEFAULT_PROTOCOL: Protocol = 'http';

/**
 * How probes use connections: a fresh one for every request, kept-alive ones that are reused, or kept-alive ones that
 * rest for a set time before they are. `slow` is a fresh one for every request, which asks the server to take some
 * time, so that many are in flight when a pod is told to end. The last two are of HTTP/1.1 only.
 */
export type ConnectionMode = 'new' | 'keep-alive' | 'idle-reuse' | 'slow';

/** How long the server is asked to take for an answer. */
export interface Slow {
  readonly durationMs: number;
  /** Name of the header that says so, in milliseconds; absent: only the path does. */
  readonly header?: string;
}

const MILLISECONDS = '{ms}';
const SECONDS = '{seconds}';

/** Whether a path has a place for the duration that is asked for. */
export function asksForDuration(path: string): boolean {
  return path.includes(MILLISECONDS) || path.includes(SECONDS);
}

/** The path with the duration in its place; as it is where nothing is asked for. */
export function pathAsking(path: string, slow: Slow | undefined): string {
  if (!slow) return path;
  return path
    .replaceAll(MILLISECONDS, String(slow.durationMs))
    .replaceAll(SECONDS, String(slow.durationMs / 1000));
}

/** How near to their instants requests are sent: within a millisecond and cheaply, or nearer at the price of a core. */
export type Pacing = 'economy' | 'precise';

/** Where the prober stands: on the machine that runs Rollproof, or in a pod's network namespace. */
export type Vantage = 'runner' | 'pod';

/** The address that is probed. It is computed from cluster objects, never taken from a URL. */
export type TargetKind = 'node-port' | 'cluster-ip' | 'host-port';

/** The change that starts the rolling update. */
export type Update =
  | { readonly kind: 'restart' }
  /** The second state of the manifests: a path, or `git:base` for "old version = merge base". */
  | { readonly kind: 'apply'; readonly from: string }
  | { readonly kind: 'image'; readonly container: string; readonly image: string }
  | { readonly kind: 'env'; readonly name: string; readonly value: string }
  /**
   * A number that goes up with every run is written into an environment variable of every container: one before the
   * workload is applied, the next as the update. What refers to it as `$(NAME)` in arguments follows.
   */
  | ({ readonly kind: 'sequence'; readonly name: string } & SequenceNumbers)
  /** The pod goes to another node, through the template's `nodeName`. */
  | { readonly kind: 'move' }
  | { readonly kind: 'command'; readonly command: string };

/** What a complete, correct answer looks like. */
export interface Expectation {
  /** Inclusive status range. */
  readonly statusFrom: number;
  readonly statusTo: number;
  /** Text the body must contain. */
  readonly bodyContains?: string;
  /** The value at a JSON path, as text: strings as they are, everything else as JSON. */
  readonly json?: { readonly path: string; readonly equals: string };
  /** Where the body carries the number of `update: sequence`; without a path the body is the number. */
  readonly sequence?: SequenceNumbers & { readonly path?: string };
}

/** What of a scenario is the user's word, or its default, and never inferred from the manifests. */
export interface Measure {
  readonly name: string;
  readonly protocol: Protocol;
  readonly connection: ConnectionMode;
  readonly update: Update;
  /** Probes per second and stream; probe n is due at start + n / ratePerSecond. */
  readonly ratePerSecond: number;
  /** Absent: `economy`. */
  readonly pacing?: Pacing;
  /** Number of kept-alive connections, of `idle-reuse` the most that there may be; ignored for `connection: new`. */
  readonly connections: number;
  /** How long a connection rests between two requests; `connection: idle-reuse` only. */
  readonly idleMs?: number;
  /** What the server is asked for; `connection: slow` only. */
  readonly slow?: Slow;
  /** A request without a complete answer this long after it was sent is dropped. What was asked of `slow` is in it. */
  readonly deadlineMs: number;
  /** How long the unchanged workload is probed before the update. */
  readonly baselineMs: number;
  /** How long probing goes on after the last old pod is gone. */
  readonly tailMs: number;
  /** A rollout that is not over after this long is `timed-out`. */
  readonly rolloutDeadlineMs: number;
  readonly expect: Expectation;
  /** Set where pods are not to be asked at their own addresses. */
  readonly podProbes?: false;
}

/**
 * One row of the report, fully decided: nothing in it is inferred any more.
 * It is part of every recording, so it holds plain data only.
 */
export interface Scenario extends Measure {
  /** Tells it from a probe of a URL (`kind: 'probe'`), which has no update. */
  readonly kind?: 'rollout';
  readonly vantage: Vantage;
  readonly target: TargetKind;
  readonly deployment: string;
  readonly service: string;
  /** The Service's port number. */
  readonly servicePort: number;
  /** Request path, starts with `/`. */
  readonly path: string;
}

/** A source port is not used towards the same address and port again for this long (docs/adr/0004). */
export const SOURCE_PORT_REST_MS = 120_000;

/** Runs of one scenario that one gate makes at most. */
export const MAX_REPEAT = 100;

/**
 * Connections per second from one source address to one destination: 51,000 ports, each resting 120 s before it is used
 * again. The control is another destination.
 */
export const MAX_NEW_CONNECTIONS_PER_SECOND = 425;

/** Connections that rest this long carry no more requests than their number and their rest allow. */
export function connectionsResting(ratePerSecond: number, idleMs: number): number {
  return Math.ceil((ratePerSecond * idleMs) / 1000) + 1;
}

/** The control is probed at the scenario's pace, but no faster than this: it only has to notice a disturbance. */
const MAX_STEADY_RATE_PER_SECOND = 100;

/** Probes per second that go to the steady control beside `ratePerSecond` to the target. */
export function steadyRatePerSecond(ratePerSecond: number): number {
  return Math.min(ratePerSecond, MAX_STEADY_RATE_PER_SECOND);
}
