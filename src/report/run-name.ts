/** What tells runs of one scenario apart. */
export interface NamedRun {
  readonly run: number;
  /** Whether others were on the cluster; absent: none were. */
  readonly beside?: unknown;
}

/** `run 2`; where the same run was made beside others and again alone, `run 2 beside others`. */
export function runName({ run, beside }: NamedRun, all: readonly NamedRun[]): string {
  const isTwice = all.filter((other) => other.run === run).length > 1;
  return `run ${run}${isTwice && beside ? ' beside others' : ''}`;
}
