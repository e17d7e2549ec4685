import { least, most } from '../extremes.ts';
import { firstAfter, firstFrom } from './in-order.ts';
import type { PodStory } from './pod-story.ts';
import { remembered } from './remembered.ts';
import { PROPAGATION_MS } from './rule.ts';
import type { Story, Visit } from './story.ts';

/** As many connections to one of several pods are no chance: half as many heads in a row come once in a thousand. */
const STICKY_AFTER = 10;

/** While rules are written anew a connection may stray to another pod: fewer than one for so many. */
const CONNECTIONS_PER_STRAY = 20;

/**
 * Pods at which new connections were lost that had gone there by affinity: all that this client opened meanwhile went
 * to the pod, and at some time of the run all had gone to one pod while there was the choice of another that had been
 * ready for long. That is shown once for all: who is bound by the Service is bound again when its pod is gone.
 */
export const stickyPods = remembered(({ before, pods, visits, drops }: Story): ReadonlySet<PodStory> => {
  if (before?.service?.sessionAffinity !== 'ClientIP') return new Set();
  const answered = visits.filter(({ ok, reused }) => ok && !reused).sort((a, b) => a.sentMs - b.sentMs);
  const answeredBy = Map.groupBy(answered, ({ pod }) => pod);
  const lostAt = Map.groupBy(
    drops.filter(({ reused }) => !reused).sort((a, b) => a.sentMs - b.sentMs),
    ({ pod }) => pod,
  );
  const allWentTo = (pod: PodStory, sinceMs: number, untilMs: number) => {
    const within = (sent: readonly Visit[]) =>
      Math.max(0, firstAfter(sent, untilMs) - firstFrom(sent, sinceMs));
    const answeredThere = within(answeredBy.get(pod) ?? []);
    const elsewhere = within(answered) - answeredThere;
    const there = answeredThere + within(lostAt.get(pod) ?? []);
    return there >= STICKY_AFTER && elsewhere * CONNECTIONS_PER_STRAY <= there;
  };
  // Until one of them was told to end. Not the earliest instant at which it may have been asked to: the server counts
  // in whole seconds.
  const wasNoChoice = (pod: PodStory, other: PodStory) =>
    other !== pod &&
    other.inEndpointsMs !== undefined &&
    allWentTo(
      pod,
      other.inEndpointsMs + PROPAGATION_MS,
      Math.min(
        other.terminatingMs ?? Number.POSITIVE_INFINITY,
        pod.terminatingMs ?? Number.POSITIVE_INFINITY,
      ),
    );
  const losing = pods.filter((pod) => {
    const sent = (lostAt.get(pod) ?? []).map(({ sentMs }) => sentMs);
    return sent.length > 0 && allWentTo(pod, least(sent), most(sent));
  });
  const isShown = losing.length > 0 && pods.some((pod) => pods.some((other) => wasNoChoice(pod, other)));
  return new Set(isShown ? losing : []);
});
