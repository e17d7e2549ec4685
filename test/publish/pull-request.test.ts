import { describe, expect, it } from 'vitest';
import { readRunContext } from '../../src/publish/pull-request.ts';

const HEAD = 'a'.repeat(40);
const BASE = 'b'.repeat(40);
const environment = (eventName: string) => ({
  GITHUB_EVENT_NAME: eventName,
  GITHUB_REPOSITORY: 'shop/web',
  GITHUB_RUN_ID: '8812345678',
  GITHUB_RUN_ATTEMPT: '2',
  GITHUB_SHA: 'c'.repeat(40),
});
const pullRequest = (headRepository: string | null) => ({
  pull_request: {
    number: 7,
    head: { sha: HEAD, repo: headRepository === null ? null : { full_name: headRepository } },
    base: { sha: BASE, repo: { full_name: 'shop/web' } },
  },
});

describe('the context of a run', () => {
  it('on a pull request is its own head, not the merge commit that was checked out', () => {
    expect(readRunContext(environment('pull_request'), pullRequest('shop/web'))).toEqual({
      eventName: 'pull_request',
      run: { id: 8812345678, attempt: 2 },
      headSha: HEAD,
      baseSha: BASE,
      pullRequest: { owner: 'shop', repo: 'web', number: 7, headSha: HEAD, fork: false },
    });
  });

  it('knows a fork, also one that is deleted', () => {
    const isFork = (repository: string | null) =>
      readRunContext(environment('pull_request'), pullRequest(repository)).pullRequest?.fork;
    expect([isFork('mallory/web'), isFork(null), isFork('shop/web')]).toEqual([true, true, false]);
  });

  it('in the merge queue has both commits and no pull request', () => {
    const payload = {
      merge_group: { head_sha: HEAD, base_sha: BASE, head_ref: 'refs/heads/gh-readonly-queue/main/pr-7-x' },
    };
    expect(readRunContext(environment('merge_group'), payload)).toEqual({
      eventName: 'merge_group',
      run: { id: 8812345678, attempt: 2 },
      headSha: HEAD,
      baseSha: BASE,
    });
  });

  it('on a push compares with what was there before', () => {
    expect(readRunContext(environment('push'), { before: BASE })).toMatchObject({
      headSha: 'c'.repeat(40),
      baseSha: BASE,
    });
    expect(readRunContext(environment('push'), { before: '0'.repeat(40) })).not.toHaveProperty('baseSha');
  });

  it.each([undefined, null, 3, 'text', [], { pull_request: null }, { pull_request: { number: '7' } }])(
    'is a run without a pull request where the payload is %j',
    (payload) => {
      const context = readRunContext(environment('schedule'), payload);
      expect(context).not.toHaveProperty('pullRequest');
      expect(context.headSha).toBe('c'.repeat(40));
    },
  );

  it('outside of GitHub Actions is empty', () => {
    expect(readRunContext({}, undefined)).toEqual({ eventName: '', run: { id: 0, attempt: 1 } });
  });
});
