import type { Drop, Story } from './story.ts';

/**
 * How long after it was told to end a pod was still sent new connections, in the worst case: by what the nodes'
 * connection tracking tells, and by the pods that drops are laid to where that was not heard. Undefined where no pod was
 * told to end, or none of them was sent any.
 */
export function sentToEndingMs({ visits, pods }: Story, drops: readonly Drop[]): number | undefined {
  const needs = pods.flatMap((pod) => {
    const { askedFromMs, terminatingMs = askedFromMs } = pod;
    if (askedFromMs === undefined || terminatingMs === undefined) return [];
    const own = [...visits, ...drops].filter(
      (visit) => visit.pod === pod && !visit.reused && visit.sentMs >= askedFromMs,
    );
    const lastMs = own.reduce((last, { sentMs }) => Math.max(last, sentMs), Number.NEGATIVE_INFINITY);
    return own.length === 0 ? [] : [Math.max(0, lastMs - terminatingMs)];
  });
  return needs.length === 0 ? undefined : Math.max(...needs);
}
