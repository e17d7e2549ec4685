import { saveState } from '@actions/core';
import { describeFailure } from '../gate/describe-failure.ts';
import { performRun } from '../gate/perform-run.ts';
import { preparePlan } from '../gate/prepare-plan.ts';
import { readActionInputs } from '../inputs/action-inputs.ts';
import { cancellation } from '../platform/cancellation.ts';
import { readEventPayload } from '../platform/github-event.ts';
import { installation } from '../platform/installation.ts';
import { problemAnnotation } from '../publish/annotations.ts';
import { createLog, type Log } from '../publish/log.ts';
import { publishInAction } from '../publish/publish-in-action.ts';
import { readRunContext } from '../publish/pull-request.ts';
import { writeReportFiles } from '../publish/report-files.ts';
import { sendStatsd, statsdEndpoint } from '../publish/statsd.ts';
import { renderConsole } from '../report/console-table.ts';
import { renderStatsd } from '../report/statsd.ts';
import { renderSummary } from '../report/summary.ts';
import { exitCodeOf, isFailing } from '../verdict/exit-code.ts';
import { CLUSTER_STATE } from './cluster-state.ts';

type Environment = Readonly<Record<string, string | undefined>>;

/** The Action's `main`: a run, published on GitHub. Resolves with the exit code of the step. */
export async function runAction(environment: Environment): Promise<number> {
  using cancel = cancellation();
  const log = createLog({ style: 'github', output: process.stdout });
  try {
    return await gate(environment, log, cancel.signal);
  } catch (error) {
    const failure = describeFailure(cancel.signal.aborted ? cancel.signal.reason : error);
    for (const problem of failure.problems) log.annotate(problemAnnotation(problem));
    if (failure.stack !== undefined) log.text(failure.stack);
    return failure.exitCode;
  }
}

async function gate(environment: Environment, log: Log, signal: AbortSignal): Promise<number> {
  const plan = await preparePlan({
    inputs: readActionInputs(environment),
    environment,
    stdin: process.stdin,
    signal,
  });
  const statsd = plan.report.statsd && (await statsdEndpoint(plan.report.statsd));
  const { result, files, clusterName } = await performRun(plan, {
    installation: installation(),
    tempDir: environment.RUNNER_TEMP,
    workingDirectory: process.cwd(),
    progress: log,
    signal,
    onCreating(name) {
      if (!plan.cluster.keep) saveState(CLUSTER_STATE, name);
    },
  });
  await writeReportFiles(plan.report.outputDir, files);
  log.text(renderConsole(result, { colours: false }));
  const unsent = statsd && (await sendStatsd(statsd, renderStatsd(result)));
  if (unsent !== undefined) log.warning(unsent);
  const render = (maxCharacters: number) => renderSummary(result, { maxCharacters });
  await publishInAction(
    {
      result,
      settings: plan.report,
      cni: plan.cluster.cni,
      ...(clusterName === undefined ? {} : { clusterName }),
      comment: render,
      summary: render,
    },
    {
      environment,
      context: readRunContext(environment, await readEventPayload(environment.GITHUB_EVENT_PATH)),
      log,
      signal,
    },
  );
  return isFailing(result.verdict, plan.report.failOn) ? exitCodeOf(result) : 0;
}
