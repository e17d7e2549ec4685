import type {
  ContainerState,
  EndpointsFact,
  PodFact,
  PodProbe,
  RecordingEntry,
} from '../../src/model/recording.ts';
import { aRecording, type Drawing, drawnProbes, type RecordingOptions } from './a-recording.ts';

/** What is different in a drawn rollout whose drops have a cause. */
export interface StoryOptions extends RecordingOptions {
  /** How the old pod's container ends, and when that becomes known. */
  readonly exit?: { readonly code: number; readonly atMs: number; readonly finishedAt?: string };
  readonly graceSeconds?: number;
  /** The endpoints, in place of those of a good rollout. */
  readonly endpoints?: readonly Pick<EndpointsFact, 'atMs' | 'endpoints' | 'ports'>[];
  /** What else the watches showed. */
  readonly also?: readonly RecordingEntry[];
  /** Requests travel on connections that have carried some before. */
  readonly reused?: boolean;
  /** Number of connections that requests take in turn, from the same ports again and again. */
  readonly connections?: number;
  /** How long the dropped requests had taken. */
  readonly lostAfterMs?: number;
}

export const OLD = { pod: 'web-old-0', address: '10.244.1.2', node: 'worker' } as const;
export const NEW = { pod: 'web-new-0', address: '10.244.2.2', node: 'worker2' } as const;
export const READY = { ready: true, serving: true, terminating: false } as const;
export const ENDING = { ready: false, serving: true, terminating: true } as const;
export const UNREADY = { ready: false, serving: false, terminating: false } as const;

/** The old pod's end as the nodes see it: it leaves the endpoints when it has ended. */
export const SURGE = [
  { atMs: 0, endpoints: [{ ...OLD, ...READY }] },
  {
    atMs: 4_500,
    endpoints: [
      { ...OLD, ...ENDING },
      { ...NEW, ...READY },
    ],
  },
  { atMs: 4_900, endpoints: [{ ...NEW, ...READY }] },
];

/** An update of the kind Recreate: the old pod goes before there is a new one, and nobody answers meanwhile. */
export const RECREATED: StoryOptions = {
  template: { strategy: { type: 'Recreate' } },
  lostAt: 'nobody',
  endpoints: [
    { atMs: 0, endpoints: [{ ...OLD, ...READY }] },
    { atMs: 3_400, endpoints: [] },
    { atMs: 4_500, endpoints: [{ ...NEW, ...READY }] },
  ],
  also: [
    aPodFact('old', 3_100, { deletionTimestamp: '2026-11-20T12:00:33Z', deletionGracePeriodSeconds: 30 }),
  ],
};

/** A drawn rollout; the old pod is told to end at 4.5 s, when the new one takes over. */
export function aRolloutStory(options: StoryOptions): readonly RecordingEntry[] {
  const { exit, graceSeconds, endpoints, also = [], reused = false, lostAfterMs, connections } = options;
  return aRecording({
    ...options,
    change(entries) {
      const changed = entries
        .filter(({ kind }) => kind !== 'endpoints' || endpoints === undefined)
        .map((entry) => onConnection(entry, connections))
        .map((entry) => {
          if (entry.kind === 'pod') return ending(entry, exit, graceSeconds);
          if (entry.kind !== 'probe' || entry.stream !== 'target') return entry;
          const lasts = entry.failure && lostAfterMs !== undefined && entry.sentMs !== undefined;
          return { ...entry, reused, ...(lasts ? { endedMs: (entry.sentMs ?? 0) + lostAfterMs } : {}) };
        });
      const more = [
        ...also,
        ...(endpoints ?? []).map(
          (fact): EndpointsFact => ({
            kind: 'endpoints',
            change: 'modified',
            slice: 'web-abc12',
            ...fact,
          }),
        ),
      ];
      const [header, ...rest] = changed;
      const end = rest.findIndex(({ kind }) => kind === 'end');
      const timed = [...rest.slice(0, end), ...more].toSorted((a, b) => at(a) - at(b));
      return header ? [header, ...timed, ...rest.slice(end)] : [];
    },
  });
}

function onConnection(entry: RecordingEntry, connections: number | undefined): RecordingEntry {
  if (connections === undefined || (entry.kind !== 'probe' && entry.kind !== 'route')) return entry;
  if (entry.stream !== 'target' || entry.localPort === undefined) return entry;
  return { ...entry, localPort: 20_000 + ((entry.localPort - 20_000) % connections) };
}

/** A fact about one of the two pods. */
export function aPodFact(which: 'old' | 'new', atMs: number, different: Partial<PodFact> = {}): PodFact {
  const { pod: name, address, node } = which === 'old' ? OLD : NEW;
  return {
    kind: 'pod',
    atMs,
    change: 'modified',
    uid: `uid-${which}-0`,
    name,
    node,
    address,
    templateHash: which,
    phase: 'Running',
    ready: true,
    containers: [aContainer()],
    ...different,
  };
}

/** What a pod is asked at its own address, every 100 ms from an instant on: drawn as `aRecording` draws requests. */
export function askedItself(which: 'old' | 'new', { atMs, draw }: Drawing): readonly PodProbe[] {
  const { address } = which === 'old' ? OLD : NEW;
  const drawings = [{ atMs: 0, draw }];
  const stoppedMs = draw.length * 100;
  const remote = `${address}:80`;
  return drawnProbes({ drawings, intervalMs: 100, stoppedMs, firstPort: 61_000, remote }).map(
    ({ kind: _, stream: __, seq: ___, ...request }) => ({
      ...request,
      kind: 'pod-probe',
      pod: `uid-${which}-0`,
      scheduledMs: request.scheduledMs + atMs,
      ...(request.sentMs === undefined ? {} : { sentMs: request.sentMs + atMs }),
      ...(request.endedMs === undefined ? {} : { endedMs: request.endedMs + atMs }),
    }),
  );
}

export function aContainer(different: Partial<ContainerState> = {}): ContainerState {
  return { name: 'nginx', state: 'running', ready: true, restarts: 0, ...different };
}

function ending(fact: PodFact, exit: StoryOptions['exit'], graceSeconds: number | undefined): RecordingEntry {
  const ended = exit !== undefined && fact.deletionTimestamp !== undefined && fact.atMs >= exit.atMs;
  return {
    ...fact,
    containers: [ended ? endedContainer(exit) : aContainer()],
    ...(fact.deletionTimestamp !== undefined && graceSeconds !== undefined
      ? {
          deletionGracePeriodSeconds: graceSeconds,
          deletionTimestamp: new Date(Date.parse('2026-11-20T12:00:04Z') + graceSeconds * 1000).toISOString(),
        }
      : {}),
  };
}

function endedContainer({ code, finishedAt }: NonNullable<StoryOptions['exit']>): ContainerState {
  return aContainer({
    state: 'terminated',
    ready: false,
    exitCode: code,
    ...(finishedAt === undefined ? {} : { finishedAt }),
  });
}

function at(entry: RecordingEntry): number {
  if (entry.kind === 'header') return 0;
  return entry.kind === 'probe' || entry.kind === 'pod-probe'
    ? (entry.endedMs ?? entry.scheduledMs)
    : entry.atMs;
}
