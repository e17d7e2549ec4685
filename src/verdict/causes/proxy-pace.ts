import type { ProxyFact } from '../../model/recording.ts';
import { time } from './evidence.ts';
import type { Story } from './story.ts';

/** kube-proxy's own figures on how fast it was, on the node that requests enter, or on every node. */
export function paceOfProxies({ proxies, before, isAlone }: Story): readonly string[] {
  const entryNode = before?.service?.entryNode;
  const asked = proxies.filter(({ node }) => entryNode === undefined || node === entryNode);
  return [...Map.groupBy(asked, ({ node }) => node)].flatMap(([node, facts]) => {
    const [first, last] = [facts[0], facts.at(-1)];
    return first && last && first !== last ? paceOf(node, first, last, isAlone) : [];
  });
}

function paceOf(node: string, first: ProxyFact, last: ProxyFact, isAlone: boolean): readonly string[] {
  const syncs = last.syncs - first.syncs;
  if (syncs <= 0) return [];
  const averageMs = ((last.syncSeconds - first.syncSeconds) / syncs) * 1000;
  const slowest = slowestSeconds(first, last);
  const slow =
    slowest === undefined
      ? ''
      : `; by its own count, in whole seconds, changes of endpoints were in force after ${slowest} s at the latest`;
  const often = syncs === 1 ? 'once' : `${syncs} times`;
  return [
    `kube-proxy on ${node} wrote its rules ${often} meanwhile${isAlone ? '' : ', also for the other scenarios that ran on the cluster'}, in ${time(averageMs)} on average${slow}.`,
  ];
}

/** The smallest bound that holds for all changes between the two; undefined where there was none, or no bound holds. */
function slowestSeconds(first: ProxyFact, last: ProxyFact): number | undefined {
  const total = ({ programmed }: ProxyFact) => programmed.at(-1)?.count ?? 0;
  const changes = total(last) - total(first);
  // Above the bounds that are recorded the count is that of the last one.
  const within = (bound: number) =>
    first.programmed.find(({ withinSeconds }) => withinSeconds === bound)?.count ?? total(first);
  return changes <= 0
    ? undefined
    : last.programmed.find(({ withinSeconds, count }) => count - within(withinSeconds) === changes)
        ?.withinSeconds;
}
