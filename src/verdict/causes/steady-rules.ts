import { least, most } from '../extremes.ts';
import { ownAnswerTo } from './own-answers.ts';
import type { PodStory } from './pod-story.ts';
import { remembered } from './remembered.ts';
import type { Rule } from './rule.ts';
import { ARRIVAL_MS, dropsNear } from './rule.ts';
import type { Drop, Story, Visit } from './story.ts';

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
  const { leastLostMs, contrastMs, foundClosed } = idlenessIn(story);
  if (leastLostMs < idleMs / 2) return undefined;
  return {
    cause: 'keep-alive-idle-close',
    confidence: contrastMs < idleMs / 2 || foundClosed ? 'high' : 'medium',
    because: `The connections had carried requests before and then nothing for a while, and were closed just as the next request was on its way. The pods were neither starting nor ending.${foundClosed ? ' Others were found closed after they had rested as well.' : ''}`,
  };
};

/** How long connections had been idle on which a request was lost, or `CONTRAST` of all were sent, at the least. */
const idlenessIn = remembered(({ visits, drops }: Story) => {
  const idle = (some: readonly Visit[]) => some.flatMap(({ idleMs }) => idleMs ?? []);
  const times = idle(visits).sort((a, b) => a - b);
  return {
    leastLostMs: least(idle(drops)),
    contrastMs: times[CONTRAST - 1] ?? Number.POSITIVE_INFINITY,
    foundClosed: visits.some((visit) => visit.replaced && !isEnding(visit.pod, visit)),
  };
});

/** Answers of a proxy about the server behind it. */
const BAD_GATEWAY: ReadonlySet<number> = new Set([502, 503, 504]);

/** A proxy's list of pods is at most this much older than what the cluster knows. */
const STALE_MS = 60_000;

/** Answers of one proxy about one outage are this close to each other. */
const SAME_OUTAGE_MS = 2_000;

/** Did pods that were not ending give the same answer at that time? Then it is not the ending that speaks. */
export function isAnswerOfProxy(drop: Drop, story: Story): boolean {
  const { status, sentMs, pod } = drop;
  if (status === undefined || !BAD_GATEWAY.has(status)) return false;
  return dropsNear(story, sentMs, SAME_OUTAGE_MS).some(
    (other) => other.status === status && other.pod !== pod && !isEnding(other.pod, other),
  );
}

/** When an answer with a status first came, and a pod last answered as expected. */
const firstAnswered = remembered(
  ({ drops }: Story) =>
    new Map(
      [...Map.groupBy(drops, ({ status }) => status)].map(([status, some]) => [
        status,
        least(some.map(({ endedMs }) => endedMs)),
      ]),
    ),
);
const lastAnsweredOf = remembered(
  ({ visitsOf }: Story) =>
    new Map(
      [...visitsOf].map(([pod, some]) => [pod, most(some.flatMap(({ ok, sentMs }) => (ok ? [sentMs] : [])))]),
    ),
);

/** Somebody between us and the pods answered that it could not reach one, after one had been told to end. */
export const staleUpstream: Rule = (drop, story) => {
  const { pods, routesHeard } = story;
  const { status, sentMs, endedMs, pod, address } = drop;
  if (status === undefined || !BAD_GATEWAY.has(status)) return undefined;
  const byProxy = isAnswerOfProxy(drop, story);
  if (isEnding(pod, drop) && !byProxy) return undefined;
  const ended = pods.filter(
    ({ askedFromMs = Number.POSITIVE_INFINITY }) =>
      askedFromMs <= endedMs && sentMs <= askedFromMs + STALE_MS,
  );
  const firstMs = least(ended.map(({ askedFromMs = 0 }) => askedFromMs));
  // What answers like this also without an update has another reason.
  const always = (firstAnswered(story).get(status) ?? endedMs) < firstMs - ARRIVAL_MS;
  if (ended.length === 0 || always) return undefined;
  const foreign = routesHeard && address !== undefined && pod === undefined;
  const recovered = (lastAnsweredOf(story).get(pod) ?? endedMs) > endedMs;
  if (!foreign && !recovered && !byProxy) return undefined;
  const itself = ownAnswerTo(story, pod, drop) === 'ok';
  return {
    cause: 'ingress-stale-upstream',
    // A pod that fails now and then answers in between as well, also when it is asked itself.
    confidence: foreign ? 'high' : 'medium',
    because: `They were answered ${status} while old pods ended, by ${foreign ? 'a proxy, which is no pod of the Deployment' : 'pods that were neither starting nor ending'}${itself ? '; asked at their own addresses, those pods answered as expected at that time' : ''}.`,
    ...(!foreign && {
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
