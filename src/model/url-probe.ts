import type { Measure } from './scenario.ts';

/**
 * What `rollproof probe` asks, fully decided: one address, for some time, with no update and no cluster.
 * It stands in a recording's header where a rollout has its scenario.
 */
export interface UrlProbe
  extends Pick<
    Measure,
    | 'name'
    | 'protocol'
    | 'connection'
    | 'ratePerSecond'
    | 'pacing'
    | 'connections'
    | 'idleMs'
    | 'slow'
    | 'deadlineMs'
    | 'expect'
  > {
  readonly kind: 'probe';
  /** As the user wrote it, in its normal form. Its host is not what is connected to: the stream has the address. */
  readonly url: string;
  readonly durationMs: number;
}

/** Is this a probe of a URL, and not a rollout? */
export function isUrlProbe(of: { readonly kind?: 'rollout' | 'probe' }): of is UrlProbe {
  return of.kind === 'probe';
}
