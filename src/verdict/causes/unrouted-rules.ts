import { endingPod } from './ending-rules.ts';
import { ownAnswerTo } from './own-answers.ts';
import type { PodStory } from './pod-story.ts';
import { ARRIVAL_MS, type Attribution, dropsNear, propagationMs, type Rule } from './rule.ts';
import { isSilence, startOf } from './starting-rules.ts';
import type { Drop, Story } from './story.ts';

/** A pod that has just become ready is suspect for this long, where nobody knows which pod a request went to. */
const JUST_READY_MS = 1_000;

/** Drops this close to each other are of one burst. */
const COMPANY_MS = 250;

/**
 * The nodes' connection tracking was not heard, so that the pod has to be inferred: it is the one that was ending,
 * where only one was. A pod that became ready at the same time could be it just as well, and the finding says so, unless
 * one of the two answered at its own address meanwhile.
 */
export const inferredPod: Rule = (drop, story) => {
  if (drop.address !== undefined) return undefined;
  // What answered a new connection at its own address has not lost one; of a kept one that says nothing.
  const suspect = (pod: PodStory) => drop.reused || ownAnswerTo(story, pod, drop) !== 'ok';
  const [ending, another] = story.pods.filter(
    (pod) => isEnding(pod, drop, propagationMs(story)) && suspect(pod),
  );
  const [starting] = story.pods.filter((pod) => isStarting(pod, drop) && suspect(pod));
  // Where tracking was heard, only this one event was lost: that needs company that is known.
  if (!ending) return startingAlone(drop, story, starting);
  if (story.routesHeard && !hasCompany(drop, ending, story)) return undefined;
  const attribution = endingPod({ ...drop, pod: ending }, story);
  if (!attribution) return undefined;
  if (!starting)
    return { ...attribution, pod: ending, confidence: another || story.routesHeard ? 'low' : 'medium' };
  return {
    ...attribution,
    pod: ending,
    confidence: 'low',
    undecided: {
      causes: [
        ...(attribution.undecided?.causes ?? []),
        'missing-readiness-probe',
        'readiness-too-early',
        'network-not-ready-for-new-pod',
      ],
      decidedBy:
        'Connection tracking of the nodes, which was not heard here: it tells which pod a request was sent to.',
    },
  };
};

/** No other pod can have lost it: this one failed at its own address as well. */
function startingAlone(drop: Drop, story: Story, pod: PodStory | undefined): Attribution | undefined {
  if (!pod || story.routesHeard || ownAnswerTo(story, pod, drop) === undefined) return undefined;
  return { ...startOf({ ...drop, pod }, story), confidence: 'medium', pod };
}

function isStarting({ firstReadyMs, generation }: PodStory, { sentMs }: Drop): boolean {
  return (
    generation === 'new' &&
    firstReadyMs !== undefined &&
    sentMs >= firstReadyMs - ARRIVAL_MS &&
    sentMs <= firstReadyMs + JUST_READY_MS
  );
}

function isEnding(
  { askedFromMs, outOfEndpointsMs, goneMs }: PodStory,
  { sentMs, endedMs }: Drop,
  lagMs: number,
): boolean {
  const overMs = (outOfEndpointsMs ?? goneMs ?? Number.POSITIVE_INFINITY) + lagMs;
  return askedFromMs !== undefined && endedMs >= askedFromMs && sentMs <= overMs;
}

function hasCompany({ sentMs, class: dropClass }: Drop, pod: PodStory, story: Story): boolean {
  return dropsNear(story, sentMs, COMPANY_MS).some((other) => other.pod === pod && other.class === dropClass);
}

/**
 * A node that finds no way to a new pod gives a connection up before its connection tracking tells of it. Where no
 * other pod was ready, it was for one that had not answered anybody yet.
 */
export const unroutedStart: Rule = (drop, story) => {
  const { endpoints, visitsOf, pods, stoppedMs, routesHeard } = story;
  const { address, class: dropClass, sentMs } = drop;
  // Who answered anybody is not known either where nodes did not tell.
  if (!routesHeard || address !== undefined || !isSilence(dropClass)) return undefined;
  const silent = (name: string | undefined) => {
    const pod = pods.find((one) => one.name === name && one.generation === 'new');
    const first = pod && visitsOf.get(pod)?.find(({ ok }) => ok);
    return pod && (first?.sentMs ?? stoppedMs) > sentMs ? pod : undefined;
  };
  const span = endpoints.findLast(({ fromMs }) => fromMs <= sentMs + ARRIVAL_MS);
  const ready = span?.endpoints.filter((endpoint) => endpoint.ready) ?? [];
  const [pod, ...others] = ready.map((endpoint) => silent(endpoint.pod));
  if (!pod || others.includes(undefined)) return undefined;
  return {
    cause: 'network-not-ready-for-new-pod',
    confidence: isSilence(ownAnswerTo(story, pod, drop)) ? 'high' : 'medium',
    because:
      'Connections got no answer at all, and the nodes did not tell of having sent them to any pod, while new pods were ready that had not answered anybody yet, and no others.',
    pod,
  };
};
