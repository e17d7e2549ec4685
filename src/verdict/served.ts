import type { EndpointsFact } from '../model/recording.ts';
import type { Account } from './account.ts';
import { endpointSpans } from './endpoint-spans.ts';
import type { Generation, PodLife } from './pod-generations.ts';
import { hasLostRoutes, routeTable } from './route-table.ts';
import type { RunFacts } from './run-facts.ts';

/** Which pods answered the target's requests. */
export interface Served {
  readonly old: number;
  readonly new: number;
  /** Went to an address that is no pod's of this Deployment; known only by `conntrack`. */
  readonly foreign: number;
  readonly how: 'conntrack' | 'inferred';
}

/**
 * Counts the answered requests by the generation of pods that served them. Where the node's connection tracking was
 * heard for most of them, and to the end, that is exact. Otherwise only what cannot have been otherwise is counted: requests sent
 * while every endpoint was an old pod, and requests sent when every endpoint was new and no old pod was left.
 */
export function whoServed(facts: RunFacts, account: Account, lives: readonly PodLife[]): Served {
  const traced = servedByRoute(facts, account, lives);
  const isHeard = traced.known * 2 > traced.answered && !hasLostRoutes(facts);
  if (isHeard) return traced.served;
  // Whoever was heard to answer has answered, whatever was not heard.
  return { ...servedByInference(facts, account, lives), foreign: traced.served.foreign };
}

function servedByRoute(facts: RunFacts, account: Account, lives: readonly PodLife[]) {
  const routeOf = routeTable(facts, account.stream.id);
  const count = { old: 0, new: 0, foreign: 0 };
  let known = 0;
  for (const { localPort, sentMs, end } of account.samples) {
    if (end.end !== 'ok' || localPort === undefined || sentMs === undefined) continue;
    const address = routeOf(localPort, sentMs);
    if (address === undefined) continue;
    known++;
    const generation = generationAt(lives, address, sentMs);
    if (generation !== 'unclear') count[generation]++;
  }
  return { known, answered: account.counts.ok, served: { ...count, how: 'conntrack' } as const };
}

/** Whose address it was. A new pod may get the address of an old one, so it is asked for an instant. */
function generationAt(
  lives: readonly PodLife[],
  address: string,
  atMs: number,
): Generation | 'foreign' | 'unclear' {
  const owners = lives.filter((life) => life.address === address);
  const alive = owners.filter(
    ({ firstSeenMs, goneMs }) => firstSeenMs <= atMs && atMs <= (goneMs ?? Number.POSITIVE_INFINITY),
  );
  const generations = new Set((alive.length > 0 ? alive : owners).map(({ generation }) => generation));
  const [only] = generations;
  if (only === undefined) return 'foreign';
  return generations.size === 1 ? only : 'unclear';
}

function servedByInference(facts: RunFacts, account: Account, lives: readonly PodLife[]): Served {
  const spans = spansByGeneration(facts.endpoints, lives);
  const { oldPodsGoneMs = Number.POSITIVE_INFINITY } = facts.cuts;
  const count = { old: 0, new: 0 };
  let index = 0;
  for (const { sentMs, end } of account.samples) {
    if (end.end !== 'ok' || sentMs === undefined) continue;
    while ((spans[index + 1]?.fromMs ?? Number.POSITIVE_INFINITY) <= sentMs) index++;
    const span = spans[index];
    if (!span || span.fromMs > sentMs) continue;
    if (span.all === 'old') count.old++;
    if (span.all === 'new' && sentMs >= oldPodsGoneMs) count.new++;
  }
  return { ...count, foreign: 0, how: 'inferred' };
}

/** The times between changes of the EndpointSlices, each with the one generation of all endpoints, if there is one. */
function spansByGeneration(facts: readonly EndpointsFact[], lives: readonly PodLife[]) {
  return endpointSpans(facts).map(({ fromMs, endpoints }) => {
    const generations = new Set(endpoints.map((endpoint) => generationOf(endpoint, lives)));
    const [only] = generations;
    return { fromMs, all: generations.size === 1 ? only : undefined };
  });
}

/** Pods of the Deployment that an endpoint stands for; undefined where it is none of them. */
export function generationOf(
  endpoint: EndpointsFact['endpoints'][number],
  lives: readonly PodLife[],
): Generation | undefined {
  return lives.find(({ name, address }) =>
    endpoint.pod === undefined ? address === endpoint.address : name === endpoint.pod,
  )?.generation;
}
