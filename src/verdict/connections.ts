import type { ConnectionEnd, ConnectionFact } from '../model/recording.ts';
import type { ConnectionBalance, PodConnections, Spread } from '../model/verdict.ts';
import { least, most } from './extremes.ts';
import type { PodLife } from './pod-generations.ts';
import { routeTable } from './route-table.ts';
import type { RunFacts } from './run-facts.ts';

/**
 * What became of a stream's long-lived connections: how many each old pod lost, how many each new pod ended up with.
 * Which pod a connection went to is known where the nodes' connection tracking was heard. Undefined where connections
 * were not told of one by one.
 */
export function connectionBalance(
  facts: RunFacts,
  stream: string,
  lives: readonly PodLife[],
): ConnectionBalance | undefined {
  const own = facts.connections.filter((connection) => connection.stream === stream);
  if (own.length === 0) return undefined;
  const podOf = podFinder(facts, stream, lives);
  const { triggeredMs = 0 } = facts.cuts;
  const opened = own.filter(({ openedMs }) => openedMs !== undefined);
  const lasting = opened.filter(({ how }) => how === 'kept');
  const lost = opened.filter(({ how, atMs }) => how !== 'kept' && atMs >= triggeredMs);
  const lostAt = tally(lost, podOf);
  const lastingAt = tally(lasting, podOf);
  const left = new Set(facts.after?.pods.map(({ uid }) => uid));
  const pods = lives.map(
    ({ uid, name, generation }): PodConnections => ({
      name,
      generation,
      lost: lostAt.get(uid) ?? 0,
      lasting: lastingAt.get(uid) ?? 0,
    }),
  );
  const unknown = { lost: lostAt.get(undefined) ?? 0, lasting: lastingAt.get(undefined) ?? 0 };
  const stayed = pods.filter(
    ({ generation }, index) => generation === 'new' && left.has(lives[index]?.uid ?? ''),
  );
  const old = pods.filter(({ generation }) => generation === 'old');
  const lostSpread = unknown.lost === 0 ? spreadOf(old.map((pod) => pod.lost)) : undefined;
  const lastingSpread = unknown.lasting === 0 ? spreadOf(stayed.map((pod) => pod.lasting)) : undefined;
  return {
    opened: opened.length,
    lost: lost.length,
    lostBy: byEnd(lost),
    lasting: lasting.length,
    failed: own.filter(({ how }) => how === 'failed').length,
    pods: [...old, ...pods.filter(({ generation }) => generation === 'new')],
    unknown,
    ...(lostSpread ? { lostSpread } : {}),
    ...(lastingSpread ? { lastingSpread } : {}),
  };
}

/** The population's figures; undefined of nothing. */
export function spreadOf(figures: readonly number[]): Spread | undefined {
  if (figures.length === 0) return undefined;
  const mean = figures.reduce((sum, figure) => sum + figure, 0) / figures.length;
  const variance = figures.reduce((sum, figure) => sum + (figure - mean) ** 2, 0) / figures.length;
  return {
    count: figures.length,
    min: least(figures),
    max: most(figures),
    mean,
    stddev: Math.sqrt(variance),
  };
}

/** The uid of the pod that a connection was sent to; undefined where that is not known for sure. */
function podFinder(facts: RunFacts, stream: string, lives: readonly PodLife[]) {
  const routeOf = routeTable(facts, stream);
  return ({ localPort, dialedMs }: ConnectionFact): string | undefined => {
    const address = routeOf(localPort, dialedMs);
    const owners = lives.filter((life) => address !== undefined && life.address === address);
    // A new pod may have got the address of an old one.
    const alive = owners.filter(
      ({ firstSeenMs, goneMs = Number.POSITIVE_INFINITY }) => firstSeenMs <= dialedMs && dialedMs <= goneMs,
    );
    const candidates = alive.length > 0 ? alive : owners;
    return candidates.length === 1 ? candidates[0]?.uid : undefined;
  };
}

function tally(
  connections: readonly ConnectionFact[],
  podOf: (connection: ConnectionFact) => string | undefined,
): ReadonlyMap<string | undefined, number> {
  const counts = new Map<string | undefined, number>();
  for (const connection of connections) {
    const pod = podOf(connection);
    counts.set(pod, (counts.get(pod) ?? 0) + 1);
  }
  return counts;
}

function byEnd(connections: readonly ConnectionFact[]): Partial<Record<ConnectionEnd, number>> {
  const counts: Partial<Record<ConnectionEnd, number>> = {};
  for (const { how } of connections) counts[how] = (counts[how] ?? 0) + 1;
  return counts;
}
