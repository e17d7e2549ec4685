import { Command, CommanderError } from 'commander';
import { describeFailure } from '../gate/describe-failure.ts';
import type { Problem } from '../model/problem.ts';
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
    .configureOutput({ outputError: () => undefined })
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
    if (error instanceof CommanderError) {
      // Help and version are no errors, and help has been printed where no command is given.
      if (error.exitCode === 0) return 0;
      if (error.code !== 'commander.help') process.stderr.write(`${renderProblems([misuse(error, args)])}\n`);
      return 2;
    }
    const failure = describeFailure(cancel.signal.aborted ? cancel.signal.reason : error);
    if (failure.problems.length > 0) process.stderr.write(`${renderProblems(failure.problems)}\n`);
    if (failure.stack !== undefined) log.text(failure.stack);
    return failure.exitCode;
  }
}

/** What commander does not understand, as a problem like any other (RP1019). */
function misuse({ message }: CommanderError, [command = '']: readonly string[]): Problem {
  const [what = '', ...hints] = message.replace(/^error: /, '').split('\n');
  const where =
    /^[a-z]/.test(command) && !what.startsWith('unknown command') ? `rollproof ${command}` : 'rollproof';
  return {
    code: 'RP1019',
    what: `${what.replace(/^./, (first) => first.toUpperCase()).replace(/\.$/, '')}.`,
    where,
    remedy: [
      ...hints.map((hint) => hint.replace(/^\((.*)\)$/, '$1')),
      `${where} --help tells what there is.`,
    ].join(' '),
  };
}
