import type { Stream } from '../model/recording.ts';
import {
  type Expectation,
  type Protocol,
  pathAsking,
  type Scenario,
  steadyRatePerSecond,
} from '../model/scenario.ts';
import type { StreamSpec } from '../prober/protocol.ts';
import type { SteadyControl } from '../workload/steady-control.ts';
import type { Target } from '../workload/target-address.ts';
import { headerAsking } from './header-asking.ts';

/** A stream as the recording names it and as the prober is told to send it. */
export interface ProbedStream {
  readonly stream: Stream;
  readonly spec: StreamSpec;
}

const ANY_ANSWER: Expectation = { statusFrom: 200, statusTo: 399 };
/** How often a Service is asked whether it answers yet. */
export const WARM_UP_INTERVAL_MS = 50;

/** The streams of a run: the target, the control beside it, and for both the requests until they first answer. */
export function probedStreams(
  scenario: Scenario,
  target: Target,
  steady: SteadyControl,
): readonly ProbedStream[] {
  const intervalMs = 1000 / scenario.ratePerSecond;
  const steadyIntervalMs = 1000 / steadyRatePerSecond(scenario.ratePerSecond);
  // The control speaks HTTP whatever the workload does: it is there to notice that the cluster is disturbed.
  const usual = usualUse(scenario);
  const control = { ...steady, ...usual, protocol: 'http', expect: ANY_ANSWER } as const;
  const { protocol, expect, connection, connections, idleMs, slow, pacing } = scenario;
  const use = {
    connection,
    connections,
    ...(idleMs === undefined ? {} : { idleMs }),
    ...(pacing && { pacing }),
  };
  const path = pathAsking(scenario.path, slow);
  const user = { ...target, protocol, path, expect, ...usual, ...headerAsking(slow) };
  return [
    probedStream(scenario, { ...user, ...use }, { id: 'target', role: 'target', intervalMs, offsetMs: 0 }),
    // Half an interval later, so that the two never wait for each other.
    probedStream(scenario, control, {
      id: 'steady',
      role: 'steady',
      intervalMs: steadyIntervalMs,
      offsetMs: intervalMs / 2,
    }),
    probedStream(scenario, user, {
      id: 'warm-up',
      role: 'warm-up',
      intervalMs: WARM_UP_INTERVAL_MS,
      offsetMs: 0,
    }),
    probedStream(scenario, control, {
      id: 'warm-up-steady',
      role: 'warm-up',
      intervalMs: WARM_UP_INTERVAL_MS,
      offsetMs: 0,
    }),
  ];
}

/** What is probed in a stream, and how. */
type Probed = Pick<Target, 'address' | 'port'> &
  Pick<StreamSpec, 'connection' | 'connections' | 'idleMs' | 'header' | 'pacing'> & {
    readonly protocol: Protocol;
    readonly path: string;
    readonly expect: Expectation;
  };

/** How many connections serve where others are to rest. */
const BUSY_CONNECTIONS = 10;

/** Connections rest, and requests are slow, towards the workload only: that the control closes idle ones would be nobody's drop. */
function usualUse({ connection, connections }: Scenario): Pick<StreamSpec, 'connection' | 'connections'> {
  if (connection === 'slow') return { connection: 'new', connections };
  return connection === 'idle-reuse'
    ? { connection: 'keep-alive', connections: BUSY_CONNECTIONS }
    : { connection, connections };
}

function probedStream(
  scenario: Scenario,
  { address, port, path, ...probed }: Probed,
  { offsetMs, ...stream }: Pick<Stream, 'id' | 'role' | 'intervalMs'> & { readonly offsetMs: number },
): ProbedStream {
  const host = `${address}:${port}`;
  const { deadlineMs } = scenario;
  const { protocol, connection, connections, idleMs, header, pacing, expect } = probed;
  const { id, intervalMs } = stream;
  return {
    stream: { ...stream, url: `${protocol}://${host}${path}`, address, port, expect },
    spec: {
      id,
      intervalMs,
      offsetMs,
      address,
      port,
      path,
      host,
      protocol,
      connection,
      connections,
      ...(idleMs === undefined ? {} : { idleMs }),
      ...(header && { header }),
      ...(pacing && { pacing }),
      deadlineMs,
      expect,
    },
  };
}
