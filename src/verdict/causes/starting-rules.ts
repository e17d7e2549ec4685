import type { TemplateFact } from '../../model/recording.ts';
import { firstAfter } from './in-order.ts';
import { type OwnAnswer, ownAnswersWithin, ownAnswerTo } from './own-answers.ts';
import { remembered } from './remembered.ts';
import { type Attribution, PROPAGATION_MS, type Rule } from './rule.ts';
import { type Drop, type Story, servingContainer, type Visit } from './story.ts';

/** A container of the pod ended by itself and was started again. */
export const restartedContainer: Rule = (drop, { pods, before }) => {
  const candidates = drop.pod ? [drop.pod] : pods;
  const [found] = candidates.flatMap(({ name, restarts }) => {
    const restart = restarts.find(({ fromMs, toMs }) => drop.endedMs >= fromMs && drop.sentMs <= toMs);
    return restart ? [{ name, restart }] : [];
  });
  if (!found) return undefined;
  const { name, restart } = found;
  // A companion's end may cost requests, as a proxy's does, or none.
  const answers = before?.serving === undefined || before.serving === restart.container;
  return {
    cause: 'container-restart',
    confidence: drop.pod && answers ? 'high' : 'medium',
    because: `The container ${restart.container} of ${name} had ended (${restart.how}) without the pod having been told to end.`,
  };
};

/** Nothing that a pod does this long after it became ready has to do with its start. */
const WARM_UP_LIMIT_MS = 30_000;

/** A new pod got requests before it could answer, or before the network led to it. */
export const startingPod: Rule = (drop, story) => {
  const { pod } = drop;
  if (pod?.generation !== 'new' || pod.askedFromMs !== undefined) return undefined;
  const readyMs = pod.firstReadyMs ?? pod.inEndpointsMs;
  if (readyMs === undefined || drop.sentMs > readyMs + WARM_UP_LIMIT_MS) return undefined;
  // What never answers is not slow to start, and what fails now and then is not either: it is something else.
  const { startedMs, visits, answered } = beginningOf(story.visitsOf.get(pod) ?? NO_VISITS);
  const soFar = firstAfter(visits, drop.sentMs);
  const answeredSoFar = firstAfter(answered, drop.sentMs);
  const healed = answered.length > answeredSoFar;
  const started = answeredSoFar > soFar / 2 || startedMs <= drop.sentMs;
  if (!healed || (started && !isLateSilence(drop, story))) return undefined;
  return startOf(drop, story);
};

/** A connection is given up by a node some seconds after it found no way, when others have been led there already. */
function isLateSilence(drop: Drop, story: Story): boolean {
  const { pod, class: dropClass, sentMs: toMs } = drop;
  if (!pod || !isSilence(dropClass)) return false;
  return ownAnswersWithin(story, pod, { fromMs: toMs - PROPAGATION_MS, toMs }).some(isSilence);
}

/** What a new pod was not ready for, where a request was lost because it was new. */
export function startOf(drop: Drop, story: Story): Attribution {
  return isSilence(drop.class) ? networkNotReady(drop, story) : notListening(drop, story);
}

/** No answer at all, not even a refusal: nobody was led there. */
export function isSilence(answer: OwnAnswer | undefined): boolean {
  return answer === 'connect-timeout' || answer === 'unreachable';
}

function networkNotReady(drop: Drop, story: Story): Attribution {
  const because =
    'Connections to new pods got no answer at all just after they became ready, and later ones did.';
  // No Service is on the way to a pod's own address: it is the pod that the network did not lead to.
  const bothWays = isSilence(ownAnswerTo(story, drop.pod, drop));
  return {
    cause: 'network-not-ready-for-new-pod',
    confidence: bothWays ? 'high' : 'medium',
    because: bothWays ? `${because} Their own addresses, past the Service, were as silent.` : because,
  };
}

/** What a proxy says of the server behind it. A server that is still starting says 503 of itself. */
const OF_A_GATEWAY: ReadonlySet<number> = new Set([502, 504]);

function notListening(drop: Drop, story: Story): Attribution {
  const attribution = byReadiness(drop, story);
  if (ownAnswerTo(story, drop.pod, drop) === 'ok') return answeredItself(drop, attribution);
  if (drop.status === undefined || !OF_A_GATEWAY.has(drop.status)) return attribution;
  return {
    ...attribution,
    confidence: 'low',
    undecided: {
      causes: ['ingress-stale-upstream'],
      decidedBy: "The body or the `Server` header of such an answer: is it a proxy's, or the server's own?",
    },
  };
}

/** What was lost through the Service the pod itself would have answered: it had started, and the way there had not. */
function answeredItself(drop: Drop, attribution: Attribution): Attribution {
  const { status, class: dropClass } = drop;
  if (status !== undefined && OF_A_GATEWAY.has(status)) {
    return {
      cause: 'ingress-stale-upstream',
      confidence: 'medium',
      because: `They were answered ${status} while the pods themselves, asked at their own addresses, answered as expected.`,
    };
  }
  // An answer that was wrong is the pod's, whatever it said to others; a connection that was not made may be the network's.
  if (dropClass !== 'refused' && dropClass !== 'connect-reset') return attribution;
  return {
    ...attribution,
    confidence: 'low',
    undecided: {
      causes: [...(attribution.undecided?.causes ?? []), 'network-not-ready-for-new-pod'],
      decidedBy:
        'The same requests from another node: the pods answered at their own addresses at the same moments, and what only one node does not reach is the network.',
    },
  };
}

function byReadiness({ class: dropClass }: Drop, { after, before }: Story): Attribution {
  const what =
    dropClass === 'refused'
      ? 'New pods refused connections just after they became ready, and answered later ones'
      : 'New pods took requests just after they became ready and did not answer them properly, but later ones';
  const template = after ?? before;
  if (!template) {
    return {
      cause: 'readiness-too-early',
      confidence: 'low',
      because: `${what}.`,
      undecided: {
        causes: ['missing-readiness-probe'],
        decidedBy:
          'The recording does not hold the pod template: see whether the container has a readiness probe.',
      },
    };
  }
  return servingContainer(template)?.readiness === undefined
    ? {
        cause: 'missing-readiness-probe',
        confidence: 'high',
        because: `${what}. The container has no readiness probe: it counts as ready as soon as it runs.`,
      }
    : {
        cause: 'readiness-too-early',
        confidence: 'high',
        because: `${what}, although the readiness probe had succeeded.`,
      };
}

/** A pod that has answered this many requests in a row has started. */
const STARTED_AFTER = 10;

const NO_VISITS: readonly Visit[] = [];

/** A pod's visits in the order of sending, and when the last of the first so many answers in a row was asked for. */
const beginningOf = remembered((own: readonly Visit[]) => {
  const visits = own.toSorted((a, b) => a.sentMs - b.sentMs);
  let inARow = 0;
  const started = visits.find(({ ok }) => {
    inARow = ok ? inARow + 1 : 0;
    return inARow >= STARTED_AFTER;
  });
  return {
    visits,
    answered: visits.filter(({ ok }) => ok),
    startedMs: started?.sentMs ?? Number.POSITIVE_INFINITY,
  };
});

/** As many failures in a row are no accident. */
const NEVER_AFTER = 10;

/** A new pod that is ready and has answered nothing from its first request to its last. */
export const mutePod: Rule = (drop, { after, before, pods, visitsOf, routesHeard }) => {
  const { pod, class: dropClass } = drop;
  // It may have answered when nobody listened any more.
  if (!routesHeard) return undefined;
  if (pod?.generation !== 'new' || pod.askedFromMs !== undefined) return undefined;
  const own = visitsOf.get(pod) ?? NO_VISITS;
  if (own.length < NEVER_AFTER || beginningOf(own).answered.length > 0) return undefined;
  const template = after ?? before;
  const probed = servingContainer(template)?.readiness !== undefined;
  if (dropClass === 'refused') return deafPod(template, probed);
  if (isSilence(dropClass)) return undefined;
  // Where no update has come, what is asked may be wrong as well: a path, or the status that is expected.
  if (!pods.some(({ generation }) => generation === 'old')) return undefined;
  return {
    cause: probed || !template ? 'readiness-too-early' : 'missing-readiness-probe',
    confidence: 'medium',
    because: `New pods were ready and answered no request as expected until the end of the measurement${probed ? ', although the readiness probe had succeeded' : ''}.`,
  };
};

/** Nobody listens on the port that connections are sent to. */
function deafPod(template: TemplateFact | undefined, probed: boolean): Attribution {
  const { targetPort } = template?.service?.port ?? {};
  return {
    cause: 'port-mismatch',
    confidence: 'medium',
    because: `New pods were ready and refused every connection to their port${targetPort === undefined ? '' : ` ${targetPort}`} until the end of the measurement.`,
    undecided: {
      causes: [probed ? 'readiness-too-early' : 'missing-readiness-probe'],
      decidedBy: 'A longer `tail`: a server that is only slow to start answers in the end.',
    },
  };
}
