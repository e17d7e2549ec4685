import { firstFrom } from './in-order.ts';
import { remembered } from './remembered.ts';
import { propagationMs, type Rule } from './rule.ts';
import type { Story, Visit } from './story.ts';

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

/** On new connections, in the order of sending. */
const answeredIn = remembered(({ visits }: Story): readonly Visit[] =>
  visits.filter(({ ok, reused }) => ok && !reused).sort((a, b) => a.sentMs - b.sentMs),
);

/** A new connection to an address that all the others have long left. */
export const rememberedSourcePort: Rule = ({ pod, established, address, sentMs }, story) => {
  if (pod?.outOfEndpointsMs === undefined || established) return undefined;
  const lagMs = propagationMs(story);
  const leftMs = pod.outOfEndpointsMs + lagMs;
  if (sentMs <= leftMs) return undefined;
  let found = 0;
  const answered = answeredIn(story);
  // No more than are needed: a long run has a hundred thousand visits, and each of its drops comes here.
  for (let at = firstFrom(answered, leftMs); found < ANSWERED_ELSEWHERE; at++) {
    const visit = answered[at];
    if (!visit || visit.sentMs > sentMs) return undefined;
    if (visit.address !== address) found++;
  }
  return {
    cause: 'stale-conntrack',
    confidence: 'medium',
    because: `New connections from other source ports had been answered by other pods for long when these were still sent to an address that had left the endpoints more than ${lagMs / 1000} s before.`,
  };
};
