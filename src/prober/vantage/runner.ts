import { spawn } from '../../platform/process.ts';
import { NODE_FLAGS } from './node-flags.ts';
import { makeRealTime } from './real-time.ts';
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
