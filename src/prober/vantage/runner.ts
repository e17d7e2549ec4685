import { spawn } from '../../platform/process.ts';
import type { Vantage } from './vantage.ts';

/** The machine Rollproof runs on: the prober is a child process. `program` is the path of the prober's bundle. */
export function runnerVantage(program: string): Vantage {
  return {
    sourceAddress: undefined,
    launch: async () => spawn(process.execPath, [program]),
    async [Symbol.asyncDispose]() {},
  };
}
