import { describe, expect, it } from 'vitest';
import { unsafeEventProblem } from '../../src/inputs/unsafe-event.ts';

const repository = { full_name: 'shop/web' };
const own = { repo: repository };
const fork = { repo: { full_name: 'stranger/web' } };

describe('events', () => {
  it.each([
    ['pull_request_target', 'of our own branch', {}],
    ['pull_request_target', 'of a fork', { repository, pull_request: { head: fork } }],
    ['workflow_run', 'caused by a fork', { repository, workflow_run: { head_repository: fork.repo } }],
    ['workflow_run', 'without a payload', undefined],
    ['issue_comment', 'on a pull request', { repository, issue: { pull_request: { url: 'x' } } }],
    ['pull_request', 'of a fork on a self-hosted runner', { repository, pull_request: { head: fork } }],
    [
      'pull_request',
      'of a deleted fork on a self-hosted runner',
      { repository, pull_request: { head: { repo: null } } },
    ],
  ])('%s %s is refused', (name, _, payload) => {
    const problem = unsafeEventProblem({ name, payload, runnerEnvironment: 'self-hosted' });
    expect(problem).toMatchObject({
      code: 'RP1016',
      remedy: expect.stringContaining('allow-unsafe-event: true'),
    });
  });

  it.each([
    ['push', {}],
    ['merge_group', {}],
    ['schedule', undefined],
    ['workflow_run', { repository, workflow_run: { head_repository: repository } }],
    ['issue_comment', { repository, issue: { number: 1 } }],
    ['pull_request', { repository, pull_request: { head: own } }],
  ])('%s %j is welcome, on any runner', (name, payload) => {
    expect(unsafeEventProblem({ name, payload, runnerEnvironment: 'self-hosted' })).toBeUndefined();
  });

  it("a fork's pull request is welcome on a runner that is thrown away", () => {
    const payload = { repository, pull_request: { head: fork } };
    expect(
      unsafeEventProblem({ name: 'pull_request', payload, runnerEnvironment: 'github-hosted' }),
    ).toBeUndefined();
  });
});
