import { performRun } from '../gate/perform-run.ts';
import { preparePlan } from '../gate/prepare-plan.ts';
import { readCliOptions } from '../inputs/cli-arguments.ts';
import type { RawInputs } from '../inputs/raw-inputs.ts';
import { hasColours } from '../publish/log.ts';
import { writeReportFiles } from '../publish/report-files.ts';
import { sendStatsd, statsdEndpoint } from '../publish/statsd.ts';
import { renderConsole } from '../report/console-table.ts';
import { renderStatsd } from '../report/statsd.ts';
import { exitCodeOf, isFailing } from '../verdict/exit-code.ts';
import type { Session } from './session.ts';

/** `rollproof run`: the options as commander parsed them, to the exit code. */
export async function runCommand(
  session: Session,
  options: Readonly<Record<string, unknown>>,
): Promise<number> {
  return await runWith(session, readCliOptions(options));
}

/**
 * A whole run from raw inputs: table on stdout, report files in the output folder, exit code. `fallback`: the inputs
 * name a cluster that the user did not ask for.
 */
export async function runWith(
  { log, installation, signal }: Session,
  inputs: RawInputs,
  { fallback = false }: { readonly fallback?: boolean } = {},
): Promise<number> {
  const asked = await preparePlan({ inputs, environment: process.env, stdin: process.stdin, signal });
  const plan = fallback ? { ...asked, cluster: { ...asked.cluster, fallback } } : asked;
  const statsd = plan.report.statsd && (await statsdEndpoint(plan.report.statsd));
  const { result, files } = await performRun(plan, {
    installation,
    tempDir: process.env.RUNNER_TEMP,
    workingDirectory: process.cwd(),
    progress: log,
    signal,
  });
  log.status('');
  const { outputDir, failOn } = plan.report;
  await writeReportFiles(outputDir, files);
  process.stdout.write(`\n${renderConsole(result, { colours: hasColours(process.env, process.stdout) })}\n`);
  log.line(`report: ${outputDir}/report.html`);
  const unsent = statsd && (await sendStatsd(statsd, renderStatsd(result)));
  if (unsent !== undefined) log.warning(unsent);
  return isFailing(result.verdict, failOn) ? exitCodeOf(result) : 0;
}
