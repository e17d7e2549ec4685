import type { PodTimes } from '../../model/finding.ts';
import { signalName } from './evidence.ts';
import type { PodStory } from './pod-story.ts';
import { type Story, servingContainer } from './story.ts';

/** The stopwatch: each pod's way through the update, old pods first. */
export function podTimesOf({ pods, visits, drops, before }: Story): readonly PodTimes[] {
  const served = new Map<PodStory, { firstMs: number; lastMs: number }>();
  for (const { ok, pod, sentMs } of visits) {
    if (!ok || !pod) continue;
    const times = served.get(pod);
    if (times) times.lastMs = Math.max(times.lastMs, sentMs);
    else served.set(pod, { firstMs: sentMs, lastMs: sentMs });
  }
  const lost = new Map<PodStory, number>();
  for (const { pod, sentMs } of drops) if (pod) lost.set(pod, Math.max(lost.get(pod) ?? 0, sentMs));
  return pods
    .map((pod) => timesOf(pod, served.get(pod), lost.get(pod), servingContainer(before)?.preStop?.seconds))
    .toSorted((a, b) => Number(a.generation === 'new') - Number(b.generation === 'new'));
}

function timesOf(
  pod: PodStory,
  served: { readonly firstMs: number; readonly lastMs: number } | undefined,
  lastInVainMs: number | undefined,
  hookSeconds: number | undefined,
): PodTimes {
  const { name, generation, node, exitCode } = pod;
  const instants = {
    // An old pod was there before the recording began: how it started is not in it.
    ...(generation === 'new' && {
      createdMs: pod.firstSeenMs,
      startedMs: pod.startedMs,
      readyMs: pod.firstReadyMs,
      inEndpointsMs: pod.inEndpointsMs,
      firstServedMs: served?.firstMs,
    }),
    deleteAskedMs: pod.terminatingMs,
    endpointTerminatingMs: pod.endpointTerminatingMs,
    ...hookOf(pod, hookSeconds),
    signalledMs: pod.signalledMs,
    signal: pod.signalledMs === undefined ? undefined : signalName(pod.signal),
    lastServedMs: served?.lastMs,
    lastInVainMs,
    exitedMs: pod.exitedMs,
    exitCode,
    outOfEndpointsMs: pod.outOfEndpointsMs,
    goneMs: pod.goneMs,
  };
  const known = Object.fromEntries(Object.entries(instants).filter(([, value]) => value !== undefined));
  return { name, generation, ...(node === undefined ? {} : { node }), ...known };
}

/** The hook's times as its node told them, or the one that follows from the template. */
function hookOf(
  { terminatingMs, graceSeconds = 30, hookBeganMs, hookOverMs, hookShownBy }: PodStory,
  hookSeconds: number | undefined,
): Pick<PodTimes, 'hookBeganMs' | 'hookOverMs' | 'hookShownBy'> | undefined {
  if (hookOverMs !== undefined && hookShownBy) {
    return { hookOverMs, hookShownBy, ...(hookBeganMs === undefined ? {} : { hookBeganMs }) };
  }
  // Without any time to end no hook runs.
  if (!hookSeconds || graceSeconds === 0 || terminatingMs === undefined) return undefined;
  const lengthMs = Math.min(hookSeconds, graceSeconds) * 1000;
  return { hookOverMs: terminatingMs + lengthMs, hookShownBy: 'template' };
}
