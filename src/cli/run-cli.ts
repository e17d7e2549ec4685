import { type Command, Option } from 'commander';
import { CLI_OPTIONS, type CliOption, cliOption } from '../inputs/cli-arguments.ts';
import { DEFAULT_PROBE_CONNECTION, DEFAULT_PROBE_DURATION, PROBE_INPUTS } from '../inputs/load-probe.ts';
import { SAMPLE_SIZE_DEFAULTS } from '../inputs/sample-size-options.ts';
import { declareCheck } from './check-command.ts';
import { demoCommand } from './demo-command.ts';
import { doctorCommand } from './doctor-command.ts';
import { probeCommand } from './probe-command.ts';
import { reportCommand } from './report-command.ts';
import { runCommand } from './run-command.ts';
import { type Exit, runProgram } from './run-program.ts';
import { sampleSizeCommand } from './sample-size-command.ts';
import { schemaCommand } from './schema-command.ts';
import type { Session } from './session.ts';

const PROBE_OPTIONS = PROBE_INPUTS.map((name) =>
  cliOption(name, name === 'connection' ? DEFAULT_PROBE_CONNECTION : undefined),
);

/** The whole command line: see run-program.ts. */
export async function runCli(args: readonly string[]): Promise<number> {
  return await runProgram(args, declare);
}

function declare(program: Command, session: Session, exit: Exit): void {
  withOptions(program.command('run'), CLI_OPTIONS)
    .description('boot a cluster, deploy, update, measure, report')
    .action(async (options) => exit(await runCommand(session, options)));
  withOptions(program.command('demo'), CLI_OPTIONS)
    .description('the main job on an example: a Deployment without and with a preStop hook')
    .action(async (options) => exit(await demoCommand(session, options)));
  declareCheck(program, session, exit);
  withOptions(program.command('probe'), PROBE_OPTIONS)
    .description('the prober alone: send requests to a URL, count, judge, report')
    .argument(
      '<url>',
      'what to probe: http://127.0.0.1:8080/healthz, tcp://127.0.0.1:7 (also https, h2c, grpc, ws, udp)',
    )
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
  const { confidence, maxBad, replicas, outage } = SAMPLE_SIZE_DEFAULTS;
  program
    .command('sample-size')
    .description('how many runs, and which rate, give a wanted confidence')
    .option('--confidence <percent>', `how sure (default: ${confidence})`)
    .option(
      '--max-bad <percent>',
      `largest share of pod replacements that drop requests (default: ${maxBad})`,
    )
    .option('--replicas <n>', `pods that one run replaces (default: ${replicas})`)
    .option('--outage <duration>', `shortest outage of one pod to see (default: ${outage})`)
    .action((options) => exit(sampleSizeCommand(options)));
  program
    .command('schema')
    .description('print the JSON schema of .github/rollproof.yml, or of result.json')
    .argument('[of]', 'config or result', 'config')
    .action((of) => exit(schemaCommand(of)));
}

function withOptions(command: Command, options: readonly CliOption[]): Command {
  for (const { flags, description } of options) command.addOption(new Option(flags, description));
  return command;
}
