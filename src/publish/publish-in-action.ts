import path from 'node:path';
import { messageOf, type Problem } from '../model/problem.ts';
import type { ReportSettings } from '../model/settings.ts';
import type { GateResult } from '../model/verdict.ts';
import {
  changedFiles,
  GitHubError,
  type GitHubOptions,
  openCommentStore,
  type RequestLimits,
} from '../platform/github.ts';
import {
  type Annotation,
  chooseAnnotations,
  inPullRequest,
  problemAnnotation,
  resultAnnotations,
} from './annotations.ts';
import { commentKey } from './comment-text.ts';
import { commentWish } from './decide-comment.ts';
import type { Render } from './fit-to-budget.ts';
import { writeJobSummary } from './job-summary.ts';
import type { Log } from './log.ts';
import { gateOutputs, writeOutputs } from './outputs.ts';
import type { PullRequest, RunContext } from './pull-request.ts';
import { type CommentOutcome, publishComment } from './pull-request-comment.ts';
import { type ShownLines, shownLines } from './shown-lines.ts';

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
  /** How patient to be with GitHub. */
  readonly limits?: Partial<RequestLimits>;
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
  const shown = annotations.some(({ place }) => place) ? await linesShown(settings, surroundings) : undefined;
  for (const annotation of chooseAnnotations(inPullRequest(annotations, shown))) log.annotate(annotation);
}

/** Which lines the pull request shows; undefined where there is none, or GitHub does not say. */
async function linesShown(
  { githubToken }: ReportSettings,
  surroundings: ActionSurroundings,
): Promise<ShownLines | undefined> {
  const { pullRequest } = surroundings.context;
  if (!pullRequest || githubToken === undefined) return undefined;
  try {
    return shownLines(await changedFiles(githubOptions(surroundings, githubToken, pullRequest)));
  } catch (error) {
    surroundings.signal?.throwIfAborted();
    // Without it annotations stay where they are: nothing is lost that would be worth a warning.
    if (error instanceof GitHubError) return undefined;
    throw error;
  }
}

function githubOptions(
  { environment, log, signal, limits = {} }: ActionSurroundings,
  token: string,
  pullRequest: PullRequest,
): GitHubOptions {
  return {
    token,
    apiUrl: environment.GITHUB_API_URL || 'https://api.github.com',
    pullRequest,
    onRetry: (text) => log.notice(text),
    signal,
    limits,
  };
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
  surroundings: ActionSurroundings,
): Promise<CommentOutcome> {
  const { environment, context } = surroundings;
  const wish = commentWish(settings.comment, context, settings.githubToken, result);
  if (wish.kind === 'unwanted') return wish;
  if (wish.kind === 'impossible') return { kind: 'skipped', why: wish.why };
  const { GITHUB_WORKFLOW: workflow, GITHUB_JOB: job } = environment;
  const store = openCommentStore(githubOptions(surroundings, wish.token, wish.pullRequest));
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
