import type { Rule } from './rule.ts';
import { propagationMs } from './rule.ts';
import type { Visit } from './story.ts';

const DISTURBANCES = {
  control:
    'The steady control, which was not updated, lost requests at the same moments: the prober, the machine or the cluster is to blame.',
  cluster:
    'A node or a part of the cluster that every request passes through was in trouble around that time.',
  'twin-outdated':
    "What was probed no longer stood for the Service that clients use, so that these drops are nobody's.",
} as const;

/** Something was going on that is not the workload's: no other rule would know. */
export const disturbedMeasurement: Rule = ({ coincidence, trouble }) => {
  if (!coincidence) return undefined;
  if (coincidence === 'cluster' && trouble?.subject === 'infrastructure-restart') {
    return {
      cause: 'proxy-or-cni-restart',
      confidence: 'medium',
      because: `They were lost around the time at which a part of the cluster was restarted: ${trouble.text}.`,
    };
  }
  return {
    cause: 'prober-fault',
    confidence: coincidence === 'cluster' ? 'medium' : 'high',
    because: DISTURBANCES[coincidence],
  };
};

/** Other new connections that were answered elsewhere meanwhile prove that the nodes knew better. */
const ANSWERED_ELSEWHERE = 20;

/** A new connection to an address that all the others have long left. */
export const rememberedSourcePort: Rule = ({ pod, established, address, sentMs }, story) => {
  if (pod?.outOfEndpointsMs === undefined || established) return undefined;
  const lagMs = propagationMs(story);
  const leftMs = pod.outOfEndpointsMs + lagMs;
  if (sentMs <= leftMs) return undefined;
  const elsewhere = (visit: Visit) =>
    visit.ok &&
    !visit.reused &&
    visit.address !== address &&
    visit.sentMs >= leftMs &&
    visit.sentMs <= sentMs;
  // No more than are needed: a long run has a hundred thousand visits, and each of its drops comes here.
  const found = story.visits.values().filter(elsewhere).take(ANSWERED_ELSEWHERE).toArray();
  if (found.length < ANSWERED_ELSEWHERE) return undefined;
  return {
    cause: 'stale-conntrack',
    confidence: 'medium',
    because: `New connections from other source ports had been answered by other pods for long when these were still sent to an address that had left the endpoints more than ${lagMs / 1000} s before.`,
  };
};
