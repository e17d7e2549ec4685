import type { SourcePlace } from './manifest.ts';
import type { ManifestPatch } from './manifest-patch.ts';

/** Why requests are dropped: a closed list of stable ids, each with a page `docs/causes/<id>.md`. */
export type Cause =
  | 'stops-before-endpoint-removal'
  | 'prestop-too-short'
  | 'prestop-cannot-run'
  | 'prestop-exceeds-grace'
  | 'no-sigterm-handling'
  | 'sigterm-ignored'
  | 'grace-too-short'
  | 'request-outlives-grace'
  | 'keep-alive-idle-close'
  | 'keep-alive-closed-at-shutdown'
  | 'keep-alive-outlives-pod'
  | 'missing-readiness-probe'
  | 'readiness-too-early'
  | 'readiness-flaps'
  | 'network-not-ready-for-new-pod'
  | 'no-endpoints'
  | 'selector-mismatch'
  | 'port-mismatch'
  | 'local-traffic-policy'
  | 'session-affinity'
  | 'ingress-stale-upstream'
  | 'host-port-conflict'
  | 'host-network-shared-address'
  | 'container-restart'
  | 'proxy-or-cni-restart'
  | 'stale-conntrack'
  | 'rollout-stalled'
  | 'nothing-rolled'
  | 'prober-fault'
  | 'unexplained';

/** A cause in words, for every report. */
export interface CauseText {
  /** What happened, as a sentence. */
  readonly title: string;
  /** What to do about it, as an imperative sentence. */
  readonly remedy: string;
}

/** Every cause there is. The order has no meaning. */
export const CAUSES: Readonly<Record<Cause, CauseText>> = {
  'stops-before-endpoint-removal': {
    title: 'Old pods stop accepting connections while the cluster still sends them some.',
    remedy: 'Give the container a `preStop` sleep that lasts until no node sends it connections any more.',
  },
  'prestop-too-short': {
    title: 'The `preStop` hook ends while the cluster still sends connections to the old pods.',
    remedy: 'Let the `preStop` hook last longer.',
  },
  'prestop-cannot-run': {
    title: 'The `preStop` hook has no effect, so old pods stop at once.',
    remedy: 'Use the `sleep` action, which needs no program in the image, or correct the command.',
  },
  'prestop-exceeds-grace': {
    title:
      'The `preStop` hook takes the whole grace period, and the container is killed without a chance to finish.',
    remedy: 'Raise `terminationGracePeriodSeconds` well above the length of the `preStop` hook.',
  },
  'no-sigterm-handling': {
    title: 'Old pods end at SIGTERM without finishing the requests that they have accepted.',
    remedy: 'Handle SIGTERM: stop accepting, answer what is in flight, then exit.',
  },
  'sigterm-ignored': {
    title: 'Old pods ignore SIGTERM and are killed at the end of their grace period.',
    remedy: 'See that the signal reaches the server (`exec` form, or an init process) and that it ends then.',
  },
  'grace-too-short': {
    title: 'The grace period is over before old pods have finished what they do at SIGTERM.',
    remedy: 'Raise `terminationGracePeriodSeconds` above the time that the server needs to shut down.',
  },
  'request-outlives-grace': {
    title: 'Requests take longer than old pods are given to end.',
    remedy: 'Raise `terminationGracePeriodSeconds`, and the shutdown timeout of the server with it.',
  },
  'keep-alive-idle-close': {
    title: 'The server closes kept-alive connections that have been idle, just as a client reuses them.',
    remedy: "Let the server keep idle connections for longer than the client's pool does.",
  },
  'keep-alive-closed-at-shutdown': {
    title: 'Old pods close kept-alive connections at shutdown while requests are on their way.',
    remedy:
      'Tell clients to leave right behind an answer (`Connection: close`, GOAWAY, a close frame) during the `preStop` sleep, and close idle connections only after it.',
  },
  'keep-alive-outlives-pod': {
    title: 'Kept-alive connections stay with an old pod until it ends, and are cut then.',
    remedy:
      'Tell clients to leave right behind an answer (`Connection: close`, GOAWAY, a close frame) once SIGTERM or the `preStop` hook has begun.',
  },
  'missing-readiness-probe': {
    title: 'New pods get requests before they listen, because they have no readiness probe.',
    remedy: 'Add a readiness probe that succeeds only when the container answers requests.',
  },
  'readiness-too-early': {
    title: 'New pods are ready before they can answer.',
    remedy: 'Let the readiness probe ask for what clients ask for.',
  },
  'readiness-flaps': {
    title: 'Pods lose their readiness while they are in service.',
    remedy: "Raise the probe's `timeoutSeconds` and `failureThreshold`, or give the container more CPU.",
  },
  'network-not-ready-for-new-pod': {
    title: 'New pods are ready before the network leads to them.',
    remedy:
      'Set `minReadySeconds` to a few seconds, so that an old pod ends only when the new one can be reached.',
  },
  'no-endpoints': {
    title: 'At times the Service has no ready pod at all.',
    remedy: 'Roll with `maxUnavailable: 0` and a `maxSurge` of at least 1.',
  },
  'selector-mismatch': {
    title: 'The Service does not select the pods of the Deployment.',
    remedy: 'Let the selector of the Service match the labels of both the old and the new pods.',
  },
  'port-mismatch': {
    title: 'The Service sends requests to a port that the pods do not answer on.',
    remedy: 'Let `targetPort` name the port that both the old and the new containers listen on.',
  },
  'local-traffic-policy': {
    title: "The node that requests enter has no ready pod, and the Service's traffic policy is `Local`.",
    remedy: 'Use the policy `Cluster`, or keep a pod on every node that requests enter.',
  },
  'session-affinity': {
    title: 'Session affinity keeps a client with an old pod that takes no connections any more.',
    remedy:
      'Do without `sessionAffinity: ClientIP`, or let old pods serve until no node sends them connections.',
  },
  'ingress-stale-upstream': {
    title: 'A proxy in front of the Service sends requests to pods that have ended.',
    remedy: 'Give the container a `preStop` sleep that also covers the time the proxy takes to notice.',
  },
  'host-port-conflict': {
    title: 'New pods do not start, because an old pod holds the port of the node that they need.',
    remedy: 'Roll with `maxSurge: 0`, keep a free node for each new pod, or do without the host port.',
  },
  'host-network-shared-address': {
    title: 'An ending and a new pod share the address of their node.',
    remedy: 'Keep old and new pods on different nodes, or off the host network.',
  },
  'container-restart': {
    title: 'A container ended by itself and was started again.',
    remedy: 'Find out from its last log lines and its memory limit why it ended.',
  },
  'proxy-or-cni-restart': {
    title: 'A part of the cluster that carries every connection was restarted meanwhile.',
    remedy: "Run again; find out from that pod's last log lines why it was restarted if it happens often.",
  },
  'stale-conntrack': {
    title: 'A node sends connections to a pod that is gone, because it remembers the source port.',
    remedy: 'Nothing in the manifest: a client whose source ports differ does not see it.',
  },
  'rollout-stalled': {
    title: 'The rollout does not come to its end.',
    remedy: 'Let the new pods start and become ready; the evidence says what keeps them from it.',
  },
  'nothing-rolled': {
    title: 'The update replaced no pod, so nothing was put to the test.',
    remedy: 'Use an update that changes the pod template.',
  },
  'prober-fault': {
    title: 'The measurement itself was disturbed.',
    remedy: 'Run again, on a machine with more room if it happens often.',
  },
  unexplained: {
    title: 'Nothing in the recording explains these drops.',
    remedy: 'Please report them with the recording.',
  },
};

export type Confidence = 'high' | 'medium' | 'low';

/** One cause of dropped requests, with what shows it. */
export interface Finding {
  readonly cause: Cause;
  /** Dropped requests that are laid to it. Each drop is laid to one cause; 0 where only not-judged requests are. */
  readonly drops: number;
  readonly confidence: Confidence;
  /** Names of the pods the requests were lost at. */
  readonly pods: readonly string[];
  /** Sentences with figures. Untrusted text: names of pods are in them. */
  readonly evidence: readonly string[];
  /** Causes that the recording cannot tell from this one, and what would decide. */
  readonly undecided?: { readonly causes: readonly Cause[]; readonly decidedBy: string };
  readonly suggestion?: Suggestion;
  /** What became of the suggestion; only with the runs of a scenario together, and where it is a change to a manifest. */
  readonly fix?: Fix;
}

/** What is known of a suggested change to the manifest. Only a proven one is called a fix. */
export interface Fix {
  /**
   * `suggested`: not tried. `proven`: every trial passed without a drop. `withdrawn`: it did not help. `untested`: it was
   * tried, and the trials neither prove nor refute it.
   */
  readonly state: 'suggested' | 'proven' | 'withdrawn' | 'untested';
  /** The change as lines of a unified diff, without header; absent where its place is not known. */
  readonly diff?: readonly string[];
  readonly place?: SourcePlace;
  readonly trials?: FixTrials;
}

/** The scenario again, with the change. */
export interface FixTrials {
  /** That were made, those without a verdict among them. */
  readonly runs: number;
  /** That had to pass. */
  readonly planned: number;
  readonly passed: number;
  /** Most requests that one run dropped without the change. */
  readonly before: number;
  /** Most requests that one run dropped with it. */
  readonly dropped: number;
  /** Causes whose suggestions were tried along with this one, if any. */
  readonly together: readonly Cause[];
  /** Why it is withdrawn or untested. Untrusted text. */
  readonly why?: string;
}

/** What should help. It follows from one measurement and is called a fix only when trials have proven it. */
export interface Suggestion {
  /** What to change and why by so much, as a sentence; where no line of the manifest helps, that and what does. */
  readonly text: string;
  /** The lines as they should stand in the object, indented from the left margin; none where no line helps. */
  readonly yaml: readonly string[];
  /** The same as a unified diff, where the place in the user's file is known. */
  readonly diff?: SuggestedDiff;
  /** Further places that have to change along with it. */
  readonly furtherDiffs?: readonly SuggestedDiff[];
  /** The same for a program, where a run has shown what the numbers have to be. */
  readonly patches?: readonly ManifestPatch[];
}

/** Lines of a unified diff without its header: those that go in below a place, or replace the line there. */
export interface SuggestedDiff {
  readonly place: SourcePlace;
  readonly lines: readonly string[];
}

/** One pod's way through the update: instants of the recording's clock, each absent where it was not seen. */
export interface PodTimes {
  readonly name: string;
  readonly generation: 'old' | 'new';
  readonly node?: string;
  readonly createdMs?: number;
  readonly startedMs?: number;
  readonly readyMs?: number;
  readonly inEndpointsMs?: number;
  readonly firstServedMs?: number;
  readonly deleteAskedMs?: number;
  readonly endpointTerminatingMs?: number;
  /** When its `preStop` hook began, at the latest. */
  readonly hookBeganMs?: number;
  /** When the hook was over: as its node told, or, by the template, at the earliest. */
  readonly hookOverMs?: number;
  /** How that is known: the hook's process had ended, the stop signal came next, or only the template says how long it is. */
  readonly hookShownBy?: 'process' | 'signal' | 'template';
  /** When its container was sent the stop signal. */
  readonly signalledMs?: number;
  /** `SIGTERM`, where the image asks for no other one. */
  readonly signal?: string;
  readonly lastServedMs?: number;
  /** The last request that was sent to it and dropped. */
  readonly lastInVainMs?: number;
  /** When its end became known; the kubelet tells it some tenths of a second late. */
  readonly exitedMs?: number;
  readonly exitCode?: number;
  readonly outOfEndpointsMs?: number;
  readonly goneMs?: number;
}
