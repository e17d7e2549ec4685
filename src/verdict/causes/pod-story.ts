import type { ContainerState, PodFact } from '../../model/recording.ts';
import type { EndpointSpan } from '../endpoint-spans.ts';
import type { PodLife } from '../pod-generations.ts';
import type { RunFacts } from '../run-facts.ts';
import { type HookTimes, hookTimesOf, isExact } from './hook-times.ts';

/** What is known of one pod's life, in the order in which things happen to it. */
export interface PodStory extends PodLife, HookTimes {
  readonly startedMs?: number;
  /** When it first was a ready endpoint of the Service. */
  readonly inEndpointsMs?: number;
  /** Its deletion was asked for at this instant or later, by the server's clock; the watch tells it a little late. */
  readonly askedFromMs?: number;
  readonly graceSeconds?: number;
  /** Of its template, where whoever deleted it gave it less to end than that: nothing at all by force. */
  readonly ownGraceSeconds?: number;
  readonly endpointTerminatingMs?: number;
  readonly outOfEndpointsMs?: number;
  /** When it became known that its containers have ended, after its deletion was asked for. */
  readonly exitedMs?: number;
  /** What answers had not ended before this instant: it may have ended up to `exitedMs`. */
  readonly endedFromMs?: number;
  readonly exitCode?: number;
  /** Containers that ended by themselves and came back: from when at the earliest until when at the latest. */
  readonly restarts: readonly Restart[];
  /** Times in which it was not ready any more although nobody had told it to end. */
  readonly unready: readonly { readonly fromMs: number; readonly toMs: number }[];
}

export interface Restart {
  readonly fromMs: number;
  readonly toMs: number;
  readonly container: string;
  readonly how: string;
}

/** Facts arrive at most this much later than what they tell of; a busy kubelet takes its time. */
const ARRIVAL_MS = 1_500;

/** A container's end is known this long after it at the latest, where no time stands in the fact. */
const KUBELET_MS = 3_000;

/** A node's word of an end is at most this late: it looks five times a second. */
const NODE_MS = 500;

/** Times that stand in a fact are whole seconds: what they tell of happened within the one that begins there. */
const SECOND_MS = 1_000;

const KILLED_EXIT_CODE = 137;

/** The kubelet ends its grace period to the second, and adds up to two where a hook has overrun. */
export const KILL_SLACK_MS = 2_500;

/** Was it killed with SIGKILL, and only when its grace period was over? Others kill, too: whoever is short of memory. */
export function isKilledAfterGrace({
  exitCode,
  exitedMs,
  askedFromMs,
  graceSeconds = 30,
}: PodStory): boolean {
  return (
    exitCode === KILLED_EXIT_CODE &&
    exitedMs !== undefined &&
    askedFromMs !== undefined &&
    exitedMs - askedFromMs >= graceSeconds * 1000 - KILL_SLACK_MS
  );
}

/** Tells each pod's story. `serving` is the container that answers, where that is known. */
export function podStories(
  facts: RunFacts,
  lives: readonly PodLife[],
  spans: readonly EndpointSpan[],
  serving: string | undefined,
): readonly PodStory[] {
  const startedAtMs = Date.parse(facts.header.startedAt);
  const factsOf = Map.groupBy(facts.pods, ({ uid }) => uid);
  const { containers = [] } = facts.templates[0] ?? {};
  const container = containers.find(({ name }) => name === serving) ?? containers[0];
  // Beside the only one of the template there may be others that somebody put into the pod.
  const answering = serving ?? (containers.length === 1 ? container?.name : undefined);
  const runtimesOf = Map.groupBy(facts.runtimes, ({ pod }) => pod);
  const endsOf = Map.groupBy(endsToldByNodes(facts), ({ pod }) => pod);
  return lives.map((life) => {
    const own = factsOf.get(life.uid) ?? [];
    const ending = endingOf(own, startedAtMs, answering, endsOf.get(life.name) ?? []);
    const runtimes = runtimesOf.get(life.name) ?? [];
    const restarts = restartsOf(own, startedAtMs, facts.probingStoppedMs);
    const started = own.find(({ containers }) =>
      containers.some(({ init, state }) => init !== true && state === 'running'),
    );
    return {
      ...life,
      ...(started && { startedMs: started.atMs }),
      ...endpointTimes(life, spans),
      ...ending,
      ...graceInHaste(own, facts.templates),
      ...(life.terminatingMs !== undefined &&
        hookTimesOf({
          ...{ ...facts, runtimes, pod: life.name, askedMs: life.terminatingMs, container },
          // Without any time to end none does.
          runsHook: ending.graceSeconds !== 0,
        })),
      restarts,
      unready: unreadyTimes(own, facts.probingStoppedMs),
    };
  });
}

function endpointTimes({ name, address }: PodLife, spans: readonly EndpointSpan[]) {
  let inEndpointsMs: number | undefined;
  let endpointTerminatingMs: number | undefined;
  let outOfEndpointsMs: number | undefined;
  for (const { fromMs, endpoints } of spans) {
    const own = endpoints.find((endpoint) =>
      endpoint.pod === undefined ? endpoint.address === address : endpoint.pod === name,
    );
    if (own?.ready) inEndpointsMs ??= fromMs;
    if (own?.terminating) endpointTerminatingMs ??= fromMs;
    if (own) outOfEndpointsMs = undefined;
    else if (inEndpointsMs !== undefined) outOfEndpointsMs ??= fromMs;
  }
  return {
    ...(inEndpointsMs === undefined ? {} : { inEndpointsMs }),
    ...(endpointTerminatingMs === undefined ? {} : { endpointTerminatingMs }),
    ...(outOfEndpointsMs === undefined ? {} : { outOfEndpointsMs }),
  };
}

function graceInHaste(own: readonly PodFact[], templates: RunFacts['templates']) {
  const asked = own.find(({ deletionTimestamp }) => deletionTimestamp !== undefined);
  const { templateHash, deletionGracePeriodSeconds: given, containers = [] } = asked ?? {};
  // Of a pod that has ended the kubelet takes leave with no grace period at all.
  if (given === undefined || hasEnded(containers.filter(({ init }) => !init))) return {};
  const template = templates.find((one) => one.templateHash === templateHash);
  if (template === undefined || given >= template.gracePeriodSeconds) return {};
  return { ownGraceSeconds: template.gracePeriodSeconds };
}

/** The end of one container, as its node told it. */
interface ToldEnd {
  readonly pod: string;
  readonly container: string;
  readonly atMs: number;
  readonly exitCode?: number;
}

/** What nodes told, those that were asked: sooner than the kubelet does. The runtime's word comes last: it is the better one. */
function endsToldByNodes({
  processes,
  runtimes,
}: Pick<RunFacts, 'processes' | 'runtimes'>): readonly ToldEnd[] {
  const told = runtimes.filter((one) => one.what === 'ended' && isExact(one));
  return [...processes.filter(({ ended }) => ended), ...told];
}

/** The name of the container that answers: the one that the Service leads to, or the only one. Others may end sooner. */
function answeringContainer(own: readonly PodFact[], serving: string | undefined): string | undefined {
  const names = new Set(
    own.flatMap(({ containers }) => containers.flatMap(({ init, name }) => (init ? [] : [name]))),
  );
  if (serving !== undefined && names.has(serving)) return serving;
  const [only] = names;
  return names.size === 1 ? only : undefined;
}

function endingOf(
  own: readonly PodFact[],
  startedAtMs: number,
  serving: string | undefined,
  ends: readonly ToldEnd[],
): Pick<PodStory, 'askedFromMs' | 'graceSeconds' | 'exitedMs' | 'endedFromMs' | 'exitCode'> {
  const asked = own.find(({ deletionTimestamp }) => deletionTimestamp !== undefined);
  if (!asked) return {};
  const { atMs, deletionTimestamp = '', deletionGracePeriodSeconds: graceSeconds } = asked;
  // The server's clock has whole seconds: deletion was asked for within the one that begins here.
  const secondMs = Date.parse(deletionTimestamp) - (graceSeconds ?? 0) * 1000 - startedAtMs;
  const notBefore = atMs - ARRIVAL_MS;
  const ended = own.find(
    ({ atMs: seenMs, containers }) => seenMs >= atMs && hasEnded(containers.filter(({ init }) => !init)),
  );
  const answering = answeringContainer(own, serving);
  // What ended sooner was started again, and has nothing to do with the end of the pod.
  const told = ends.findLast(({ container, atMs: toldMs }) => container === answering && toldMs >= notBefore);
  const exitCode = (ended && exitCodeOf(ended.containers, answering)) ?? told?.exitCode;
  const exitedMs = Math.min(ended?.atMs ?? Number.POSITIVE_INFINITY, told?.atMs ?? Number.POSITIVE_INFINITY);
  const finishedAt = ended && containerNamed(ended.containers, answering)?.finishedAt;
  const finishedMs = Math.max(Date.parse(finishedAt ?? '') - startedAtMs, notBefore);
  const endedFromMs = earliestEnd(told?.atMs, ended?.atMs, finishedMs);
  return {
    askedFromMs: Math.min(atMs, Number.isFinite(secondMs) ? Math.max(secondMs, notBefore) : notBefore),
    ...(graceSeconds === undefined ? {} : { graceSeconds }),
    ...(Number.isFinite(exitedMs) ? { exitedMs } : {}),
    ...(endedFromMs === undefined ? {} : { endedFromMs }),
    ...(exitCode === undefined ? {} : { exitCode }),
  };
}

/** From what its node told and what the kubelet did, and by the kubelet's whole second, which may not be known (NaN). */
function earliestEnd(
  toldMs: number | undefined,
  endedMs: number | undefined,
  finishedMs: number,
): number | undefined {
  const known = Number.isFinite(finishedMs);
  // A node that says so only after the kubelet says nothing of when.
  if (toldMs !== undefined && toldMs <= (endedMs ?? toldMs)) {
    const fromMs = toldMs - NODE_MS;
    // A node without a moment to spare says so later than it should.
    return known && finishedMs + SECOND_MS < fromMs ? finishedMs : fromMs;
  }
  if (endedMs === undefined) return undefined;
  // What the kubelet tells has happened, whatever its clock says.
  return known ? Math.min(finishedMs, endedMs - NODE_MS) : endedMs - KUBELET_MS;
}

function hasEnded(containers: readonly ContainerState[]): boolean {
  return containers.length > 0 && containers.every(({ state }) => state === 'terminated');
}

function containerNamed(
  containers: readonly ContainerState[],
  answering: string | undefined,
): ContainerState | undefined {
  const own = containers.filter(({ init }) => !init);
  return own.find(({ name }) => name === answering) ?? (own.length === 1 ? own[0] : undefined);
}

/** Where nobody knows which of several answers: that one had to be killed, or how all of them ended. */
function exitCodeOf(
  containers: readonly ContainerState[],
  answering: string | undefined,
): number | undefined {
  const known = containerNamed(containers, answering);
  if (known) return codeOf(known);
  const codes = new Set(containers.flatMap((one) => (one.init ? [] : [codeOf(one)])));
  if (codes.has(KILLED_EXIT_CODE)) return KILLED_EXIT_CODE;
  const [only] = codes;
  return codes.size === 1 ? only : undefined;
}

/** A kubelet that does not find a container any more says 137, for want of anything better. */
function codeOf({ exitCode, reason }: ContainerState): number | undefined {
  return reason === 'ContainerStatusUnknown' ? undefined : exitCode;
}

function restartsOf(own: readonly PodFact[], startedAtMs: number, endMs: number): readonly Restart[] {
  const restarts: Restart[] = [];
  const counts = new Map<string, number>();
  for (const [index, fact] of own.entries()) {
    if (fact.deletionTimestamp !== undefined) break;
    for (const { name, init, state, restarts: count, finishedAt, ...container } of fact.containers) {
      const before = counts.get(name) ?? count;
      counts.set(name, count);
      const died = state === 'terminated' && fact.phase !== 'Succeeded';
      const restarted = count > before;
      if (init || !(died || restarted) || restarts.some(({ toMs }) => toMs > fact.atMs)) continue;
      const finishedMs = Date.parse(finishedAt ?? '') - startedAtMs;
      const backUp = own
        .slice(index)
        .find((later) =>
          later.containers.some((one) => one.name === name && one.state === 'running' && one.ready),
        );
      const ended = died ? { ...container } : container.last;
      restarts.push({
        fromMs: Number.isFinite(finishedMs) ? finishedMs : fact.atMs - KUBELET_MS,
        toMs: (backUp?.atMs ?? endMs) + ARRIVAL_MS,
        container: name,
        how: [
          ended?.exitCode === undefined ? 'exit code unknown' : `exit code ${ended.exitCode}`,
          ended?.reason,
        ]
          .filter(Boolean)
          .join(', '),
      });
    }
  }
  return restarts;
}

function unreadyTimes(own: readonly PodFact[], endMs: number) {
  const times: { fromMs: number; toMs: number }[] = [];
  let wasReady = false;
  let sinceMs: number | undefined;
  for (const { ready, atMs, deletionTimestamp, change } of own) {
    if (deletionTimestamp !== undefined || change === 'deleted') break;
    if (!ready && wasReady) sinceMs ??= atMs;
    if (ready && sinceMs !== undefined) {
      times.push({ fromMs: sinceMs, toMs: atMs });
      sinceMs = undefined;
    }
    wasReady ||= ready;
  }
  if (sinceMs !== undefined) times.push({ fromMs: sinceMs, toMs: endMs });
  return times;
}
