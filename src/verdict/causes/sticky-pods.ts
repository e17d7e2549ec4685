import { least, most } from '../extremes.ts';
import { firstAfter, firstFrom } from './in-order.ts';
import type { PodStory } from './pod-story.ts';
import { PROPAGATION_MS } from './rule.ts';
import type { Drop, Visit } from './story.ts';

/** As many connections to one of several pods are no chance: half as many heads in a row come once in a thousand. */
const STICKY_AFTER = 10;

/** While rules are written anew a connection may stray to another pod: fewer than one for so many. */
const CONNECTIONS_PER_STRAY = 20;

/**
 * Pods at which new connections were lost that had gone there by affinity: all that this client opened meanwhile went
 * to the pod, and so did all before, while it had had the choice of another that had been ready for long.
 */
export function stickyPods(
  pods: readonly PodStory[],
  visits: readonly Visit[],
  drops: readonly Drop[],
): ReadonlySet<PodStory> {
  const answered = visits.filter(({ ok, reused }) => ok && !reused).sort((a, b) => a.sentMs - b.sentMs);
  const answeredBy = Map.groupBy(answered, ({ pod }) => pod);
  const lostAt = Map.groupBy(
    drops.filter(({ reused }) => !reused).sort((a, b) => a.sentMs - b.sentMs),
    ({ pod }) => pod,
  );
  const isSticky = (pod: PodStory) => {
    const lost = lostAt.get(pod) ?? [];
    const fromMs = least(lost.map(({ sentMs }) => sentMs));
    const toMs = most(lost.map(({ sentMs }) => sentMs));
    const allWentThere = (sinceMs: number, untilMs: number) => {
      const within = (sent: readonly Visit[]) =>
        Math.max(0, firstAfter(sent, untilMs) - firstFrom(sent, sinceMs));
      const answeredThere = within(answeredBy.get(pod) ?? []);
      const elsewhere = within(answered) - answeredThere;
      const there = answeredThere + within(lost);
      return there >= STICKY_AFTER && elsewhere * CONNECTIONS_PER_STRAY <= there;
    };
    // Until the other one was told to end itself. Not the earliest instant at which it may have been asked to: the
    // server counts in whole seconds.
    const hadTheChoiceOf = ({ inEndpointsMs = toMs, terminatingMs = toMs }: PodStory) =>
      inEndpointsMs + PROPAGATION_MS <= fromMs &&
      allWentThere(inEndpointsMs + PROPAGATION_MS, Math.min(terminatingMs, toMs));
    return (
      lost.length > 0 &&
      pods.some((other) => other !== pod && hadTheChoiceOf(other)) &&
      allWentThere(fromMs, toMs)
    );
  };
  return new Set(pods.filter(isSticky));
}
