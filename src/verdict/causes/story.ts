import type {
  EventFact,
  Note,
  Probe,
  ProcessFact,
  ProxyFact,
  RolloutEnd,
  RolloutHeader,
  TemplateContainer,
  TemplateFact,
} from '../../model/recording.ts';
import type { DropClass } from '../../model/verdict.ts';
import type { Account, Sample } from '../account.ts';
import { type Coincidence, coincidences } from '../coincidence.ts';
import { type EndpointSpan, endpointSpans } from '../endpoint-spans.ts';
import { isClusterTrouble, isTwinOutdated } from '../guards.ts';
import { neighboursWithin } from '../neighbours.ts';
import { podLives } from '../pod-generations.ts';
import { responseTimes } from '../response-times.ts';
import { hasLostRoutes, routeTable } from '../route-table.ts';
import type { RolloutFacts } from '../run-facts.ts';
import { type OwnAnswers, ownAnswersOf } from './own-answers.ts';
import { type PodStory, podStories } from './pod-story.ts';

/** Everything the rules look at: what became of the pods, and what became of each dropped request. */
export interface Story {
  readonly header: RolloutHeader;
  readonly pods: readonly PodStory[];
  readonly endpoints: readonly EndpointSpan[];
  /** Every request that was sent, with the pod it went to where that is known. */
  readonly visits: readonly Visit[];
  readonly visitsOf: ReadonlyMap<PodStory | undefined, readonly Visit[]>;
  readonly drops: readonly Drop[];
  /** Whether the nodes' connection tracking was heard, and to the end: then a request without a route went to no pod. */
  readonly routesHeard: boolean;
  readonly before: TemplateFact | undefined;
  readonly after: TemplateFact | undefined;
  /** How the container that answers stands to SIGTERM; undefined where that was not learnt. */
  readonly sigterm: SigtermManner | undefined;
  /** What pods said at their own addresses meanwhile; empty where nobody asked them. */
  readonly ownAnswers: OwnAnswers;
  readonly proxies: readonly ProxyFact[];
  /** No other scenario was on the cluster meanwhile. */
  readonly isAlone: boolean;
  /** Tells whether something between two instants may be the doing of others on the cluster. */
  isAccompanied(fromMs: number, toMs: number): boolean;
  readonly events: readonly EventFact[];
  readonly notes: readonly Note[];
  readonly rolloutEnd: RolloutEnd | undefined;
  readonly stoppedMs: number;
  /** What an answer of the steady control takes, but for one in a hundred: the machine's and the network's share. */
  readonly controlMs: number;
}

/**
 * A process handles SIGTERM, ends by it, or never hears of it. Of one that has a handler only until the signal comes
 * (`lapses`) it is not known: it may be the runtime's own, which does nothing in process 1.
 */
export type SigtermManner = 'handles' | 'ends' | 'deaf' | 'lapses';

/** One request that was sent. */
export interface Visit {
  readonly sentMs: number;
  readonly endedMs: number;
  readonly ok: boolean;
  readonly localPort: number | undefined;
  readonly reused: boolean;
  /** How long its connection had carried nothing before; undefined where it is the first request on it. */
  readonly idleMs: number | undefined;
  /** It opened a connection in the place of one that had been closed while it rested. */
  readonly replaced: boolean;
  /** The pod address its connection was sent to. */
  readonly address: string | undefined;
  /** Whose address that was. */
  readonly pod: PodStory | undefined;
}

/** One dropped request. */
export interface Drop extends Visit {
  readonly seq: number;
  readonly class: DropClass;
  /** errno or the like; absent where there was an answer, and the wrong one. */
  readonly code: string | undefined;
  readonly status: number | undefined;
  /** The connection stood: what failed is the request. */
  readonly established: boolean;
  /** Something went on that is not the workload's. */
  readonly coincidence: Coincidence | 'twin-outdated' | undefined;
  /** The first trouble of the cluster, where that is the coincidence. */
  readonly trouble: Note | undefined;
}

/** Puts together what the rules need. Pure. */
export function storyOf(facts: RolloutFacts, target: Account, steady: Account | undefined): Story {
  const [before, after] = facts.templates;
  const endpoints = endpointSpans(facts.endpoints, before?.service?.port?.name);
  const pods = podStories(facts, podLives(facts), endpoints, before?.serving);
  const routes = routeTable(facts, target.stream.id);
  // A connection that was tracked and not sent on went to no pod, unless the pod has that very address.
  const podAddresses = new Set(pods.map(({ address }) => address));
  const routeOf = (localPort: number, sentMs: number) => {
    const address = routes(localPort, sentMs);
    return address === target.stream.address && !podAddresses.has(address) ? undefined : address;
  };
  const probes = new Map(facts.probes.get(target.stream.id)?.map((probe) => [probe.seq, probe]));
  const coincidenceOf = coincidences(
    steady?.samples ?? [],
    facts.notes,
    facts.header.scenario.slow !== undefined,
  );
  const trouble = facts.notes.find(isClusterTrouble);
  const outdated = facts.notes.some(isTwinOutdated);
  const visits: Visit[] = [];
  const drops: Drop[] = [];
  const idleMs = idleTimes([...probes.values()]);
  for (const sample of target.samples) {
    const probe = probes.get(sample.seq);
    if (!probe || sample.end.end === 'unsent') continue;
    const visit = visitOf(sample, probe, idleMs.get(sample.seq), routeOf, pods);
    visits.push(visit);
    if (sample.end.end !== 'dropped') continue;
    const coincidence = outdated ? 'twin-outdated' : coincidenceOf(sample);
    drops.push({
      ...visit,
      seq: sample.seq,
      class: sample.end.class,
      code: probe.failure?.code,
      status: probe.status,
      established: probe.failure?.phase !== 'connect',
      coincidence,
      trouble: coincidence === 'cluster' ? trouble : undefined,
    });
  }
  return {
    header: facts.header,
    pods,
    endpoints,
    visits,
    visitsOf: Map.groupBy(visits, ({ pod }) => pod),
    drops,
    routesHeard: facts.routes.some(({ stream }) => stream === target.stream.id) && !hasLostRoutes(facts),
    before,
    after,
    sigterm: isAnsweringUnclear(before)
      ? undefined
      : mannerOf(facts.processes, servingContainer(before)?.name),
    ownAnswers: ownAnswersOf(facts.podProbes, target.stream.expect),
    proxies: facts.proxies,
    isAlone: facts.neighbours.length === 0,
    isAccompanied: neighboursWithin(facts.neighbours),
    events: facts.events,
    notes: facts.notes,
    rolloutEnd: facts.rolloutEnd,
    stoppedMs: facts.probingStoppedMs,
    controlMs: (steady && responseTimes(steady.samples)?.p99Ms) ?? 0,
  };
}

function mannerOf(
  processes: readonly ProcessFact[],
  container: string | undefined,
): SigtermManner | undefined {
  const own = processes.filter((one) => container === undefined || one.container === container);
  const [known] = own;
  if (!known) return undefined;
  if (known.sigterm !== 'caught') return known.sigterm === 'ignored' || known.first ? 'deaf' : 'ends';
  if (own.some(({ sigterm }) => sigterm !== 'caught')) return 'lapses';
  return own.some(({ ended }) => ended) ? 'handles' : undefined;
}

/** One of several containers answers, and the port that the Service leads to is named by none of them. */
export function isAnsweringUnclear(template: TemplateFact | undefined): boolean {
  return template !== undefined && template.serving === undefined && template.containers.length > 1;
}

/** The container that answers the requests, or the first where that is not clear. */
export function servingContainer(template: TemplateFact | undefined): TemplateContainer | undefined {
  return template?.containers.find(({ name }) => name === template.serving) ?? template?.containers[0];
}

function visitOf(
  { sentMs: sent, endedMs: ended, scheduledMs, localPort, end }: Sample,
  probe: Probe,
  idleMs: number | undefined,
  routeOf: (localPort: number, sentMs: number) => string | undefined,
  pods: readonly PodStory[],
): Visit {
  const sentMs = sent ?? scheduledMs;
  const address = localPort === undefined ? undefined : routeOf(localPort, sentMs);
  return {
    sentMs,
    endedMs: ended ?? sentMs,
    ok: end.end === 'ok',
    localPort,
    reused: probe.reused === true,
    idleMs,
    replaced: probe.replaced === true,
    address,
    pod: address === undefined ? undefined : ownerOf(address, sentMs, pods),
  };
}

/** By sequence number: how long each reused connection had carried nothing when its request was sent. */
function idleTimes(probes: readonly Probe[]): ReadonlyMap<number, number> {
  const freeSince = new Map<number, number>();
  const times = new Map<number, number>();
  const bySending = probes
    .filter(({ sentMs, localPort }) => sentMs !== undefined && localPort !== undefined)
    .toSorted((a, b) => (a.sentMs ?? 0) - (b.sentMs ?? 0));
  for (const { seq, sentMs = 0, endedMs = sentMs, localPort = 0, reused, idleMs } of bySending) {
    const sinceMs = freeSince.get(localPort);
    if (idleMs !== undefined) times.set(seq, idleMs);
    else if (reused === true && sinceMs !== undefined) times.set(seq, sentMs - sinceMs);
    freeSince.set(localPort, endedMs);
  }
  return times;
}

/** Who had an address at an instant, or had it last. An ending pod comes before one that shares its address. */
function ownerOf(address: string, atMs: number, pods: readonly PodStory[]): PodStory | undefined {
  const owners = pods.filter((pod) => pod.address === address && pod.firstSeenMs <= atMs);
  const alive = owners.filter(({ goneMs }) => goneMs === undefined || goneMs >= atMs);
  return (
    alive.find(({ askedFromMs }) => askedFromMs !== undefined && askedFromMs <= atMs) ??
    alive[0] ??
    owners.at(-1)
  );
}
