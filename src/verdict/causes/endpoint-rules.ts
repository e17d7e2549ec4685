import type { Endpoint } from '../endpoint-spans.ts';
import { ownAnswerAt } from './own-answers.ts';
import type { PodStory } from './pod-story.ts';
import { ARRIVAL_MS, PROPAGATION_MS, propagationMs, type Rule } from './rule.ts';
import type { Drop, Story } from './story.ts';

/** The endpoints follow the readiness of a pod within this time, or do not follow it. */
const ENDPOINTS_LAG_MS = 1_000;

/** No pod was ready, because pods in service had lost their readiness. */
export const flappingPods: Rule = (drop, story) => {
  const flapped = (fromMs: number, toMs: number) =>
    fromMs - PROPAGATION_MS <= drop.endedMs && drop.sentMs <= toMs + PROPAGATION_MS;
  const flapping = story.pods.filter(({ unready }) =>
    unready.some(({ fromMs, toMs }) => flapped(fromMs, toMs)),
  );
  if (flapping.length === 0) return undefined;
  const itself = drop.pod !== undefined && flapping.includes(drop.pod);
  const all = drop.pod?.generation !== 'new' && withoutReadyEndpoint(drop, story);
  if (!itself && !all) return undefined;
  const restarted = flapping.find(({ restarts }) =>
    restarts.some(({ fromMs, toMs }) => flapped(fromMs, toMs)),
  );
  if (!itself && restarted) {
    return {
      cause: 'container-restart',
      confidence: 'medium',
      because: `No endpoint was ready at that time: a container of ${restarted.name} had ended by itself.`,
    };
  }
  return {
    cause: 'readiness-flaps',
    confidence: itself ? 'high' : 'medium',
    because: itself
      ? 'They were lost at pods that went from ready to not ready at that time without having been told to end.'
      : 'No endpoint was ready at that time, after pods that nobody had told to end had lost their readiness.',
  };
};

/** No pod was ready, because old ones end before new ones take over. */
export const nobodyReady: Rule = (drop, story) => {
  // A request that went to a pod in service did not fail for want of one.
  if (drop.pod?.generation === 'new' || !withoutReadyEndpoint(drop, story)) return undefined;
  return {
    cause: 'no-endpoints',
    confidence: 'high',
    because: 'The EndpointSlices had no ready endpoint when they were sent, or had got one only just then.',
  };
};

/** Pods were ready and selected, and none of them has the port that the Service asks for by name. */
export const podsWithoutPort: Rule = (drop, story) => {
  if (drop.pod?.generation === 'new' || !withoutReadyEndpoint(drop, story)) return undefined;
  const { name = '', targetPort = name } = story.before?.service?.port ?? {};
  const portless = story.endpoints.some(
    ({ fromMs, endpoints }, index) =>
      fromMs <= drop.sentMs + ARRIVAL_MS &&
      (story.endpoints[index + 1]?.fromMs ?? Number.POSITIVE_INFINITY) >= drop.sentMs - PROPAGATION_MS &&
      endpoints.some(({ withoutPort, terminating }) => withoutPort && !terminating),
  );
  if (!portless) return undefined;
  return {
    cause: 'port-mismatch',
    confidence: 'high',
    because: `The Service asks its pods for their port ${targetPort}, and pods that it selects have none of that name, so that they are no endpoints for it.`,
  };
};

/** Pods were ready, and none of them was an endpoint. */
export const unselectedPods: Rule = (drop, story) => {
  if (drop.pod?.generation === 'new' || !withoutReadyEndpoint(drop, story)) return undefined;
  const left = story.pods.filter((pod) => isReadyAt(pod, drop.sentMs) && !isEndpointAt(pod, drop.sentMs));
  if (left.length === 0) return undefined;
  return {
    cause: 'selector-mismatch',
    confidence: 'high',
    because: `No endpoint was ready while pods of the Deployment were (${left[0]?.name}${left.length > 1 ? ` and ${left.length - 1} more` : ''}): the Service's selector does not match them.`,
  };
};

/** The host port that is probed is on a node that has no ready pod. */
export const nobodyAtHostPort: Rule = (drop, { header, before, pods, visits }) => {
  if (header.scenario.target !== 'host-port' || drop.established) return undefined;
  const served = new Set(visits.flatMap(({ ok, pod }) => (ok ? (pod?.node ?? []) : [])));
  const [only] = served;
  const node = before?.service?.entryNode ?? (served.size === 1 ? only : undefined);
  if (node === undefined || pods.some((pod) => pod.node === node && isReadyAt(pod, drop.sentMs)))
    return undefined;
  return {
    cause: 'no-endpoints',
    confidence: 'high',
    because: `No pod on the node ${node}, whose host port was probed, was ready and in service at that time.`,
  };
};

/** The Service sends requests only to pods of the node they enter, and it had none. */
export const nobodyOnEntryNode: Rule = (drop, story) => {
  const policy = localPolicy(story);
  const node = story.before?.service?.entryNode;
  if (policy === undefined || node === undefined || drop.established) return undefined;
  // Where a node has no ready pod it goes on with those that end there; any other address was a ready pod's.
  const lastResort = drop.pod?.askedFromMs !== undefined && drop.pod.askedFromMs <= drop.sentMs;
  if (drop.address !== undefined && !lastResort) return undefined;
  const here = (endpoint: Endpoint) => endpoint.node === node && endpoint.ready;
  if (!without(here, drop, story)) return undefined;
  const elsewhere = story.pods.some(
    (pod) => pod.node !== node && ownAnswerAt(story, pod, drop.sentMs) === 'ok',
  );
  return {
    cause: 'local-traffic-policy',
    confidence: story.routesHeard || elsewhere ? 'high' : 'medium',
    because: `The Service's ${policy} is Local, and the node ${node}, which the requests entered, had no ready endpoint at that time.`,
  };
};

/** The address of an ending pod is also that of a ready one: the node's own. */
export const sharedAddress: Rule = (drop, { before, endpoints, pods }) => {
  if (before?.hostNetwork === false || drop.established) return undefined;
  const shared = endpoints.some(({ fromMs, endpoints: all }, index) => {
    const toMs = (endpoints[index + 1]?.fromMs ?? Number.POSITIVE_INFINITY) + PROPAGATION_MS;
    if (drop.sentMs < fromMs - ARRIVAL_MS || drop.sentMs > toMs) return false;
    return all.some(
      (ending) =>
        ending.terminating &&
        (drop.address === undefined || drop.address === ending.address) &&
        all.some((other) => !other.terminating && other.ready && other.address === ending.address),
    );
  });
  // Pods with an address of their own may inherit one, too, but not while its owner lives.
  if (!shared || !pods.some(({ askedFromMs = Number.POSITIVE_INFINITY }) => askedFromMs <= drop.sentMs))
    return undefined;
  return {
    cause: 'host-network-shared-address',
    confidence: drop.address === undefined ? 'medium' : 'high',
    because:
      'One address stood in the EndpointSlices twice, as that of an ending pod and as that of a ready one: both use the network of the same node.',
  };
};

/** Ready for long enough that the endpoints had to follow. */
function isReadyAt({ firstReadyMs, askedFromMs, unready }: PodStory, atMs: number): boolean {
  return (
    firstReadyMs !== undefined &&
    firstReadyMs + ENDPOINTS_LAG_MS <= atMs &&
    (askedFromMs === undefined || atMs < askedFromMs) &&
    !unready.some(({ fromMs, toMs }) => fromMs <= atMs && atMs <= toMs)
  );
}

function isEndpointAt({ inEndpointsMs, outOfEndpointsMs }: PodStory, atMs: number): boolean {
  return (
    inEndpointsMs !== undefined &&
    inEndpointsMs <= atMs &&
    (outOfEndpointsMs === undefined || atMs < outOfEndpointsMs)
  );
}

function localPolicy({ before, header }: Story): string | undefined {
  const { externalTrafficPolicy, internalTrafficPolicy } = before?.service ?? {};
  if (header.scenario.target === 'node-port' && externalTrafficPolicy === 'Local')
    return 'externalTrafficPolicy';
  if (header.scenario.target === 'cluster-ip' && internalTrafficPolicy === 'Local')
    return 'internalTrafficPolicy';
  return undefined;
}

function withoutReadyEndpoint(drop: Drop, story: Story): boolean {
  return without(({ ready }) => ready, drop, story);
}

/** Was there no such endpoint when a request was sent, or so short a time before that nodes need not have known? */
function without(wanted: (endpoint: Endpoint) => boolean, { sentMs }: Drop, story: Story): boolean {
  const { endpoints } = story;
  const lagMs = propagationMs(story);
  return endpoints.some((span, index) => {
    const toMs = endpoints[index + 1]?.fromMs ?? Number.POSITIVE_INFINITY;
    return sentMs >= span.fromMs - ARRIVAL_MS && sentMs <= toMs + lagMs && !span.endpoints.some(wanted);
  });
}
