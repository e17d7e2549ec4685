import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { expect, it } from 'vitest';
import { NUMBER, OWNER, REPO, startFakeGitHub } from '../support/fake-github.ts';
import { actionRunner } from '../support/run-action.ts';

const HEAD = 'a'.repeat(40);

it('fails the job on dropped requests, posts the table to the pull request, and leaves no cluster', async () => {
  await using github = await startFakeGitHub({ headSha: HEAD });
  const repository = { full_name: `${OWNER}/${REPO}` };
  const runner = actionRunner({
    inputs: { manifests: 'k8s.yaml', connection: 'new', 'github-token': github.token },
    files: { 'k8s.yaml': readFileSync('test/e2e/apps/known-bad.yaml', 'utf8') },
    payload: {
      repository,
      pull_request: {
        number: NUMBER,
        head: { sha: HEAD, repo: repository },
        base: { sha: 'b'.repeat(40), repo: repository },
      },
    },
    environment: {
      GITHUB_EVENT_NAME: 'pull_request',
      GITHUB_REPOSITORY: `${OWNER}/${REPO}`,
      GITHUB_API_URL: github.url,
      GITHUB_SERVER_URL: 'https://github.com',
      GITHUB_SHA: 'c'.repeat(40),
      GITHUB_RUN_ID: '1',
      GITHUB_RUN_ATTEMPT: '1',
      GITHUB_WORKFLOW: 'rollout',
      GITHUB_JOB: 'gate',
    },
  });

  const main = await runner.run('main');
  expect(main.exitCode, main.log).toBe(1);
  expect(runner.outputs()).toMatchObject({ verdict: 'dropped', 'report-dir': 'rollproof-report' });
  expect(Number(runner.outputs().dropped)).toBeGreaterThan(0);
  expect(runner.file('GITHUB_STEP_SUMMARY')).toContain('❌ dropped');
  expect(github.comments).toHaveLength(1);
  expect(github.comments[0]?.body).toContain('❌ dropped');
  expect(runner.outputs()['comment-url']).toContain(`/pull/${NUMBER}`);
  expect(github.violations).toEqual([]);
  expect(runner.file('GITHUB_STATE')).toMatch(/rollproof-[0-9a-f]{8}/);
  expect(main.log).not.toContain(github.token);

  const post = await runner.run('post');
  expect(post.exitCode, post.log).toBe(0);
  expect(execFileSync('kind', ['get', 'clusters'], { encoding: 'utf8' })).not.toContain('rollproof-');
});
