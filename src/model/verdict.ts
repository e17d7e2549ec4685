import type { Finding, PodTimes } from './finding.ts';
import type { ConnectionEnd, Environment, HostEnvironment } from './recording.ts';
import type { Scenario } from './scenario.ts';
import type { MeasuredStaticFinding } from './static-finding.ts';
import type { Trial } from './trial.ts';
import type { UrlProbe } from './url-probe.ts';

/** The gate's answer. Only `pass` is green. `error` is an environment at fault or a bug of ours. */
export type Verdict = 'pass' | 'dropped' | 'inconclusive' | 'rollout-failed' | 'error';

/** Why a request counts as dropped: what a client would have seen. */
export type DropClass =
  | 'refused'
  | 'unreachable'
  | 'connect-timeout'
  | 'connect-reset'
  /** The connection stood, and the handshake of TLS failed, was cut, or did not end in time. */
  | 'tls-failed'
  | 'reset-before-answer'
  | 'closed-before-answer'
  | 'answer-timeout'
  | 'truncated'
  | 'malformed'
  /** Turned away by an HTTP/2 server that is going; a good client sends it again elsewhere. */
  | 'goaway'
  /** HTTP/2: the server ended this one request, the connection stands. */
  | 'stream-reset'
  /** WebSocket: the server said that it closes, and did not answer. */
  | 'close-frame'
  | 'status'
  | 'body'
  /** It carried the old number of a sequence although the last old pod was gone when it was sent. */
  | 'outdated';

/** Why a request that was scheduled can not be judged. It never counts for or against the workload. */
export type NotJudgedClass =
  /** A local errno: no descriptors, no ports, no memory; or no answer while the machine threw packets away. */
  | 'prober-fault'
  /** The prober's event loop had stalled when the deadline passed. */
  | 'prober-stall'
  /** Failed on a source port that was last used against a pod that is gone. */
  | 'stale-source-port'
  /** Still in flight when the prober was told to stop, or sent but never reported. */
  | 'indeterminate';

/** The one end of a request. */
export type ProbeEnd =
  | { readonly end: 'ok' }
  | { readonly end: 'dropped'; readonly class: DropClass }
  | { readonly end: 'not-judged'; readonly class: NotJudgedClass }
  | { readonly end: 'unsent' };

/** `scheduled = sent + unsent` and `sent = ok + dropped + notJudged`, always and in every phase. */
export interface RequestCounts {
  readonly scheduled: number;
  readonly sent: number;
  readonly ok: number;
  readonly dropped: number;
  readonly notJudged: number;
  readonly unsent: number;
}

/**
 * before: until the update is triggered. during: until the Deployment reports complete.
 * after: until the last old pod is gone. tail: until probing stops. A request belongs to the phase in which it was due.
 * A probe of a URL has no update, so all of its requests are `before`.
 */
export type Phase = 'before' | 'during' | 'after' | 'tail';

export const PHASES: readonly Phase[] = ['before', 'during', 'after', 'tail'];

/** A stretch of time in which requests were dropped without a longer spell of answers in between. */
export interface Outage {
  /** Send time of the first dropped request. */
  readonly fromMs: number;
  /** Send time of the last dropped request: the outage lasted at least until here. */
  readonly lastDropMs: number;
  /** Send time of the next answered request (or the end of probing): it was over by then. */
  readonly toMs: number;
  /** toMs - fromMs */
  readonly lengthMs: number;
  /**
   * How long a full outage really was, wherever its requests were on their way: as far as their ends can tell. Absent
   * where requests were answered within.
   */
  readonly bounds?: { readonly atLeastMs: number; readonly atMostMs: number };
  readonly dropped: number;
  /** Requests answered between the first and the last drop. 0 means a full outage. */
  readonly answered: number;
  readonly classes: Readonly<Partial<Record<DropClass, number>>>;
}

/** One condition that a pass needs, and how it came out. */
export interface Guard {
  readonly id: string;
  readonly held: boolean;
  /** One sentence with the measured figure and the bound. */
  readonly text: string;
}

/** Why the verdict is what it is; `code` is stable (`baseline-failing`, `prober-hole`, ...). */
export interface Reason {
  readonly code: string;
  readonly text: string;
  /** The next step for the reader, where there is one. */
  readonly remedy?: string;
}

/** What can go well by little. */
export type NearMissCode =
  | 'slow-connect'
  | 'late-answers'
  | 'closed-while-idle'
  | 'proxy-retried'
  | 'old-version-late'
  | 'prestop-margin'
  | 'grace-margin'
  | 'killed-after-grace';

/** Something that went well by little. It takes no pass away; the next run may be less lucky. */
export interface NearMiss {
  readonly code: NearMissCode;
  /** Requests or pods it was seen at. */
  readonly count: number;
  /** One sentence with figures. Untrusted text: names of pods are in it. */
  readonly text: string;
  readonly remedy: string;
}

/** Milliseconds from the scheduled instant to the complete answer, over the answered requests. */
export interface ResponseTimes {
  readonly count: number;
  readonly p50Ms: number;
  readonly p99Ms: number;
  readonly maxMs: number;
}

/** Pods that were replaced, and for how many of them requests were dropped. */
export interface ReplacementCounts {
  readonly total: number;
  readonly withDrops: number;
}

/** Those of several runs. */
export interface Replacements extends ReplacementCounts {
  /** The largest share of bad replacements that these figures allow, with 95 % confidence (exact, one-sided). */
  readonly upperBound95: number;
}

/** How likely an outage of one of several endpoints was to be seen, by its length. */
export interface DetectionChances {
  readonly endpoints: number;
  /** At the worst instant for it to begin. */
  readonly chances: readonly { readonly lengthMs: number; readonly probability: number }[];
}

/** Smallest, largest and mean of so many figures, and their standard deviation. */
export interface Spread {
  readonly count: number;
  readonly min: number;
  readonly max: number;
  readonly mean: number;
  readonly stddev: number;
}

/** Long-lived connections of one pod. */
export interface PodConnections {
  readonly name: string;
  readonly generation: 'old' | 'new';
  /** Ended from the update on, while they were still wanted. */
  readonly lost: number;
  /** Stood when probing stopped. */
  readonly lasting: number;
}

/** What became of the long-lived connections to the workload. They are facts: a lost one is no drop by itself. */
export interface ConnectionBalance {
  readonly opened: number;
  readonly lost: number;
  /** How those that were lost ended. */
  readonly lostBy: Readonly<Partial<Record<ConnectionEnd, number>>>;
  readonly lasting: number;
  /** Attempts to connect that came to nothing. */
  readonly failed: number;
  /** Old pods first; pods without connections too. */
  readonly pods: readonly PodConnections[];
  /** Connections whose pod is not known. */
  readonly unknown: { readonly lost: number; readonly lasting: number };
  /** Over the old pods; absent where there is none, or where a pod is unknown. */
  readonly lostSpread?: Spread;
  /** Over the new pods that stayed, under the same condition. */
  readonly lastingSpread?: Spread;
}

/** Which numbers answers carried, where the update writes one into the pods. Times count from the trigger. */
export interface SequenceResult {
  readonly from: number;
  readonly to: number;
  readonly answeredOld: number;
  readonly answeredNew: number;
  /** When the first answer with the new number came. */
  readonly firstNewMs?: number;
  /** When the last answer with the old number came, or the first with the new one where that was later. */
  readonly allNewMs?: number;
}

/** Runs of other scenarios that were on the same cluster while this one was measured. */
export interface BesideOthers {
  /** Their names. */
  readonly scenarios: readonly string[];
  /** The smallest full outage that would surely have been seen from the update on. */
  readonly floorMs?: number;
  /** The same in the baseline. */
  readonly floorBeforeMs?: number;
  /** Beside others it may be as long as this and no longer, else the run leaves no verdict. */
  readonly floorAllowedMs?: number;
}

/** The judgement of one recording. */
export interface RunResult {
  readonly run: number;
  readonly verdict: Verdict;
  readonly reasons: readonly Reason[];
  readonly guards: readonly Guard[];
  readonly requests: RequestCounts;
  readonly phases: Readonly<Record<Phase, RequestCounts>>;
  readonly drops: Readonly<Partial<Record<DropClass, number>>>;
  /** Of the drops of the class `status`, how many answers had which: `503`, `grpc-status 14`. */
  readonly statuses?: Readonly<Partial<Record<string, number>>>;
  readonly notJudged: Readonly<Partial<Record<NotJudgedClass, number>>>;
  /** In the order of time; where there are very many, those with the most drops. */
  readonly outages: readonly Outage[];
  /** How many more there were. */
  readonly outagesLeftOut?: number;
  readonly longestOutageMs: number;
  readonly response?: ResponseTimes;
  /** Of the requests that were due between trigger and the last old pod's end. */
  readonly responseDuring?: ResponseTimes;
  /**
   * The smallest full outage that would surely have been seen between trigger and end, from when requests were really
   * sent and answered.
   */
  readonly detectionFloorMs?: number;
  /**
   * The smallest outage of one of so many endpoints that would have been seen with 99.9 % probability. Absent where
   * new connections do not go to an endpoint chosen at random.
   */
  readonly partialDetectionFloor?: { readonly endpoints: number; readonly lengthMs: number };
  /** Where every request has a connection of its own, which goes to an endpoint chosen at random. */
  readonly partialDetection?: DetectionChances;
  /** Only of a run that passed or dropped requests: of others it is not known what a replacement costs. */
  readonly replacements?: ReplacementCounts;
  /** Present where it was not alone on the cluster. */
  readonly beside?: BesideOthers;
  /** Longest pause between two sends between trigger and end. */
  readonly largestGapMs?: number;
  /** How long after it was told to end a pod was still sent new connections, in the worst case. */
  readonly sentToEndingMs?: number;
  /** Present where connections were long-lived and told of one by one. */
  readonly connections?: ConnectionBalance;
  /** Requests answered by (or, with `how: inferred`, while only) old and new pods. */
  readonly served: { readonly old: number; readonly new: number; readonly how: 'conntrack' | 'inferred' };
  readonly steady: RequestCounts;
  readonly sequence?: SequenceResult;
  readonly rollout: {
    readonly outcome?: string;
    readonly detail?: string;
    readonly replacedPods: number;
    readonly durationMs?: number;
  };
  /**
   * Why requests were dropped, most drops first. Their drops add up to `requests.dropped`. None for a probe of a URL:
   * causes are read from what a cluster does.
   */
  readonly findings: readonly Finding[];
  readonly nearMisses: readonly NearMiss[];
  /** What the manifests alone had shown, beside what the run says of it. None where that was not asked for. */
  readonly staticFindings: readonly MeasuredStaticFinding[];
  /** The pods' way through the update, old ones first. */
  readonly pods: readonly PodTimes[];
}

/** One row of the table: all runs of one scenario together. */
export interface ScenarioResult {
  readonly name: string;
  readonly verdict: Verdict;
  readonly requests: RequestCounts;
  readonly outages: readonly (Outage & { readonly run: number })[];
  readonly longestOutageMs: number;
  readonly reasons: readonly Reason[];
  /** Those of all runs that say something about them. */
  readonly replacements?: Replacements;
  /**
   * Runs that saw no drop and left no verdict beside others, and were made again alone: those alone count. Where a drop
   * was seen, both runs are in `runs`.
   */
  readonly madeAgain?: readonly MadeAgain[];
  /** Runs that were planned and are not here: not made, because an earlier one failed clearly, or not given. */
  readonly runsNotMade?: number;
  /** Those of all runs, put together by cause. */
  readonly findings: readonly Finding[];
  /** Those of all runs. */
  readonly nearMisses: readonly NearMiss[];
  /** Each once, with what any of the runs says of it. */
  readonly staticFindings: readonly MeasuredStaticFinding[];
  readonly scenario: Scenario | UrlProbe;
  readonly environment?: Environment | HostEnvironment;
  readonly runs: readonly RunResult[];
  /** Runs with other manifests than the user's, which count for nothing of the above. */
  readonly trials?: readonly TrialResult[];
  /** Whether this setup would have shown a drop at all; only where that was asked for and nothing was dropped. */
  readonly sensitivity?: Sensitivity;
  /** Whether a known-good app lost requests in this cluster as well; only where one was rolled. */
  readonly rolledControl?: RolledControl;
}

/** What became of a known-good app of ours that was rolled in the place of the user's. */
export interface RolledControl {
  /** `clean`: it lost nothing. `dropped`: it lost requests, too. `unknown`: it could not be measured. */
  readonly state: 'clean' | 'dropped' | 'unknown';
  readonly sent: number;
  readonly dropped: number;
  /** Why it is unknown. Untrusted text. */
  readonly why?: string;
}

/** A run that does not count, because it was made again. */
export interface MadeAgain {
  readonly run: number;
  /** Names of the scenarios beside it. */
  readonly beside: readonly string[];
  /** Why it left no verdict. */
  readonly why: string;
}

/** All runs of one change of the manifests. */
export interface TrialResult extends Trial {
  readonly results: readonly RunResult[];
}

/** What a deliberately bad twin of the workload (no preStop hook, a second to end) shows of the setup. */
export interface Sensitivity {
  /** `shown`: the twin dropped requests. `not-shown`: it dropped none. `unknown`: it could not be measured. */
  readonly state: 'shown' | 'not-shown' | 'unknown';
  readonly sent: number;
  readonly dropped: number;
  /** Why it is unknown. Untrusted text. */
  readonly why?: string;
}

export const RESULT_SCHEMA_VERSION = 1;

/** `result.json`. */
export interface GateResult {
  readonly schemaVersion: typeof RESULT_SCHEMA_VERSION;
  readonly rollproof: string;
  readonly startedAt: string;
  readonly verdict: Verdict;
  readonly scenarios: readonly ScenarioResult[];
  /** Reasons that belong to no scenario (the cluster did not boot). */
  readonly reasons: readonly Reason[];
  /** What was inferred rather than said, as the log printed it. */
  readonly assumed: readonly string[];
}
