import {
  type Header,
  type Heartbeat,
  type Probe,
  RECORDING_FORMAT,
  RECORDING_VERSION,
  type RecordingEntry,
} from '../../src/model/recording.ts';
import type { StreamSpec } from '../../src/prober/protocol.ts';
import { type Account, accountFor } from '../../src/verdict/account.ts';
import { type RunFacts, runFacts } from '../../src/verdict/run-facts.ts';

/** What a prober told of one stream, as a recording holds it. */
export interface Recorded {
  readonly spec: StreamSpec;
  readonly probes: readonly Probe[];
  readonly heartbeats: readonly Heartbeat[];
  readonly startedMs: number;
  readonly stoppedMs: number;
}

/** A recording of probing alone: there is no cluster and no update in it. */
export function recordingOf(recorded: Recorded): readonly RecordingEntry[] {
  const { probes, heartbeats, startedMs, stoppedMs } = recorded;
  return [
    headerOf(recorded),
    { kind: 'mark', atMs: startedMs, mark: 'probing-started' },
    ...heartbeats,
    ...probes,
    { kind: 'mark', atMs: stoppedMs, mark: 'probing-stopped' },
    { kind: 'end', atMs: stoppedMs + 1, reason: 'finished' },
  ];
}

/** Every request's one end, as a verdict sees it. */
export function judge(recorded: Recorded): { readonly facts: RunFacts; readonly account: Account } {
  const facts = runFacts(recordingOf(recorded));
  const stream = facts?.streams[0];
  if (!facts || !stream) throw new Error('the recording has no stream');
  return { facts, account: accountFor(facts, stream) };
}

function headerOf({ spec }: Recorded): Header {
  const { id, address, port, intervalMs, expect, protocol, connection, connections, deadlineMs } = spec;
  return {
    kind: 'header',
    format: RECORDING_FORMAT,
    version: RECORDING_VERSION,
    rollproof: '0',
    startedAt: new Date(0).toISOString(),
    run: 1,
    scenario: {
      name: 'truth',
      protocol,
      connection,
      vantage: 'runner',
      target: 'cluster-ip',
      deployment: 'truth',
      service: 'truth',
      servicePort: port,
      path: '/',
      update: { kind: 'restart' },
      ratePerSecond: 1000 / intervalMs,
      connections,
      deadlineMs,
      baselineMs: 0,
      tailMs: 0,
      rolloutDeadlineMs: 0,
      expect,
    },
    environment: {
      cluster: 'existing',
      kubernetes: '',
      cni: '',
      kubeProxyMode: '',
      nodes: 0,
      platform: process.platform,
      node: process.version,
    },
    streams: [{ id, role: 'target', url: `http://${address}:${port}/`, address, port, intervalMs, expect }],
  };
}
