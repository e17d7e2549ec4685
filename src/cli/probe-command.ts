import { refuseImpossible, runProbe } from '../gate/run-probe.ts';
import { readCliOptions } from '../inputs/cli-arguments.ts';
import { loadProbe, refuseForeignHost } from '../inputs/load-probe.ts';
import { machineLimits } from '../platform/machine-limits.ts';
import { resolveHost } from '../platform/resolve-host.ts';
import { hasColours } from '../publish/log.ts';
import { writeReportFiles } from '../publish/report-files.ts';
import { sendStatsd, statsdEndpoint } from '../publish/statsd.ts';
import { renderConsole } from '../report/console-table.ts';
import { renderStatsd } from '../report/statsd.ts';
import { exitCodeOf } from '../verdict/exit-code.ts';
import type { Session } from './session.ts';

export interface ProbeOptions extends Readonly<Record<string, unknown>> {
  readonly duration?: string;
  readonly allowHost?: readonly string[];
}

/**
 * `rollproof probe <url>`: the prober alone, with the report of a run. Ctrl-C ends the schedule, waits for what is in
 * flight, reports, and leaves with the exit code of a cancelled command.
 */
export async function probeCommand(
  { installation, log, signal }: Session,
  url: string,
  options: ProbeOptions,
): Promise<number> {
  const settings = loadProbe(url, readCliOptions(options), options);
  refuseImpossible(settings, await machineLimits());
  const statsd = settings.statsd && (await statsdEndpoint(settings.statsd));
  const address = await resolveHost(settings.target.hostname);
  refuseForeignHost(settings, address);
  const { result, files } = await runProbe(settings, {
    address,
    proberProgram: installation.proberProgram,
    version: installation.version,
    progress: log,
    signal,
  });
  log.status('');
  await writeReportFiles(settings.outputDir, files);
  process.stdout.write(`\n${renderConsole(result, { colours: hasColours(process.env, process.stdout) })}\n`);
  log.line(`report: ${settings.outputDir}/report.html`);
  const unsent = statsd && (await sendStatsd(statsd, renderStatsd(result)));
  if (unsent !== undefined) log.warning(unsent);
  signal.throwIfAborted();
  return exitCodeOf(result);
}
