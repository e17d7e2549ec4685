import type { SourcePlace } from './manifest.ts';
import type { Expectation, Scenario } from './scenario.ts';
import type { StaticFinding } from './static-finding.ts';
import type { Trial } from './trial.ts';
import type { UrlProbe } from './url-probe.ts';

/**
 * A recording is the complete, append-only account of one run of one scenario: NDJSON, one entry per line,
 * first a `header`, last an `end`. Verdict and reports are pure functions of it.
 *
 * Every `...Ms` is milliseconds on the monotonic clock since the recording was opened (fractions allowed),
 * unless it is named as a duration. The header's `startedAt` is the one wall-clock anchor.
 */
export type RecordingEntry =
  | Header
  | Probe
  | PodProbe
  | ConnectionFact
  | Strays
  | Heartbeat
  | Mark
  | WorkloadBefore
  | WorkloadAfter
  | TemplateFact
  | ProcessFact
  | RuntimeFact
  | ProxyFact
  | StaticFindingEntry
  | PodFact
  | DeploymentFact
  | ReplicaSetFact
  | EndpointsFact
  | EventFact
  | Route
  | NeighbourFact
  | RolloutEnd
  | Note
  | End;

export const RECORDING_FORMAT = 'rollproof-recording';
export const RECORDING_VERSION = 1;

export interface Header {
  readonly kind: 'header';
  readonly format: typeof RECORDING_FORMAT;
  readonly version: typeof RECORDING_VERSION;
  readonly rollproof: string;
  /** Wall-clock time of instant 0, ISO 8601. */
  readonly startedAt: string;
  /** 1-based number of this run of the scenario (`repeat`). */
  readonly run: number;
  /** How many runs were planned; absent where only one was. */
  readonly repeat?: {
    readonly runs: number;
    /** All of them are made, also after one that failed clearly. */
    readonly all: boolean;
  };
  readonly scenario: Scenario | UrlProbe;
  /** Absent in a run of the user's manifests as they are, which alone decides the verdict. */
  readonly trial?: Trial;
  readonly environment: Environment | HostEnvironment;
  readonly streams: readonly Stream[];
}

/** The header of a run with an update. */
export interface RolloutHeader extends Header {
  readonly scenario: Scenario;
  readonly environment: Environment;
}

/** What a probe of a URL was made on: this machine, and no cluster. */
export interface HostEnvironment {
  readonly cluster: 'none';
  readonly platform: string;
  readonly node: string;
}

/** What the run was made on, for "how it was measured". Every field is text for people except the counts. */
export interface Environment {
  readonly cluster: 'kind' | 'existing' | 'sandbox';
  /** Nobody asked for the sandbox by name: it stood in for a kind that was not to be had. */
  readonly fallback?: boolean;
  readonly kubernetes: string;
  readonly kind?: string;
  readonly nodeImage?: string;
  readonly cni: string;
  readonly kubeProxyMode: string;
  readonly nodes: number;
  readonly platform: string;
  readonly node: string;
  /** What was made worse on request, so that a rare drop shows; absent in a plain run. */
  readonly amplified?: Amplified;
}

/** How a cluster of our own was made worse than it would be, so that a race shows in one run. */
export interface Amplified {
  /** Nodes follow a change of endpoints at most this often: a burst of changes reaches them this late. */
  readonly propagationDelayMs?: number;
  /** Processes on each node that do nothing but keep a processor busy. */
  readonly busyProcesses?: number;
}

/**
 * A sequence of probes with its own schedule. `target` is the user's Service, `steady` the control that is not
 * rolled, `warm-up` the requests sent until the Service first answered (they are recorded but not judged).
 */
export interface Stream {
  readonly id: string;
  readonly role: 'target' | 'steady' | 'warm-up';
  /** `http://10.96.3.4:80/healthz` */
  readonly url: string;
  readonly address: string;
  readonly port: number;
  /** Mean distance between two probes. */
  readonly intervalMs: number;
  /** What a correct answer is in this stream. */
  readonly expect: Expectation;
}

/** How far a request got before it failed. */
export type ProbePhase = 'bind' | 'connect' | 'tls' | 'send' | 'headers' | 'body';

/**
 * One scheduled request and its one end, as facts; what they mean is decided by `verdict/classify`.
 *  - answered:  `status` is present, `failure` absent
 *  - failed:    `failure` is present (with `status` if the headers had arrived)
 *  - not sent:  `unsent` is present, `sentMs` absent
 */
export interface Probe {
  readonly kind: 'probe';
  readonly stream: string;
  /** 0, 1, 2, ... without holes within a stream. */
  readonly seq: number;
  /** When it was due. */
  readonly scheduledMs: number;
  /** When it was handed to the socket or to connect(). */
  readonly sentMs?: number;
  readonly endedMs?: number;
  readonly localPort?: number;
  /** How long the connection took to stand, where that was 100 ms or more: a lost SYN is sent again after 1 s. */
  readonly connectMs?: number;
  readonly remote?: string;
  /** True where the connection had already carried a request. */
  readonly reused?: boolean;
  /** How long the kept connection had rested when it was sent, where that was 100 ms or more. HTTP/1.1 only. */
  readonly idleMs?: number;
  /** True where the kept connection that was to carry it had ended while it rested, so that another one was opened. */
  readonly replaced?: true;
  readonly status?: number;
  /** Body bytes received. */
  readonly bytes?: number;
  /** How often a proxy on the way tried, where its answer says that it was more than once. HTTP/1.1 only. */
  readonly attempts?: number;
  /** Status of a gRPC call, from the trailers. */
  readonly grpcStatus?: number;
  /** Result of the body check, or whether it was an echo that came back; absent where none was asked for or no complete body arrived. */
  readonly bodyOk?: boolean;
  /** What the body carried where a sequence is expected: at most 64 characters. Untrusted text. */
  readonly value?: string;
  readonly failure?: {
    readonly phase: ProbePhase;
    /**
     * errno name (`ECONNREFUSED`), `CLOSED` (by the peer, in good order and too early), `HPE_...` (no HTTP), `DEADLINE`,
     * `GOAWAY`, `RST_STREAM <n>`, `CLOSE_FRAME <n>`, or `ABORTED` (prober told to stop).
     */
    readonly code: string;
    /** True where the prober's own event loop had stalled so that the failure may be its own making. */
    readonly prober?: boolean;
  };
  /** Why it was never sent. */
  readonly unsent?: 'overdue' | 'no-source-port' | 'in-flight-limit' | 'stopped';
}

/**
 * A request to a pod's own address, past every Service, beside those to the Service: it tells a pod that does not answer
 * from a way that does not lead to it. It is nobody's request: no stream has it and no account counts it.
 */
export type PodProbe = Omit<Probe, 'kind' | 'stream' | 'seq'> & {
  readonly kind: 'pod-probe';
  /** UID of the pod that had the address. */
  readonly pod: string;
};

/**
 * How a long-lived connection ended. `kept`: it stood when its stream ended, and we closed it. `closed`: the peer closed
 * it in good order. `goaway`, `close-frame`: the peer said so beforehand. `given-up`: we left it, because a request on
 * it had no answer within its deadline. `failed`: it never came to be.
 */
export type ConnectionEnd = 'kept' | 'closed' | 'reset' | 'goaway' | 'close-frame' | 'given-up' | 'failed';

/** One long-lived connection, told when it has ended. Joined with probes and routes by `localPort`. */
export interface ConnectionFact {
  readonly kind: 'connection';
  readonly stream: string;
  readonly localPort: number;
  /** When connect() was called. */
  readonly dialedMs: number;
  /** When it stood; absent where it never did. */
  readonly openedMs?: number;
  /** When it was known to be of no more use. */
  readonly atMs: number;
  readonly how: ConnectionEnd;
  /** The errno, or the peer's own code. */
  readonly code?: string;
}

/** Answers of a stream that were nobody's any more, told when it has ended; absent where there were none. */
export interface Strays {
  readonly kind: 'strays';
  readonly stream: string;
  readonly atMs: number;
  /** After the request's deadline. */
  readonly late: number;
  /** To a request that had its answer. */
  readonly duplicate: number;
  /** To no request of this stream. */
  readonly unknown: number;
}

/** Sent by the prober several times a second; its absence is the proof that the prober slept. */
export interface Heartbeat {
  readonly kind: 'heartbeat';
  readonly atMs: number;
  /** Longest stall of the prober's event loop since the last heartbeat. */
  readonly loopStallMs: number;
  /**
   * Packets that connection tracking threw away in the prober's network namespace since the last heartbeat, because
   * its table was full: anybody's. Absent where there were none.
   */
  readonly lostPackets?: number;
  /** Requests in flight over all streams. */
  readonly inFlight: number;
  /** Per stream: the next sequence number that is not yet due. */
  readonly nextSeq: Readonly<Record<string, number>>;
}

/** An instant of the gate's own making. Phases are cut at these. */
export interface Mark {
  readonly kind: 'mark';
  readonly atMs: number;
  readonly mark:
    | 'probing-started'
    | 'update-triggered'
    /** Deployment reports complete (what `kubectl rollout status` waits for). */
    | 'rollout-complete'
    /** The last old pod object is gone, by LIST. */
    | 'old-pods-gone'
    /** Schedule ends: no probe is due at or after this instant. */
    | 'probing-stopped'
    | 'cancelled';
}

/** Truth by LIST immediately before the update is triggered. */
export interface WorkloadBefore {
  readonly kind: 'workload-before';
  readonly atMs: number;
  readonly generation: number;
  /** Wanted: `spec.replicas`. */
  readonly replicas: number;
  readonly templateHash: string;
  readonly pods: readonly PodIdentity[];
}

/** Truth by LIST after the rollout ended. */
export interface WorkloadAfter {
  readonly kind: 'workload-after';
  readonly atMs: number;
  readonly generation: number;
  readonly observedGeneration: number;
  /** Wanted: `spec.replicas`. */
  readonly replicas: number;
  readonly updatedReplicas: number;
  readonly availableReplicas: number;
  readonly templateHash: string;
  /** All pods of the Deployment that still exist, terminating ones included. */
  readonly pods: readonly PodIdentity[];
}

export interface PodIdentity {
  readonly uid: string;
  readonly name: string;
  readonly node?: string;
  readonly address?: string;
  readonly templateHash: string;
  readonly terminating: boolean;
}

/**
 * What the live Deployment says about how its pods start and end, and its Service about who gets requests: once
 * before the update, and once after it where the Deployment still exists.
 */
export interface TemplateFact {
  readonly kind: 'template';
  readonly atMs: number;
  readonly templateHash: string;
  readonly hostNetwork: boolean;
  readonly gracePeriodSeconds: number;
  readonly strategy: {
    readonly type: string;
    /** As written: a number, or a percentage. */
    readonly maxSurge?: string;
    readonly maxUnavailable?: string;
  };
  readonly containers: readonly TemplateContainer[];
  /** The container that the probed port of the Service leads to, where that is known. */
  readonly serving?: string;
  readonly service?: {
    readonly externalTrafficPolicy?: string;
    readonly internalTrafficPolicy?: string;
    /** The node that the probes enter the cluster through. */
    readonly entryNode?: string;
    /** Present where nodes keep a client with one pod. */
    readonly sessionAffinity?: 'ClientIP';
    /** The probed port: its name (`''` where it has none), and where it leads to in a pod, as written. */
    readonly port?: { readonly name: string; readonly targetPort: string };
  };
  /** Where the same is written in the user's files; absent where a tool rendered them. */
  readonly places?: TemplatePlaces;
}

/** What the rules said of the manifests before the run, one by one: it is set against what the run shows. */
export interface StaticFindingEntry {
  readonly kind: 'static-finding';
  readonly atMs: number;
  readonly finding: StaticFinding;
}

export interface TemplateContainer {
  readonly name: string;
  readonly ports: readonly { readonly name?: string; readonly containerPort: number }[];
  /** `seconds` where the hook is known to do nothing but sleep. */
  readonly preStop?: { readonly how: 'sleep' | 'exec' | 'http' | 'other'; readonly seconds?: number };
  readonly readiness?: { readonly how: 'http' | 'tcp' | 'grpc' | 'exec'; readonly path?: string };
}

/** Places of keys (and, of the container, of its list item) in the user's Deployment. */
export interface TemplatePlaces {
  readonly container: SourcePlace;
  readonly podSpec: SourcePlace;
  readonly lifecycle?: SourcePlace;
  readonly preStop?: SourcePlace;
  /** As it is written, only where the hook does nothing but sleep. */
  readonly preStopLines?: readonly string[];
  readonly gracePeriod?: SourcePlace;
  readonly spec: SourcePlace;
  readonly strategy?: SourcePlace;
  /** As it is written. */
  readonly strategyLines?: readonly string[];
}

/**
 * How the first process of a container stands to SIGTERM, as its node knows it: once before the update, again when that
 * changes, and when the process has ended.
 */
export interface ProcessFact {
  readonly kind: 'process';
  readonly atMs: number;
  /** The pod's name. */
  readonly pod: string;
  readonly container: string;
  /** `caught` also where the signal is blocked: then the process fetches it itself, as small init programs do. */
  readonly sigterm: 'caught' | 'ignored' | 'default';
  /** It is process 1 of its namespace: the kernel drops signals that such a one leaves at their default. */
  readonly first: boolean;
  readonly ended?: true;
}

/**
 * What the container runtime of a node did to a container whose pod had been told to end. The kubelet has it run a
 * program in the container for an `exec` hook (and for `exec` probes), and send the stop signal when the hook is over.
 */
export interface RuntimeFact {
  readonly kind: 'runtime';
  /** When it happened, by the node's clock. */
  readonly atMs: number;
  /** How far that may be off. */
  readonly withinMs: number;
  /** The pod's name. */
  readonly pod: string;
  readonly container: string;
  readonly what: 'program-started' | 'program-ended' | 'signalled' | 'ended';
  /** Tells programs of one container apart. */
  readonly program?: string;
  /** Of what ended. */
  readonly exitCode?: number;
  /** `terminated` for SIGTERM; an image may ask for another one. */
  readonly signal?: string;
}

/** kube-proxy's own figures on one node, counted since it started: what two of these differ by happened in between. */
export interface ProxyFact {
  readonly kind: 'proxy';
  readonly atMs: number;
  readonly node: string;
  /** How often it has written its rules, and how long that took in all. */
  readonly syncs: number;
  readonly syncSeconds: number;
  /** Changes of endpoints that took at most this many seconds from the API server into the rules, cumulative. */
  readonly programmed: readonly { readonly withinSeconds: number; readonly count: number }[];
}

/** How a fact was learnt. `listed` facts come from the first LIST or a relist. */
export type Change = 'listed' | 'added' | 'modified' | 'deleted';

/** A pod of the Deployment under test as the watch showed it; `atMs` is the time of arrival. */
export interface PodFact {
  readonly kind: 'pod';
  readonly atMs: number;
  readonly change: Change;
  readonly uid: string;
  readonly name: string;
  readonly node?: string;
  readonly address?: string;
  readonly templateHash: string;
  readonly phase: string;
  /** Why the pod as a whole is in its phase (`Evicted`, `NodePorts`); rarely present. */
  readonly reason?: string;
  /** Why the scheduler finds no node for it: its own words. Untrusted text. */
  readonly unschedulable?: string;
  readonly ready: boolean;
  /** Present once deletion was asked for: when the object is due to be gone (wall clock, ISO, 1 s resolution). */
  readonly deletionTimestamp?: string;
  readonly deletionGracePeriodSeconds?: number;
  /** A finalizer of ours keeps the object until it tells how its containers ended. */
  readonly held?: true;
  /** Init containers first. */
  readonly containers: readonly ContainerState[];
}

export interface ContainerState {
  readonly name: string;
  /** What the container runtime calls it. */
  readonly id?: string;
  readonly state: 'waiting' | 'running' | 'terminated' | 'unknown';
  readonly ready: boolean;
  readonly restarts: number;
  readonly init?: true;
  readonly reason?: string;
  /** The kubelet's or the runtime's words for people. Untrusted text. */
  readonly message?: string;
  readonly exitCode?: number;
  readonly signal?: number;
  readonly startedAt?: string;
  readonly finishedAt?: string;
  /** How the container ended the time before this state. */
  readonly last?: { readonly exitCode: number; readonly reason?: string };
}

export interface DeploymentFact {
  readonly kind: 'deployment';
  readonly atMs: number;
  readonly change: Change;
  readonly uid: string;
  readonly generation: number;
  readonly observedGeneration: number;
  /** Wanted: `spec.replicas`. */
  readonly replicas: number;
  /** Existing pods of all templates that are not terminating: `status.replicas`. */
  readonly existingReplicas?: number;
  readonly updatedReplicas: number;
  readonly readyReplicas: number;
  readonly availableReplicas: number;
  readonly paused?: true;
  readonly conditions: readonly {
    readonly type: string;
    readonly status: string;
    readonly reason?: string;
    /** Untrusted text. */
    readonly message?: string;
  }[];
}

export interface ReplicaSetFact {
  readonly kind: 'replica-set';
  readonly atMs: number;
  readonly change: Change;
  readonly uid: string;
  readonly name: string;
  readonly templateHash: string;
  readonly replicas: number;
  readonly readyReplicas: number;
}

/** One EndpointSlice of the Service under test, whole. */
export interface EndpointsFact {
  readonly kind: 'endpoints';
  readonly atMs: number;
  readonly change: Change;
  readonly slice: string;
  /** The ports of the Service that these endpoints have, by name; an unnamed one is `''`. */
  readonly ports?: readonly string[];
  /** What those are in the pods, in the same order; 0 where the slice does not say. */
  readonly portNumbers?: readonly number[];
  readonly endpoints: readonly {
    readonly address: string;
    readonly pod?: string;
    readonly node?: string;
    readonly ready: boolean;
    readonly serving: boolean;
    readonly terminating: boolean;
  }[];
}

/**
 * What a run of another scenario did on the same cluster meanwhile. `present`: it is there from now on, before anything
 * of it is created. `update-triggered`: its pods are being replaced. `gone`: all that it created is gone.
 */
export interface NeighbourFact {
  readonly kind: 'neighbour';
  readonly atMs: number;
  /** The scenario's name. */
  readonly scenario: string;
  readonly run: number;
  readonly state: 'present' | 'update-triggered' | 'gone';
}

/** A Kubernetes Event about the Deployment, its ReplicaSets or its pods, or about a node. */
export interface EventFact {
  readonly kind: 'event';
  readonly atMs: number;
  readonly object: string;
  readonly reason: string;
  readonly type: string;
  readonly message: string;
}

/**
 * The node's conntrack saw a new connection from one of our source ports and sent it to this pod address.
 * Joined with a probe by `localPort`, it tells which pod a request was for, also where the request failed.
 */
export interface Route {
  readonly kind: 'route';
  readonly atMs: number;
  readonly stream: string;
  readonly localPort: number;
  readonly podAddress: string;
}

/** How the rollout ended. Only `completed` can lead to a pass. */
export type RolloutOutcome =
  | 'completed'
  /** The update changed no pod template: nothing was replaced. */
  | 'nothing-replaced'
  | 'image-pull-failed'
  | 'crash-loop'
  | 'unschedulable'
  | 'create-failed'
  | 'not-ready'
  | 'paused'
  | 'timed-out'
  /** The API server refused the update. */
  | 'update-rejected'
  | 'command-failed'
  /** Somebody else changed the Deployment meanwhile. */
  | 'foreign-change'
  | 'cancelled';

export interface RolloutEnd {
  readonly kind: 'rollout-end';
  readonly atMs: number;
  readonly outcome: RolloutOutcome;
  /** One sentence with the evidence: pod, container, reason, exit code. Untrusted text. */
  readonly detail?: string;
}

/** Something worth telling that no judgement rests on. */
export interface Note {
  readonly kind: 'note';
  readonly atMs: number;
  readonly level: 'info' | 'warning';
  /** Stable word for the subject (`watch-relisted`, `route-source`, `infrastructure-restart`). */
  readonly subject: string;
  readonly text: string;
}

/** The proof that the recording is whole. A recording without it is truncated and can not pass. */
export interface End {
  readonly kind: 'end';
  readonly atMs: number;
  /**
   * `finished`: the run went its whole way. `workload-unavailable`: the unchanged workload never became available or
   * has no address to probe, so that nothing was sent. `baseline-failing`: the update was never triggered, because the
   * unchanged workload did not answer. `prober-lost`: the prober died or fell silent. `cancelled`, `failed`: cut short.
   */
  readonly reason:
    | 'finished'
    | 'workload-unavailable'
    | 'baseline-failing'
    | 'prober-lost'
    | 'cancelled'
    | 'failed';
  readonly detail?: string;
}
