import type { RunningProcess } from '../platform/process.ts';

/** A running prober program, wherever it runs. `kill` surely ends it, also on the other side of what carries its stdio. */
export type ProberProcess = Pick<RunningProcess, 'stdin' | 'stdout' | 'stderr' | 'ended' | 'kill'>;
