import { run } from '../../platform/process.ts';

/**
 * Makes the process whose number follows a real-time one, with the lowest of these priorities; threads and processes
 * that it starts are ordinary. Whenever it has something to do it does it at once: under the highest of the ordinary
 * priorities others finish their turn first, which takes milliseconds. It is asked for from outside, because a prober in
 * a node may not ask, and when the program is loaded, because what loads in real time holds others up.
 */
export const MAKE_REAL_TIME = ['chrt', '--fifo', '--reset-on-fork', '--pid', '1'] as const;

/** Makes a process of this machine a real-time one, where that is permitted; elsewhere nothing changes. */
export async function makeRealTime(pid: number | undefined): Promise<void> {
  if (pid === undefined) return;
  const [file, ...args] = MAKE_REAL_TIME;
  // Not permitted, or no such program here.
  await run(file, [...args, String(pid)]).catch(() => {});
}
