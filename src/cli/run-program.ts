import { Command, CommanderError } from 'commander';
import { describeFailure } from '../gate/describe-failure.ts';
import { cancellation } from '../platform/cancellation.ts';
import { installation } from '../platform/installation.ts';
import { createLog, logStyle } from '../publish/log.ts';
import { renderProblems } from '../report/problem-text.ts';
import type { Session } from './session.ts';

/** Takes the exit code of a command. */
export type Exit = (code: number) => void;

/**
 * Runs a command line with the commands that are declared, from its arguments (without program and script) to the exit
 * code. Reports go to stdout, progress and problems to stderr. Resolves when everything that was created is gone.
 */
export async function runProgram(
  args: readonly string[],
  declare: (program: Command, session: Session, exit: Exit) => void,
): Promise<number> {
  using cancel = cancellation();
  const log = createLog({ style: logStyle(process.env, process.stderr), output: process.stderr });
  const session: Session = { log, installation: installation(), signal: cancel.signal };
  let exitCode = 0;
  const program = new Command('rollproof')
    .description('Proves that a rolling update drops no requests, or shows which ones were lost.')
    .version(session.installation.version)
    .exitOverride()
    .showHelpAfterError('(rollproof --help tells all commands and options)')
    .addHelpText(
      'after',
      '\nExit codes: 0 pass, 1 dropped (check: findings), 2 bad input, 3 inconclusive, 4 rollout failed, 5 environment, 70 bug, 130/143 cancelled',
    );
  declare(program, session, (code) => {
    exitCode = code;
  });
  try {
    await program.parseAsync([...args], { from: 'user' });
    return exitCode;
  } catch (error) {
    // Commander has printed its own message; help and version are no errors.
    if (error instanceof CommanderError) return error.exitCode === 0 ? 0 : 2;
    const failure = describeFailure(cancel.signal.aborted ? cancel.signal.reason : error);
    if (failure.problems.length > 0) process.stderr.write(`${renderProblems(failure.problems)}\n`);
    if (failure.stack !== undefined) log.text(failure.stack);
    return failure.exitCode;
  }
}
