import type { RunningProcess } from '../platform/process.ts';

/** A running prober program, wherever it runs. `kill` surely ends it, also on the other side of what carries its stdio. */
export interface ProberProcess
  extends Pick<RunningProcess, 'stdin' | 'stdout' | 'stderr' | 'ended' | 'kill'> {
  /**
   * Asks for it to be a real-time process from now on; nothing changes where that is not permitted. Absent where nobody
   * can ask.
   */
  makeRealTime?(): Promise<void>;
}
