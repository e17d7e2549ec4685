import path from 'node:path';
import { messageOf, type Problem } from '../model/problem.ts';
import type { ReportSettings } from '../model/settings.ts';
import type { GateResult } from '../model/verdict.ts';
import { openCommentStore } from '../platform/github.ts';
import { type Annotation, chooseAnnotations, problemAnnotation, resultAnnotations } from './annotations.ts';
import { commentKey } from './comment-text.ts';
import { commentWish } from './decide-comment.ts';
import type { Render } from './fit-to-budget.ts';
import { writeJobSummary } from './job-summary.ts';
import type { Log } from './log.ts';
import { gateOutputs, writeOutputs } from './outputs.ts';
import type { RunContext } from './pull-request.ts';
import { type CommentOutcome, publishComment } from './pull-request-comment.ts';

/** A finished run, and how its reports are rendered. */
export interface Publication {
  readonly result: GateResult;
  readonly settings: ReportSettings;
  readonly cni: string;
  readonly clusterName?: string;
  readonly comment: Render;
  readonly summary: Render;
  /** Warnings and problems that have a place in the user's files. */
  readonly annotations?: readonly Annotation[];
}

/** The surroundings of a workflow run. */
export interface ActionSurroundings {
  readonly environment: Readonly<Record<string, string | undefined>>;
  readonly context: RunContext;
  readonly log: Log;
  readonly signal?: AbortSignal;
}

/**
 * Puts a result where people look for it on GitHub: the job's summary, the pull request's comment, the step's outputs
 * and annotations. A place that cannot be reached becomes a warning; it changes neither the verdict nor the other
 * places. Rejects only when the run is cancelled.
 */
export async function publishInAction(
  publication: Publication,
  surroundings: ActionSurroundings,
): Promise<void> {
  const { result, settings } = publication;
  const { environment, log } = surroundings;
  const attempt = async (problem: Pick<Problem, 'code' | 'what' | 'remedy'>, work: () => unknown) => {
    try {
      await work();
    } catch (error) {
      surroundings.signal?.throwIfAborted();
      log.annotate(problemAnnotation({ ...problem, why: messageOf(error) }, 'warning'));
    }
  };

  await attempt(SUMMARY_FAILED, () => {
    const file = environment.GITHUB_STEP_SUMMARY;
    return file ? writeJobSummary(file, publication.summary) : undefined;
  });
  let commentUrl: string | undefined;
  await attempt(COMMENT_FAILED, async () => {
    const outcome = await commentOn(publication, surroundings);
    if ('url' in outcome) commentUrl = outcome.url;
    report(outcome, log);
  });
  await attempt(OUTPUTS_FAILED, () => {
    const reportDir = settings.outputDir;
    const resultJson = path.join(reportDir, 'result.json');
    writeOutputs(
      gateOutputs(result, { reportDir, resultJson, commentUrl, clusterName: publication.clusterName }),
    );
  });
  const annotations = [...resultAnnotations(result), ...(publication.annotations ?? [])];
  for (const annotation of chooseAnnotations(annotations)) log.annotate(annotation);
}

const SUMMARY_FAILED = {
  code: 'RP4002',
  what: 'The job summary could not be written',
  remedy: 'Read the report in the output folder.',
};
const COMMENT_FAILED = {
  code: 'RP4001',
  what: 'The comment on the pull request could not be written',
  remedy: 'Read the report in the job summary.',
};
const OUTPUTS_FAILED = {
  code: 'RP4003',
  what: "The step's outputs could not be set",
  remedy: 'Read result.json in the output folder instead.',
};

async function commentOn(
  { result, settings, cni, comment }: Publication,
  { environment, context, log, signal }: ActionSurroundings,
): Promise<CommentOutcome> {
  const wish = commentWish(settings.comment, context, settings.githubToken, result);
  if (wish.kind === 'unwanted') return wish;
  if (wish.kind === 'impossible') return { kind: 'skipped', why: wish.why };
  const { GITHUB_WORKFLOW: workflow, GITHUB_JOB: job, GITHUB_API_URL: apiUrl } = environment;
  const store = openCommentStore({
    token: wish.token,
    apiUrl: apiUrl || 'https://api.github.com',
    pullRequest: wish.pullRequest,
    onRetry: (text) => log.notice(text),
    signal,
  });
  const request = {
    mode: settings.comment,
    verdict: result.verdict,
    key: commentKey(settings.commentKey, { workflow, job, cni }),
    headSha: wish.pullRequest.headSha,
    run: context.run,
    render: comment,
  };
  return publishComment(request, store);
}

function report(outcome: CommentOutcome, log: Log): void {
  switch (outcome.kind) {
    case 'created':
    case 'updated':
    case 'unchanged':
      log.line(`Comment ${outcome.kind}: ${outcome.url}`);
      break;
    case 'skipped':
      log.notice(`No comment was written: ${outcome.why}. The report is in the job summary.`);
      break;
    case 'failed':
      log.annotate(problemAnnotation(outcome.problem, 'warning'));
      break;
    case 'unwanted':
      break;
  }
}
