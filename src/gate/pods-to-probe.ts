import type { EndpointsFact, RecordingEntry } from '../model/recording.ts';

/** A pod that can be asked at its own address. */
export interface AskablePod {
  readonly uid: string;
  readonly address: string;
  /** What the probed port of the Service is in this pod. */
  readonly port: number;
}

/** What is known of the pods of the Deployment, folded from the entries so far. */
export interface PodBook {
  readonly pods: ReadonlyMap<string, KnownPod>;
}

interface KnownPod {
  readonly uid: string;
  readonly name: string;
  readonly address?: string;
  /** Present once it has been a ready endpoint: nobody asks a pod before it says that it may be asked. */
  readonly port?: number;
  readonly ending: boolean;
  /** When it last became ready, or was told to end. */
  readonly turnedMs: number;
  /** When its object was gone. */
  readonly goneMs?: number;
}

/** Nodes may still send requests to a pod that is gone: its address is asked for this much longer. */
export const AFTER_GONE_MS = 3_000;

export const EMPTY_BOOK: PodBook = { pods: new Map() };

/** The book after one more entry; `portName` is the name of the probed port, `''` where it has none. */
export function withPodEntry(book: PodBook, entry: RecordingEntry, portName: string): PodBook {
  if (entry.kind === 'endpoints') return withEndpoints(book, entry, portName);
  if (entry.kind !== 'pod') return book;
  const { uid, name, atMs, address, deletionTimestamp, change } = entry;
  const pods = new Map([...book.pods].filter(([, { goneMs }]) => !isOver(goneMs, atMs)));
  const before = pods.get(uid) ?? { uid, name, ending: false, turnedMs: atMs };
  const gone = change === 'deleted';
  const ending = gone || deletionTimestamp !== undefined;
  pods.set(uid, {
    ...before,
    ...(address === undefined ? {} : { address }),
    ending,
    turnedMs: ending && !before.ending ? atMs : before.turnedMs,
    ...(gone ? { goneMs: atMs } : {}),
  });
  return { pods };
}

function isOver(goneMs: number | undefined, atMs: number): boolean {
  return goneMs !== undefined && atMs > goneMs + AFTER_GONE_MS;
}

function withEndpoints(book: PodBook, entry: EndpointsFact, portName: string): PodBook {
  const index = (entry.ports ?? []).indexOf(portName);
  const port = entry.portNumbers?.[index];
  if (!port || entry.change === 'deleted') return book;
  const ready = new Set(entry.endpoints.flatMap((one) => (one.ready && one.pod ? [one.pod] : [])));
  const pods = new Map(book.pods);
  for (const pod of pods.values()) {
    if (!ready.has(pod.name)) continue;
    const turnedMs = pod.port === undefined ? entry.atMs : pod.turnedMs;
    pods.set(pod.uid, { ...pod, port, turnedMs });
  }
  return { pods };
}

/**
 * The pods to ask at an instant, at most `limit`: those that are ending come first, then those that have begun to serve
 * last. A pod whose address another one has as well (that of their node, or one that was given on) is left out: nobody
 * could tell which one answered.
 */
export function podsToProbe({ pods }: PodBook, atMs: number, limit: number): readonly AskablePod[] {
  const known = [...pods.values()].filter(({ goneMs }) => !isOver(goneMs, atMs));
  const holders = Map.groupBy(known, ({ address }) => address);
  return known
    .toSorted((a, b) => Number(b.ending) - Number(a.ending) || b.turnedMs - a.turnedMs)
    .flatMap(({ uid, address, port }) =>
      address === undefined || port === undefined || holders.get(address)?.length !== 1
        ? []
        : [{ uid, address, port }],
    )
    .slice(0, limit);
}
