import type { PodTimes } from '../model/finding.ts';

/** What a pod is doing in a stretch of its time. */
export type Stage = 'starting' | 'in service' | 'in hook' | 'ending' | 'ended';

/** A stretch of one pod's time, milliseconds of the recording's clock. */
export interface Stretch {
  readonly stage: Stage;
  readonly fromMs: number;
  readonly toMs: number;
}

/** An instant in one pod's time that is worth a mark. */
export interface Instant {
  readonly what: string;
  readonly atMs: number;
}

/** One pod's time, to be drawn as one lane. */
export interface Lane {
  readonly pod: PodTimes;
  readonly stretches: readonly Stretch[];
  readonly instants: readonly Instant[];
}

/**
 * Cuts each pod's time into stretches between two instants of the recording. Old pods come first, in the order in
 * which they ended, then new ones as they came. Pods without any time are left out.
 */
export function lanesOf(pods: readonly PodTimes[], fromMs: number, toMs: number): readonly Lane[] {
  const turnMs = ({ generation, deleteAskedMs, createdMs }: PodTimes) =>
    (generation === 'old' ? deleteAskedMs : createdMs) ?? toMs;
  return pods
    .toSorted(
      (a, b) => Number(a.generation === 'new') - Number(b.generation === 'new') || turnMs(a) - turnMs(b),
    )
    .flatMap((pod) => {
      const stretches = stretchesOf(pod, fromMs, toMs);
      return stretches.length === 0 ? [] : [{ pod, stretches, instants: instantsOf(pod) }];
    });
}

function stretchesOf(pod: PodTimes, fromMs: number, toMs: number): readonly Stretch[] {
  const { createdMs, readyMs, deleteAskedMs, exitedMs, goneMs } = pod;
  // What only the template says is told, not drawn.
  const hookOverMs = pod.hookShownBy === 'template' ? undefined : pod.hookOverMs;
  const isNew = pod.generation === 'new';
  // An old pod was in service before the recording began; a new one is when it is ready, if ever.
  const cuts: readonly (readonly [Stage, number | undefined])[] = [
    ['starting', isNew ? createdMs : undefined],
    ['in service', isNew ? readyMs : fromMs],
    ['in hook', hookOverMs === undefined ? undefined : deleteAskedMs],
    ['ending', hookOverMs ?? deleteAskedMs],
    ['ended', exitedMs],
  ];
  const known = cuts.flatMap(([stage, atMs]) => (atMs === undefined ? [] : [{ stage, atMs }]));
  const endMs = goneMs ?? toMs;
  return known.flatMap(({ stage, atMs }, index) => {
    const stretch = {
      stage,
      fromMs: Math.max(fromMs, atMs),
      toMs: Math.min(toMs, endMs, known[index + 1]?.atMs ?? endMs),
    };
    return stretch.toMs > stretch.fromMs ? [stretch] : [];
  });
}

function instantsOf(pod: PodTimes): readonly Instant[] {
  const all: readonly (readonly [string, number | undefined])[] = [
    ['created', pod.createdMs],
    ['started', pod.startedMs],
    ['ready', pod.readyMs],
    ['in the endpoints', pod.inEndpointsMs],
    ['first request answered', pod.firstServedMs],
    ['told to end', pod.deleteAskedMs],
    ['endpoint terminating', pod.endpointTerminatingMs],
    ['hook begun', pod.hookBeganMs],
    [`hook over${pod.hookShownBy === 'template' ? ' (from the template)' : ''}`, pod.hookOverMs],
    [`sent ${pod.signal ?? 'the stop signal'}`, pod.signalledMs],
    ['last request answered', pod.lastServedMs],
    ['last request in vain', pod.lastInVainMs],
    ['end known', pod.exitedMs],
    ['out of the endpoints', pod.outOfEndpointsMs],
    ['gone', pod.goneMs],
  ];
  return all
    .flatMap(([what, atMs]) => (atMs === undefined ? [] : [{ what, atMs }]))
    .toSorted((a, b) => a.atMs - b.atMs);
}
