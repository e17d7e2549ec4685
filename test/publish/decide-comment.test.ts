import { describe, expect, it } from 'vitest';
import type { Environment, Header } from '../../src/model/recording.ts';
import { digestOf } from '../../src/publish/comment-text.ts';
import { type CommentFacts, commentWish, decideComment } from '../../src/publish/decide-comment.ts';
import type { PullRequest, RunContext } from '../../src/publish/pull-request.ts';
import { aRecording } from '../support/a-recording.ts';
import { aGateResult, aScenarioResult } from '../support/results.ts';

const HEAD = 'a'.repeat(40);
const OTHER = 'b'.repeat(40);

function facts(overrides: Partial<CommentFacts> = {}): CommentFacts {
  return {
    mode: 'always',
    verdict: 'dropped',
    markdown: 'red',
    own: { headSha: HEAD, run: { id: 100, attempt: 2 } },
    currentHeadSha: HEAD,
    ...overrides,
  };
}

const shown = (headSha: string, id: number, attempt: number, markdown = 'before') => ({
  head: { headSha, run: { id, attempt }, digest: digestOf(markdown) },
});

describe('the decision about a comment', () => {
  it.each<[string, Partial<CommentFacts>, string]>([
    ['no comment yet', {}, 'create'],
    ['a comment of an earlier run', { existing: shown(OTHER, 99, 1) }, 'update'],
    ['a comment of an earlier attempt', { existing: shown(HEAD, 100, 1) }, 'update'],
    ['a comment that says the same', { existing: shown(HEAD, 100, 1, 'red') }, 'unchanged'],
    ['a comment of a later run for the same commit', { existing: shown(HEAD, 101, 1) }, 'superseded'],
    ['a comment of a later attempt', { existing: shown(HEAD, 100, 3) }, 'superseded'],
    ['a later run for a commit that is no longer the head', { existing: shown(OTHER, 101, 1) }, 'update'],
    ['a head that has moved on', { currentHeadSha: OTHER }, 'superseded'],
    [
      'a head that has moved on, and a comment of ours',
      { currentHeadSha: OTHER, existing: shown(HEAD, 99, 1) },
      'superseded',
    ],
    [
      'an unknown head and a later run',
      { currentHeadSha: undefined, existing: shown(OTHER, 101, 1) },
      'superseded',
    ],
    [
      'an unknown head and an earlier run',
      { currentHeadSha: undefined, existing: shown(OTHER, 99, 1) },
      'update',
    ],
    ['a comment with a damaged head', { existing: { head: undefined } }, 'update'],
  ])('with %s', (_, overrides, kind) => {
    expect(decideComment(facts(overrides)).kind).toBe(kind);
  });

  it('on failure only: nothing for a pass, unless an earlier failure is on display', () => {
    const passed = { mode: 'on-failure', verdict: 'pass' } as const;
    expect(decideComment(facts(passed)).kind).toBe('unwanted');
    expect(decideComment(facts({ ...passed, existing: shown(HEAD, 99, 1) })).kind).toBe('update');
    expect(decideComment(facts({ mode: 'on-failure', verdict: 'inconclusive' })).kind).toBe('create');
  });
});

describe('a comment', () => {
  const pullRequest: PullRequest = { owner: 'shop', repo: 'web', number: 7, headSha: HEAD, fork: false };
  const context: RunContext = { eventName: 'pull_request', run: { id: 1, attempt: 1 }, pullRequest };

  const passed = aGateResult({});

  it('is wanted on a pull request', () => {
    expect(commentWish('always', context, 'token', passed)).toEqual({
      kind: 'wanted',
      pullRequest,
      token: 'token',
    });
  });

  it('is not even thought about where it was switched off', () => {
    expect(commentWish('never', context, 'token', passed)).toEqual({ kind: 'unwanted' });
  });

  it.each<[string, RunContext, string | undefined, RegExp]>([
    ['a push', { eventName: 'push', run: context.run }, 'token', /push has no pull request/],
    [
      'the merge queue',
      { eventName: 'merge_group', run: context.run },
      'token',
      /merge_group has no pull request/,
    ],
    ['a fork', { ...context, pullRequest: { ...pullRequest, fork: true } }, 'token', /fork can not write/],
    ['a missing token', context, undefined, /no github-token/],
    ['an empty token', context, '', /no github-token/],
  ])('is impossible with %s, and that is said', (_, given, token, why) => {
    expect(commentWish('always', given, token, passed)).toEqual({
      kind: 'impossible',
      why: expect.stringMatching(why),
    });
  });

  it.each([
    [
      'green and on a sandbox that only stood in',
      'pass',
      { cluster: 'sandbox', fallback: true },
      'impossible',
    ],
    ['green and on a sandbox that was asked for', 'pass', { cluster: 'sandbox' }, 'wanted'],
    ['red and on a sandbox that only stood in', 'dropped', { cluster: 'sandbox', fallback: true }, 'wanted'],
    ['green and on kind', 'pass', { cluster: 'kind' }, 'wanted'],
  ] as const)('that is %s', (_, verdict, environment, kind) => {
    const scenarios = [aScenarioResult({ verdict, environment: environmentOf(environment) })];
    expect(commentWish('always', context, 'token', aGateResult({ verdict, scenarios })).kind).toBe(kind);
  });
});

function environmentOf(environment: Partial<Environment>): Header['environment'] {
  const [header] = aRecording({ environment });
  if (header?.kind !== 'header') throw new Error('a recording begins with its header');
  return header.environment;
}
