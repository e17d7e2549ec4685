import type { Heartbeat, Probe } from '../../src/model/recording.ts';
import type { ConnectionMode } from '../../src/model/scenario.ts';
import { type RunningProcess, spawn } from '../../src/platform/process.ts';
import { openProber, type Prober } from '../../src/prober/prober.ts';
import { monotonicMs } from '../../src/prober/program/monotonic-clock.ts';
import type { SourcePortRange, StreamSpec } from '../../src/prober/protocol.ts';
import { NODE_FLAGS } from '../../src/prober/vantage/node-flags.ts';
import { makeRealTime } from '../../src/prober/vantage/real-time.ts';
import type { Recorded } from './recording.ts';
import { TRUE_BODY, TRUTH_ADDRESS } from './truth-server.ts';

const PROBER_PROGRAM = 'src/prober/program/main.ts';

/**
 * Ports are used in turn. So many requests on fresh connections fit into one recording without a port being used
 * twice in it, which the verdict would rightly distrust.
 */
export const PORTS: SourcePortRange = { first: 10_000, last: 60_999, next: 10_000, restMs: 0 };
export const FRESH_PORTS = 40_000;

/** Kept-alive connections of a stream. */
export const CONNECTIONS = 20;

export interface DriveOptions {
  readonly ports?: SourcePortRange;
  readonly nodeFlags?: readonly string[];
  /** Does without what a gate asks for: to be a real-time process. */
  readonly ordinary?: boolean;
}

/** A real prober process and what it tells. */
export interface Driver extends AsyncDisposable {
  readonly process: RunningProcess;
  readonly prober: Prober;
  /** Instant 0 of all the recordings, on the machine's monotonic clock. */
  readonly openedMs: number;
  /** Everything told since this was last asked. */
  take(): { readonly probes: readonly Probe[]; readonly heartbeats: readonly Heartbeat[] };
  start(spec: StreamSpec): Promise<number>;
  /** Stops a stream and gives what was told since `start`. */
  stop(spec: StreamSpec, startedMs: number, atMs?: number): Promise<Recorded>;
}

export async function startDriver(options: DriveOptions = {}): Promise<Driver> {
  const { ports = PORTS, nodeFlags = [], ordinary = false } = options;
  let probes: Probe[] = [];
  let heartbeats: Heartbeat[] = [];
  const child = spawn(process.execPath, [...NODE_FLAGS, ...nodeFlags, PROBER_PROGRAM]);
  const openedMs = monotonicMs();
  const launched = ordinary ? child : { ...child, makeRealTime: () => makeRealTime(child.pid) };
  const prober = await openProber(launched, openedMs, {
    onEntry(entry) {
      if (entry.kind === 'probe') probes.push(entry);
      if (entry.kind === 'heartbeat') heartbeats.push(entry);
    },
    onFault: (message) => {
      throw new Error(`the prober said: ${message}`);
    },
  });
  const take = () => {
    const told = { probes, heartbeats };
    probes = [];
    heartbeats = [];
    return told;
  };
  return {
    process: child,
    prober,
    openedMs,
    take,
    async start(spec) {
      take();
      const started = await prober.start([spec], () => ports);
      return started.get(spec.id) ?? 0;
    },
    async stop(spec, startedMs, atMs) {
      const { stoppedAtMs } = await prober.stop(spec.id, atMs);
      return { spec, ...take(), startedMs, stoppedMs: stoppedAtMs };
    },
    async [Symbol.asyncDispose]() {
      await prober.finish(10_000);
      await prober[Symbol.asyncDispose]();
    },
  };
}

/** A stream towards the truth server. Every request carries its number in its path, as a second witness. */
export function truthStream(
  port: number,
  connection: ConnectionMode,
  ratePerSecond: number,
  different: Partial<StreamSpec> = {},
): StreamSpec {
  return {
    id: 'target',
    address: TRUTH_ADDRESS,
    port,
    path: '/{seq}',
    host: 'truth.example',
    protocol: 'http',
    connection,
    connections: CONNECTIONS,
    intervalMs: 1000 / ratePerSecond,
    offsetMs: 0,
    deadlineMs: 400,
    expect: { statusFrom: 200, statusTo: 299, bodyContains: TRUE_BODY },
    ...different,
  };
}

/** On a busy machine the word to stop may come late: nothing is due until it surely has. */
const STOP_KNOWN_MS = 200;

/** Sends exactly the first so many requests of a stream. */
export async function sendExactly(driver: Driver, spec: StreamSpec, count: number): Promise<Recorded> {
  const startedMs = await driver.start({ ...spec, offsetMs: STOP_KNOWN_MS });
  return driver.stop(spec, startedMs, startedMs + (count - 0.5) * spec.intervalMs);
}
