import type { Problem } from '../model/problem.ts';
import type { ReportSettings } from '../model/settings.ts';
import type { Verdict } from '../model/verdict.ts';
import { type CommentStore, GitHubError, type StoredComment } from '../platform/github.ts';
import { composeComment, hasMarker, readCommentHead } from './comment-text.ts';
import { type CommentDecision, decideComment } from './decide-comment.ts';
import { fitToBudget, type Render } from './fit-to-budget.ts';
import type { RunNumber } from './pull-request.ts';

/** GitHub refuses 65,536 characters and does not say how it counts them; this leaves room for both. */
const COMMENT_LIMIT_CHARACTERS = 60_000;

/** After a refusal as too long the text is made half as long, this often. */
const SHORTENINGS = 3;

export interface CommentRequest {
  readonly mode: ReportSettings['comment'];
  readonly verdict: Verdict;
  readonly key: string;
  readonly headSha: string;
  readonly run: RunNumber;
  /** The report without the lines that mark the comment. */
  readonly render: Render;
}

export type CommentOutcome =
  | { readonly kind: 'created' | 'updated' | 'unchanged'; readonly url: string }
  | { readonly kind: 'unwanted' }
  /** As things are, it can or should not be written; `why` is for people. */
  | { readonly kind: 'skipped'; readonly why: string }
  | { readonly kind: 'failed'; readonly problem: Problem };

/**
 * Brings the gate's one comment up to date: finds it among all pages by marker and own author, decides, and writes at
 * most once. Never rejects for a reason of GitHub's: no verdict depends on a comment.
 */
export async function publishComment(request: CommentRequest, store: CommentStore): Promise<CommentOutcome> {
  try {
    try {
      return await bringUpToDate(request, store);
    } catch (error) {
      // A new comment may exist although the answer was lost. Looking again before writing again keeps it the only one.
      if (error instanceof GitHubError && error.mayHaveHappened) return await bringUpToDate(request, store);
      throw error;
    }
  } catch (error) {
    if (error instanceof GitHubError) return outcomeOf(error);
    throw error;
  }
}

async function bringUpToDate(request: CommentRequest, store: CommentStore): Promise<CommentOutcome> {
  const existing = await findOwnComment(request.key, store);
  const currentHeadSha = await currentHead(store);
  let limit = COMMENT_LIMIT_CHARACTERS;
  for (let shortenings = 0; ; shortenings += 1) {
    const markdown = fitToBudget(request.render, limit, (text) => text.length) ?? TOO_LONG;
    const decision = decideComment({
      mode: request.mode,
      verdict: request.verdict,
      markdown,
      own: request,
      currentHeadSha,
      existing: existing && { head: readCommentHead(existing.body) },
    });
    try {
      return await carryOut(decision, {
        body: composeComment(request.key, request, markdown),
        existing,
        store,
      });
    } catch (error) {
      if (!isTooLong(error) || shortenings === SHORTENINGS) throw error;
      limit = Math.floor(limit / 2);
    }
  }
}

const TOO_LONG = 'The report is too long for a comment. It is in the job summary.\n';

async function findOwnComment(key: string, store: CommentStore): Promise<StoredComment | undefined> {
  const login = await store.ownLogin();
  for await (const comment of store.comments()) {
    if (comment.author !== undefined && isSameAccount(comment.author, login) && hasMarker(comment.body, key))
      return comment;
  }
  return undefined;
}

/** The two APIs disagree on whether a bot's login ends with `[bot]`; no person's can. */
function isSameAccount(author: string, login: string): boolean {
  return author === login || author === `${login}[bot]`;
}

/** Without the right to read the pull request itself, the order of runs still protects newer results. */
async function currentHead(store: CommentStore): Promise<string | undefined> {
  try {
    return await store.headSha();
  } catch (error) {
    if (error instanceof GitHubError && isRefusal(error)) return undefined;
    throw error;
  }
}

interface Means {
  readonly body: string;
  readonly existing: StoredComment | undefined;
  readonly store: CommentStore;
}

async function carryOut(
  decision: CommentDecision,
  { body, existing, store }: Means,
): Promise<CommentOutcome> {
  switch (decision.kind) {
    case 'unwanted':
      return { kind: 'unwanted' };
    case 'superseded':
      return { kind: 'skipped', why: decision.why };
    case 'unchanged':
      return { kind: 'unchanged', url: existing?.url ?? '' };
    case 'create':
      return { kind: 'created', url: (await store.create(body)).url };
    case 'update':
      return existing
        ? { kind: 'updated', url: (await store.update(existing.id, body)).url }
        : { kind: 'unwanted' };
  }
}

function outcomeOf(error: GitHubError): CommentOutcome {
  if (isRefusal(error)) {
    const remedy = 'give the job `permissions: pull-requests: write`';
    return {
      kind: 'skipped',
      why: `the token may not write it (${error.status}: ${error.message}); ${remedy}`,
    };
  }
  return {
    kind: 'failed',
    problem: {
      code: 'RP4001',
      what: 'The comment on the pull request could not be written',
      why: `GitHub answered ${error.status ?? 'nothing'}: ${error.message}`,
      remedy: 'Read the report in the job summary; run the job again to write the comment.',
    },
  };
}

/** GitHub hides what a token may not see behind 404. */
function isRefusal(error: GitHubError): boolean {
  return (error.status === 403 && !error.rateLimited) || error.status === 404;
}

function isTooLong(error: unknown): boolean {
  return error instanceof GitHubError && error.status === 422 && /too long/i.test(error.message);
}
