import { most } from '../extremes.ts';
import type { Drop, Story } from './story.ts';

/**
 * How long after it was told to end a pod was still sent new connections, in the worst case: by what the nodes'
 * connection tracking tells, and by the pods that drops are laid to where that was not heard. Undefined where no pod was
 * told to end, or none of them was sent any.
 */
export function sentToEndingMs({ visitsOf, pods }: Story, drops: readonly Drop[]): number | undefined {
  const needs = pods.flatMap((pod) => {
    const { askedFromMs, terminatingMs = askedFromMs } = pod;
    if (askedFromMs === undefined || terminatingMs === undefined) return [];
    const lost = drops.filter((drop) => drop.pod === pod);
    const sentMs = [...(visitsOf.get(pod) ?? []), ...lost]
      .filter((visit) => !visit.reused && visit.sentMs >= askedFromMs)
      .map((visit) => visit.sentMs);
    return sentMs.length === 0 ? [] : [Math.max(0, most(sentMs) - terminatingMs)];
  });
  return needs.length === 0 ? undefined : most(needs);
}
