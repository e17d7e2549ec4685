import type { ReportSettings } from '../model/settings.ts';
import type { GateResult, Verdict } from '../model/verdict.ts';
import { type CommentHead, digestOf } from './comment-text.ts';
import type { PullRequest, RunContext, RunNumber } from './pull-request.ts';

/** Before anything is asked of GitHub: whether there is a comment to think about, or why not. */
export type CommentWish =
  | { readonly kind: 'wanted'; readonly pullRequest: PullRequest; readonly token: string }
  | { readonly kind: 'unwanted' }
  /** Wanted, and not possible: people should be told. */
  | { readonly kind: 'impossible'; readonly why: string };

export function commentWish(
  mode: ReportSettings['comment'],
  context: RunContext,
  token: string | undefined,
  result: Pick<GateResult, 'verdict' | 'scenarios'>,
): CommentWish {
  if (mode === 'never') return { kind: 'unwanted' };
  if (isUnaskedGreen(result))
    return impossible('it is green, and on a sandbox that nobody asked for by name');
  if (context.pullRequest === undefined)
    return impossible(`a run on ${context.eventName || 'no event'} has no pull request`);
  if (context.pullRequest.fork) return impossible('the token of a pull request from a fork can not write');
  if (!token) return impossible('there is no github-token');
  return { kind: 'wanted', pullRequest: context.pullRequest, token };
}

/** A pass on a stand-in that the user does not know of would be taken for a pass on a real cluster. */
function isUnaskedGreen({ verdict, scenarios }: Pick<GateResult, 'verdict' | 'scenarios'>): boolean {
  return (
    verdict === 'pass' &&
    scenarios.some(({ environment }) => environment?.cluster === 'sandbox' && environment.fallback === true)
  );
}

/** Everything the decision rests on, as it was just read. */
export interface CommentFacts {
  readonly mode: ReportSettings['comment'];
  readonly verdict: Verdict;
  readonly markdown: string;
  readonly own: { readonly headSha: string; readonly run: RunNumber };
  /** The pull request's head now; absent where the token may not read it. */
  readonly currentHeadSha?: string | undefined;
  /** Our comment, where there is one; without a head where somebody damaged its second line. */
  readonly existing?: { readonly head?: CommentHead | undefined } | undefined;
}

export type CommentDecision =
  | { readonly kind: 'create' }
  | { readonly kind: 'update' }
  /** It says this already. */
  | { readonly kind: 'unchanged' }
  /** `on-failure`, all is well, and no earlier failure is on display. */
  | { readonly kind: 'unwanted' }
  /** Somebody else knows something newer. */
  | { readonly kind: 'superseded'; readonly why: string };

/**
 * A result is shown only while it is the newest one:
 *  - the pull request has moved on to another commit: that commit's own run will report (or has);
 *  - the comment is about the same commit and was written by a later run or attempt.
 * A comment about a commit that is no longer the head gives way to whoever tested the head, even if its run is later
 * (a branch that was forced back).
 */
export function decideComment(facts: CommentFacts): CommentDecision {
  const { own, currentHeadSha, existing } = facts;
  if (currentHeadSha !== undefined && currentHeadSha !== own.headSha) {
    return {
      kind: 'superseded',
      why: `the pull request has moved on to commit ${currentHeadSha.slice(0, 7)}`,
    };
  }
  const shown = existing?.head;
  const shownIsStale = currentHeadSha !== undefined && shown?.headSha !== currentHeadSha;
  if (shown && !shownIsStale && isLater(shown.run, own.run)) {
    return {
      kind: 'superseded',
      why: `run ${shown.run.id}, attempt ${shown.run.attempt}, has reported since`,
    };
  }
  if (!existing)
    return facts.mode === 'on-failure' && facts.verdict === 'pass'
      ? { kind: 'unwanted' }
      : { kind: 'create' };
  return shown?.digest === digestOf(facts.markdown) ? { kind: 'unchanged' } : { kind: 'update' };
}

function isLater(a: RunNumber, b: RunNumber): boolean {
  return a.id === b.id ? a.attempt > b.attempt : a.id > b.id;
}

function impossible(why: string): CommentWish {
  return { kind: 'impossible', why };
}
