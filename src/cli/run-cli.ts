import { Command, CommanderError, Option } from 'commander';
import { describeFailure } from '../gate/describe-failure.ts';
import { CLI_OPTIONS, type CliOption, cliOption } from '../inputs/cli-arguments.ts';
import { DEFAULT_PROBE_DURATION, PROBE_INPUTS } from '../inputs/load-probe.ts';
import { cancellation } from '../platform/cancellation.ts';
import { installation } from '../platform/installation.ts';
import { createLog, logStyle } from '../publish/log.ts';
import { renderProblems } from '../report/problem-text.ts';
import { demoCommand } from './demo-command.ts';
import { doctorCommand } from './doctor-command.ts';
import { probeCommand } from './probe-command.ts';
import { reportCommand } from './report-command.ts';
import { runCommand } from './run-command.ts';
import { schemaCommand } from './schema-command.ts';
import type { Session } from './session.ts';

/**
 * The command line, from its arguments (without program and script) to the exit code. Reports go to stdout, progress
 * and problems to stderr. Resolves when everything that was created is gone.
 */
export async function runCli(args: readonly string[]): Promise<number> {
  using cancel = cancellation();
  const log = createLog({ style: logStyle(process.env, process.stderr), output: process.stderr });
  const session: Session = { log, installation: installation(), signal: cancel.signal };
  let exitCode = 0;
  const program = declare(session, (code) => {
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

type Exit = (code: number) => void;

function declare(session: Session, exit: Exit): Command {
  const program = new Command('rollproof')
    .description('Proves that a rolling update drops no requests, or shows which ones were lost.')
    .version(session.installation.version)
    .exitOverride()
    .showHelpAfterError('(rollproof --help tells all commands and options)')
    .addHelpText(
      'after',
      '\nExit codes: 0 pass, 1 dropped, 2 bad input, 3 inconclusive, 4 rollout failed, 5 environment, 70 bug, 130/143 cancelled',
    );
  withOptions(program.command('run'), CLI_OPTIONS)
    .description('boot a cluster, deploy, update, measure, report')
    .action(async (options) => exit(await runCommand(session, options)));
  withOptions(program.command('demo'), CLI_OPTIONS)
    .description('the main job on an example: a Deployment without and with a preStop hook')
    .action(async (options) => exit(await demoCommand(session, options)));
  withOptions(program.command('probe'), PROBE_INPUTS.map(cliOption))
    .description('the prober alone: send requests to a URL, count, judge, report')
    .argument('<url>', 'what to probe: http://127.0.0.1:8080/healthz')
    .option('--duration <duration>', `how long to probe (default: ${DEFAULT_PROBE_DURATION})`)
    .option('--allow-host <host...>', 'hosts to probe beside this machine and private networks')
    .action(async (url, options) => exit(await probeCommand(session, url, options)));
  program
    .command('report')
    .description('judge and render finished recordings again')
    .argument('<path...>', 'recordings, or the output folder of a run')
    .option('-o, --output <folder>', 'write the report files there as well')
    .action(async (paths, options) => exit(await reportCommand(session, paths, options)));
  program
    .command('doctor')
    .description('is this machine fit for kind clusters?')
    .action(async () => exit(await doctorCommand(session)));
  program
    .command('schema')
    .description('print the JSON schema of .github/rollproof.yml, or of result.json')
    .argument('[of]', 'config or result', 'config')
    .action((of) => exit(schemaCommand(of)));
  return program;
}

function withOptions(command: Command, options: readonly CliOption[]): Command {
  for (const { flags, description } of options) command.addOption(new Option(flags, description));
  return command;
}
