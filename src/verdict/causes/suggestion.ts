import type { Cause, Suggestion } from '../../model/finding.ts';
import type { TemplateFact } from '../../model/recording.ts';
import type { Protocol } from '../../model/scenario.ts';
import { graceAbovePreStop, graceForRequests, graceForShutdown } from './cures/grace-cures.ts';
import { longerPreStop, runnablePreStop } from './cures/prestop-cure.ts';
import {
  deeperReadiness,
  laterReadiness,
  patientReadiness,
  readinessProbe,
} from './cures/readiness-cures.ts';
import { clusterPolicy, noAffinity, surge } from './cures/rollout-cures.ts';
import type { Drop, Story } from './story.ts';

/** Looks for lines of the manifest that should help; undefined where too little is known to name them. */
type Cure = (story: Story, template: TemplateFact, drops: readonly Drop[]) => Suggestion | undefined;

/** What cures each cause: lines of the manifest, or, as a sentence, what does where no line can. */
const CURES: Readonly<Record<Cause, Cure | string>> = {
  'stops-before-endpoint-removal': longerPreStop,
  'prestop-too-short': longerPreStop,
  'prestop-cannot-run': runnablePreStop,
  'prestop-exceeds-grace': graceAbovePreStop,
  // New connections go elsewhere while the hook sleeps, and what was accepted before it is answered by its end.
  'no-sigterm-handling': (story, ...rest) =>
    story.header.scenario.connection === 'new' || story.header.scenario.connection === 'slow'
      ? longerPreStop(story, ...rest)
      : advice(
          'Change the app: handle SIGTERM, stop accepting, answer what is in flight, close idle connections, then exit. A preStop hook only delays the cut, because kept-alive connections stay.',
        ),
  'sigterm-ignored':
    'Change the app or its image: see that SIGTERM reaches the server (`exec` form, or an init process) and that it ends then.',
  'grace-too-short': graceForShutdown,
  'request-outlives-grace': graceForRequests,
  'keep-alive-idle-close':
    'Change the app: let it keep idle connections for longer than its clients do, so that the client is always the one to close.',
  'keep-alive-closed-at-shutdown':
    'Change the app: once it has to end, let it tell clients to leave right behind an answer (`Connection: close`, GOAWAY, a close frame), and close idle connections only some seconds later.',
  'keep-alive-outlives-pod':
    'Change the app: from the beginning of its preStop hook on, let it tell clients to leave right behind an answer (`Connection: close`, GOAWAY, a close frame), so that they move to other pods.',
  'missing-readiness-probe': readinessProbe,
  'readiness-too-early': deeperReadiness,
  'readiness-flaps': patientReadiness,
  'network-not-ready-for-new-pod': laterReadiness,
  'no-endpoints': surge,
  'selector-mismatch': () => undefined,
  // Both states need the change, each its own.
  'port-mismatch': () => undefined,
  'local-traffic-policy': clusterPolicy,
  'session-affinity': noAffinity,
  'ingress-stale-upstream': longerPreStop,
  'host-port-conflict': () => undefined,
  'host-network-shared-address':
    'Keep old and new pods on different nodes, or off the host network: which of them is right depends on why the pods use it.',
  'container-restart': 'Change the app: find out from its last log lines and its memory limit why it ended.',
  'proxy-or-cni-restart': () => undefined,
  'stale-conntrack': () => undefined,
  'rollout-stalled': () => undefined,
  'nothing-rolled': () => undefined,
  'prober-fault': () => undefined,
  unexplained: () => undefined,
};

const CLOSE_IN_TURN =
  'Change the app: from the beginning of its preStop hook on, close each connection once all that was asked on it is answered, so that clients move to other pods.';
const SAY_GOAWAY =
  'Change the app: send GOAWAY from the beginning of its preStop hook on and end what is in flight, so that clients move to other pods.';
const LATE_GOAWAY =
  'Change the app: send GOAWAY once it has to end, and close connections only when what came before clients read it is answered.';

/** What helps where connections are kept by another protocol than HTTP/1.1, which has a header for it. */
const OTHERWISE_KEPT: Readonly<Partial<Record<Protocol, Readonly<Partial<Record<Cause, string>>>>>> = {
  h2: { 'keep-alive-closed-at-shutdown': LATE_GOAWAY, 'keep-alive-outlives-pod': SAY_GOAWAY },
  grpc: { 'keep-alive-closed-at-shutdown': LATE_GOAWAY, 'keep-alive-outlives-pod': SAY_GOAWAY },
  tcp: { 'keep-alive-closed-at-shutdown': CLOSE_IN_TURN, 'keep-alive-outlives-pod': CLOSE_IN_TURN },
  websocket: { 'keep-alive-closed-at-shutdown': CLOSE_IN_TURN, 'keep-alive-outlives-pod': CLOSE_IN_TURN },
  udp: {
    'keep-alive-outlives-pod':
      'Change the clients: a node goes on sending the datagrams of one source port to the pod it once chose, until it forgets that pod. Let a client take a fresh port when answers stay away.',
  },
};

/**
 * What should help against a cause, in the user's own lines where they are known. It is not tried here. Undefined where
 * too little is known, or where nothing is wrong with what was measured.
 */
export function suggestionFor(cause: Cause, story: Story, drops: readonly Drop[]): Suggestion | undefined {
  const cure = OTHERWISE_KEPT[story.header.scenario.protocol]?.[cause] ?? CURES[cause];
  if (typeof cure === 'string') return advice(cure);
  const template = story.after ?? story.before;
  return template && cure(story, template, drops);
}

function advice(text: string): Suggestion {
  return { text: `No line of the manifest helps. ${text}`, yaml: [] };
}
