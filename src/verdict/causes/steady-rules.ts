import { ownAnswerTo } from './own-answers.ts';
import type { PodStory } from './pod-story.ts';
import type { Rule } from './rule.ts';
import { ARRIVAL_MS } from './rule.ts';
import type { Drop, Story } from './story.ts';

/** A server that closes connections sooner than this after their last answer does not close idle ones. */
const IDLE_MS = 500;

/** As many answers on connections that had been idle for less time show that idleness is what makes the difference. */
const CONTRAST = 20;

/** A kept-alive connection that the server had closed, or was closing, because nothing had come over it for long. */
export const idleConnection: Rule = (drop, story) => {
  const { class: dropClass, established, idleMs, pod } = drop;
  const cut = dropClass === 'reset-before-answer' || dropClass === 'closed-before-answer';
  if (!cut || !established || idleMs === undefined || idleMs < IDLE_MS || isEnding(pod, drop))
    return undefined;
  const busier = story.visits.filter((visit) => visit.idleMs !== undefined && visit.idleMs < idleMs / 2);
  const lost = story.drops.some((other) => other.idleMs !== undefined && other.idleMs < idleMs / 2);
  if (lost) return undefined;
  const closed = story.visits.filter((visit) => visit.replaced && !isEnding(visit.pod, visit));
  return {
    cause: 'keep-alive-idle-close',
    confidence: busier.length >= CONTRAST || closed.length > 0 ? 'high' : 'medium',
    because: `The connections had carried requests before and then nothing for a while, and were closed just as the next request was on its way. The pods were neither starting nor ending.${closed.length > 0 ? ' Others were found closed after they had rested as well.' : ''}`,
  };
};

/** Answers of a proxy about the server behind it. */
const BAD_GATEWAY: ReadonlySet<number> = new Set([502, 503, 504]);

/** A proxy's list of pods is at most this much older than what the cluster knows. */
const STALE_MS = 60_000;

/** Answers of one proxy about one outage are this close to each other. */
const SAME_OUTAGE_MS = 2_000;

/** Did pods that were not ending give the same answer at that time? Then it is not the ending that speaks. */
export function isAnswerOfProxy(drop: Drop, { drops }: Story): boolean {
  const { status, sentMs, pod } = drop;
  if (status === undefined || !BAD_GATEWAY.has(status)) return false;
  return drops.some(
    (other) =>
      other.status === status &&
      other.pod !== pod &&
      !isEnding(other.pod, other) &&
      Math.abs(other.sentMs - sentMs) <= SAME_OUTAGE_MS,
  );
}

/** Somebody between us and the pods answered that it could not reach one, after one had been told to end. */
export const staleUpstream: Rule = (drop, story) => {
  const { pods, drops, visits, routesHeard } = story;
  const { status, sentMs, endedMs, pod, address } = drop;
  if (status === undefined || !BAD_GATEWAY.has(status)) return undefined;
  const byProxy = isAnswerOfProxy(drop, story);
  if (isEnding(pod, drop) && !byProxy) return undefined;
  const ended = pods.filter(
    ({ askedFromMs = Number.POSITIVE_INFINITY }) =>
      askedFromMs <= endedMs && sentMs <= askedFromMs + STALE_MS,
  );
  const firstMs = Math.min(...ended.map(({ askedFromMs = 0 }) => askedFromMs));
  // What answers like this also without an update has another reason.
  const always = drops.some((other) => other.status === status && other.endedMs < firstMs - ARRIVAL_MS);
  if (ended.length === 0 || always) return undefined;
  const foreign = routesHeard && address !== undefined && pod === undefined;
  const recovered = visits.some((visit) => visit.ok && visit.pod === pod && visit.sentMs > endedMs);
  if (!foreign && !recovered && !byProxy) return undefined;
  const itself = ownAnswerTo(story, pod, drop) === 'ok';
  return {
    cause: 'ingress-stale-upstream',
    confidence: foreign || itself ? 'high' : 'medium',
    because: `They were answered ${status} while old pods ended, by ${foreign ? 'a proxy, which is no pod of the Deployment' : 'pods that were neither starting nor ending'}${itself ? '; asked at their own addresses, those pods answered as expected at that time' : ''}.`,
    ...(!foreign &&
      !itself && {
        undecided: {
          causes: ['readiness-too-early'],
          decidedBy:
            "The body or the `Server` header of such an answer: is it the proxy's, or the server's own?",
        },
      }),
  };
};

function isEnding(pod: PodStory | undefined, { endedMs }: Pick<Drop, 'endedMs'>): boolean {
  return pod?.askedFromMs !== undefined && endedMs >= pod.askedFromMs;
}
