import { run, spawn } from '../../platform/process.ts';
import { NODE_FLAGS } from './node-flags.ts';
import { MAKE_REAL_TIME } from './real-time.ts';
import type { Vantage } from './vantage.ts';

/**
 * The machine Rollproof runs on: the prober is a child process. `program` is the path of the prober's bundle.
 * Without a source address the route to the target decides.
 */
export function runnerVantage(program: string, sourceAddress?: string): Vantage {
  return {
    sourceAddress,
    async launch() {
      const child = spawn(process.execPath, [
        ...NODE_FLAGS,
        program,
        ...(sourceAddress === undefined ? [] : [sourceAddress]),
      ]);
      return { ...child, makeRealTime: () => makeRealTime(child.pid) };
    },
    async [Symbol.asyncDispose]() {},
  };
}

async function makeRealTime(pid: number | undefined): Promise<void> {
  if (pid === undefined) return;
  const [file, ...args] = MAKE_REAL_TIME;
  // Not permitted, or no such program here.
  await run(file, [...args, String(pid)]).catch(() => {});
}
