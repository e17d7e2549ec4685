import type { ProberProcess } from '../prober-process.ts';

/** A place where a prober can stand. Disposing it takes away what was put into the cluster for it. */
export interface Vantage extends AsyncDisposable {
  /** The address requests come from; undefined where the route to the target decides. */
  readonly sourceAddress: string | undefined;
  /** Starts a prober there. */
  launch(): Promise<ProberProcess>;
}
