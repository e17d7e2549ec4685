import { declareCheck } from './check-command.ts';
import { runProgram } from './run-program.ts';

/** The command line for `rollproof check` alone: it starts without what only clusters need. */
export async function runCli(args: readonly string[]): Promise<number> {
  return await runProgram(args, declareCheck);
}
