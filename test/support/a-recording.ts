import {
  type End,
  type Environment,
  type Header,
  type Probe,
  RECORDING_FORMAT,
  RECORDING_VERSION,
  type RecordingEntry,
  type RolloutOutcome,
  type TemplateFact,
} from '../../src/model/recording.ts';
import type { Scenario } from '../../src/model/scenario.ts';
import type { Trial } from '../../src/model/trial.ts';

/**
 * What becomes of consecutive requests, drawn from an instant on; spaces are for the eye.
 *
 *     .  answered            r  reset before an answer   n  the prober had no descriptor
 *     x  refused             s  status 503               ?  in flight when the prober was told to stop
 *     t  connect timeout     c  body cut short           u  never sent: overdue
 *     a  answer timeout      b  wrong body               -  no record arrived
 */
export interface Drawing {
  readonly atMs: number;
  readonly draw: string;
}

export interface RecordingOptions {
  readonly environment?: Partial<Environment>;
  readonly scenario?: Partial<Scenario>;
  readonly run?: number;
  /** Set where the manifests are not the user's as they are. */
  readonly trial?: Trial;
  readonly intervalMs?: number;
  readonly replicas?: number;
  readonly baselineMs?: number;
  /** Trigger to completion. */
  readonly rolloutMs?: number;
  /** Completion to the end of the last old pod. */
  readonly terminatingMs?: number;
  readonly tailMs?: number;
  readonly target?: readonly Drawing[];
  readonly steady?: readonly Drawing[];
  /** Stretches without requests and without heartbeats. */
  readonly asleep?: readonly { readonly fromMs: number; readonly toMs: number }[];
  readonly outcome?: RolloutOutcome;
  readonly detail?: string;
  /** `missing`: the recording breaks off. */
  readonly end?: End['reason'] | 'missing';
  /** Whether the node's connection tracking was heard. */
  readonly routes?: boolean;
  /** The pod that dropped requests were sent to. */
  readonly lostAt?: 'old' | 'new' | 'nobody';
  /** What the template says before and after the update. Without it the recording holds none. */
  readonly template?: Partial<TemplateFact>;
  /** The last word on the entries. */
  readonly change?: (entries: readonly RecordingEntry[]) => readonly RecordingEntry[];
}

/** When things happen in `aRecording()` where nothing else is said. */
export const TIMES = { triggeredMs: 3_000, completeMs: 5_000, goneMs: 6_000, stoppedMs: 12_000 } as const;

/**
 * A recording of a run in which everything went well: 100 requests/s, one replica, update at 3 s, complete at 5 s,
 * old pod gone at 6 s, end of probing at 12 s. Options say what is different.
 *
 *     0        3 s            5 s          6 s            12 s
 *     │ before │ during       │ after      │ tail         │
 *     old pod ────────────────┤ terminating│
 *                    new pod ──────────────────────────────
 */
export function aRecording(options: RecordingOptions = {}): readonly RecordingEntry[] {
  const { intervalMs = 10, replicas = 1, outcome = 'completed', end = 'finished' } = options;
  const triggeredMs = options.baselineMs ?? TIMES.triggeredMs;
  const completeMs = triggeredMs + (options.rolloutMs ?? TIMES.completeMs - TIMES.triggeredMs);
  const goneMs = completeMs + (options.terminatingMs ?? TIMES.goneMs - TIMES.completeMs);
  const stoppedMs = goneMs + (options.tailMs ?? TIMES.stoppedMs - TIMES.goneMs);
  const completed = outcome === 'completed';
  const old = pods('old', replicas);
  const fresh = pods('new', replicas);
  const asleep = (ms: number) =>
    options.asleep?.some(({ fromMs, toMs }) => ms >= fromMs && ms < toMs) ?? false;
  const probes = (stream: string, drawings: readonly Drawing[] = [], firstPort: number) =>
    drawnProbes({ stream, drawings, intervalMs, stoppedMs, firstPort, remote: remoteOf(stream) }).map(
      (probe) => (asleep(probe.scheduledMs) ? unsent(probe) : probe),
    );
  const target = probes('target', options.target, 20_000);
  const steady = probes('steady', options.steady, 30_000);

  const timed: readonly RecordingEntry[] = [
    { kind: 'mark', atMs: 0, mark: 'probing-started' },
    ...old.map((pod) => podFact(pod, 0, 'listed', false)),
    endpoints(0, old),
    ...target,
    ...steady,
    ...heartbeats(stoppedMs + 500, intervalMs).filter(({ atMs }) => !asleep(atMs)),
    ...(options.routes === false ? [] : routes(target, completeMs - 500, options.lostAt ?? 'old')),
    ...(options.template ? [aTemplate(options.template, triggeredMs - 1, 'old')] : []),
    ...(options.template ? [aTemplate(options.template, goneMs, 'new')] : []),
    {
      kind: 'workload-before',
      atMs: triggeredMs - 1,
      generation: 1,
      replicas,
      templateHash: 'old',
      pods: old.map((pod) => ({ ...pod, terminating: false })),
    },
    { kind: 'mark', atMs: triggeredMs, mark: 'update-triggered' },
    ...(completed
      ? ([
          ...fresh.map((pod) => podFact(pod, completeMs - 600, 'modified', false)),
          endpoints(completeMs - 500, fresh),
          ...old.map((pod) => podFact(pod, completeMs - 500, 'modified', true)),
          { kind: 'mark', atMs: completeMs, mark: 'rollout-complete' },
          ...old.map((pod) => podFact(pod, goneMs, 'deleted', true)),
          { kind: 'mark', atMs: goneMs, mark: 'old-pods-gone' },
          {
            kind: 'workload-after',
            atMs: goneMs,
            generation: 2,
            observedGeneration: 2,
            replicas,
            updatedReplicas: replicas,
            availableReplicas: replicas,
            templateHash: 'new',
            pods: fresh.map((pod) => ({ ...pod, terminating: false })),
          },
        ] satisfies RecordingEntry[])
      : []),
    {
      kind: 'rollout-end',
      atMs: goneMs,
      outcome,
      ...(options.detail === undefined ? {} : { detail: options.detail }),
    },
    { kind: 'mark', atMs: stoppedMs, mark: 'probing-stopped' },
  ];
  const entries: readonly RecordingEntry[] = [
    header(options, intervalMs),
    ...timed.toSorted((a, b) => instantOf(a) - instantOf(b)),
    ...(end === 'missing' ? [] : [{ kind: 'end', atMs: stoppedMs + 600, reason: end } as const]),
  ];
  return options.change?.(entries) ?? entries;
}

/** A scenario with everything decided. */
export function aScenario(different: Partial<Scenario> = {}): Scenario {
  return {
    name: 'new-connections',
    protocol: 'http',
    connection: 'new',
    vantage: 'runner',
    target: 'node-port',
    deployment: 'web',
    service: 'web',
    servicePort: 80,
    path: '/',
    update: { kind: 'restart' },
    ratePerSecond: 100,
    connections: 10,
    deadlineMs: 2_000,
    baselineMs: 3_000,
    tailMs: 6_000,
    rolloutDeadlineMs: 120_000,
    expect: { statusFrom: 200, statusTo: 299 },
    ...different,
  };
}

/** Draws what became of consecutive requests: the stuff of tests on samples. */
export function drawnProbes(given: {
  readonly stream?: string;
  readonly drawings: readonly Drawing[];
  readonly intervalMs: number;
  readonly stoppedMs: number;
  readonly firstPort?: number;
  readonly remote?: string;
}): readonly Probe[] {
  const {
    stream = 'target',
    drawings,
    intervalMs,
    stoppedMs,
    firstPort = 20_000,
    remote = remoteOf('target'),
  } = given;
  const symbols = new Map(
    drawings.flatMap(({ atMs, draw }) =>
      [...draw.replaceAll(' ', '')].map(
        (symbol, index) => [Math.ceil(atMs / intervalMs) + index, symbol] as const,
      ),
    ),
  );
  return Array.from({ length: Math.ceil(stoppedMs / intervalMs) }, (_, seq) => seq).flatMap((seq) => {
    const symbol = symbols.get(seq) ?? '.';
    if (symbol === '-') return [];
    const due = { kind: 'probe', stream, seq, scheduledMs: seq * intervalMs } as const;
    if (symbol === 'u') return [unsent(due)];
    const sentMs = due.scheduledMs + 0.2;
    const sent = { ...due, sentMs, localPort: firstPort + (seq % 10_000), remote };
    const failed = (phase: NonNullable<Probe['failure']>['phase'], code: string, lastsMs = 0.5): Probe => ({
      ...sent,
      endedMs: sentMs + lastsMs,
      failure: { phase, code },
    });
    const answered = (status: number, more: Partial<Probe> = {}): Probe => ({
      ...sent,
      endedMs: sentMs + 1 + (seq % 5) / 10,
      status,
      bytes: 612,
      ...more,
    });
    switch (symbol) {
      case '.':
        return [answered(200)];
      case 'x':
        return [failed('connect', 'ECONNREFUSED')];
      case 't':
        return [failed('connect', 'DEADLINE', 2_000)];
      case 'a':
        return [failed('headers', 'DEADLINE', 2_000)];
      case 'r':
        return [failed('headers', 'ECONNRESET')];
      case 's':
        return [answered(503)];
      case 'c':
        return [{ ...failed('body', 'UND_ERR_SOCKET'), status: 200, bytes: 10 }];
      case 'b':
        return [answered(200, { bodyOk: false })];
      case 'n':
        return [failed('bind', 'EMFILE')];
      case '?':
        return [failed('headers', 'ABORTED')];
      default:
        throw new Error(`nothing is drawn as ${symbol}`);
    }
  });
}

function unsent({ stream, seq, scheduledMs }: Pick<Probe, 'stream' | 'seq' | 'scheduledMs'>): Probe {
  return { kind: 'probe', stream, seq, scheduledMs, unsent: 'overdue' };
}

function header({ scenario, run = 1, trial, environment }: RecordingOptions, intervalMs: number): Header {
  const { expect } = aScenario(scenario);
  return {
    kind: 'header',
    format: RECORDING_FORMAT,
    version: RECORDING_VERSION,
    rollproof: '0.1.0',
    startedAt: '2026-11-20T12:00:00.000Z',
    run,
    ...(trial && { trial }),
    scenario: aScenario({ ratePerSecond: 1000 / intervalMs, ...scenario }),
    environment: {
      cluster: 'kind',
      kubernetes: 'v1.34.3',
      kind: 'v0.33.0',
      nodeImage: 'kindest/node:v1.34.3',
      cni: 'kindnet',
      kubeProxyMode: 'iptables',
      nodes: 2,
      platform: 'linux/x64, 2 processors',
      node: 'v24.21.0',
      ...environment,
    },
    streams: [
      {
        id: 'target',
        role: 'target',
        url: 'http://172.18.0.2:30080/',
        address: '172.18.0.2',
        port: 30_080,
        intervalMs,
        expect,
      },
      {
        id: 'steady',
        role: 'steady',
        url: 'http://172.18.0.2:30081/',
        address: '172.18.0.2',
        port: 30_081,
        intervalMs,
        expect: aScenario().expect,
      },
    ],
  };
}

function remoteOf(stream: string): string {
  return stream === 'steady' ? '172.18.0.2:30081' : '172.18.0.2:30080';
}

interface PodDrawing {
  readonly uid: string;
  readonly name: string;
  readonly node: string;
  readonly address: string;
  readonly templateHash: string;
}

function pods(generation: 'old' | 'new', replicas: number): readonly PodDrawing[] {
  return Array.from({ length: replicas }, (_, index) => ({
    uid: `uid-${generation}-${index}`,
    name: `web-${generation}-${index}`,
    node: generation === 'old' ? 'worker' : 'worker2',
    address: `10.244.${generation === 'old' ? 1 : 2}.${index + 2}`,
    templateHash: generation,
  }));
}

function podFact(
  pod: PodDrawing,
  atMs: number,
  change: 'listed' | 'modified' | 'deleted',
  terminating: boolean,
): RecordingEntry {
  return {
    kind: 'pod',
    atMs,
    change,
    ...pod,
    phase: 'Running',
    ready: !terminating,
    ...(terminating ? { deletionTimestamp: '2026-11-20T12:00:34Z', deletionGracePeriodSeconds: 30 } : {}),
    containers: [],
  };
}

function endpoints(atMs: number, of: readonly PodDrawing[]): RecordingEntry {
  return {
    kind: 'endpoints',
    atMs,
    change: atMs === 0 ? 'listed' : 'modified',
    slice: 'web-abc12',
    endpoints: of.map(({ name, address, node }) => ({
      address,
      pod: name,
      node,
      ready: true,
      serving: true,
      terminating: false,
    })),
  };
}

function heartbeats(untilMs: number, intervalMs: number) {
  return Array.from({ length: Math.floor(untilMs / 250) + 1 }, (_, index) => {
    const atMs = index * 250;
    const next = Math.ceil(Math.min(atMs, untilMs - 500) / intervalMs);
    return {
      kind: 'heartbeat',
      atMs,
      loopStallMs: 2,
      inFlight: 1,
      nextSeq: { target: next, steady: next },
    } as const;
  });
}

function routes(
  target: readonly Probe[],
  switchedMs: number,
  lostAt: 'old' | 'new' | 'nobody',
): readonly RecordingEntry[] {
  const [old, fresh] = ['10.244.1.2', '10.244.2.2'];
  return target.flatMap(({ sentMs, localPort, failure }) => {
    if (sentMs === undefined || localPort === undefined || (failure && lostAt === 'nobody')) return [];
    const toOld = failure ? lostAt === 'old' : sentMs < switchedMs;
    return [
      {
        kind: 'route',
        atMs: sentMs + 0.3,
        stream: 'target',
        localPort,
        podAddress: toOld ? old : fresh,
      } as const,
    ];
  });
}

function aTemplate(different: Partial<TemplateFact>, atMs: number, templateHash: string): TemplateFact {
  return {
    kind: 'template',
    atMs,
    templateHash,
    hostNetwork: false,
    gracePeriodSeconds: 30,
    strategy: { type: 'RollingUpdate', maxSurge: '1', maxUnavailable: '0' },
    containers: [{ name: 'nginx', ports: [{ containerPort: 80 }], readiness: { how: 'http', path: '/' } }],
    serving: 'nginx',
    ...different,
  };
}

function instantOf(entry: RecordingEntry): number {
  if (entry.kind === 'header') return 0;
  return entry.kind === 'probe' || entry.kind === 'pod-probe'
    ? (entry.endedMs ?? entry.scheduledMs)
    : entry.atMs;
}
