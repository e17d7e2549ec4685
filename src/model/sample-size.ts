/** What is wanted of a series of runs. */
export interface Wanted {
  /** Share of one, such as 0.95. */
  readonly confidence: number;
  /** Largest share of pod replacements that may drop requests. */
  readonly maxShare: number;
  /** Pods that one run replaces. */
  readonly replicas: number;
  /** The shortest outage of one pod that has to be seen. */
  readonly outageMs: number;
}

/** What it takes, where nothing is dropped. */
export interface Proposal {
  readonly replacements: number;
  readonly repeat: number;
  /** While a pod is replaced there is one endpoint more than there are replicas. */
  readonly endpoints: number;
  /** Requests that have to be sent within the outage. */
  readonly requests: number;
  readonly ratePerSecond: number;
}
