import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import type { ReportSettings } from '../../src/model/settings.ts';
import { createLog } from '../../src/publish/log.ts';
import { gateOutputs } from '../../src/publish/outputs.ts';
import { type Publication, publishInAction } from '../../src/publish/publish-in-action.ts';
import { readRunContext } from '../../src/publish/pull-request.ts';
import {
  type FakeGitHub,
  type FakeGitHubOptions,
  NUMBER,
  OWNER,
  REPO,
  startFakeGitHub,
} from '../support/fake-github.ts';
import { aGateResult, aScenarioResult, counts } from '../support/results.ts';
import { recognisedCommands } from '../support/runner-log-commands.ts';

const HEAD = 'a'.repeat(40);
const SAME_REPOSITORY = `${OWNER}/${REPO}`;

let folder: string;
let github: FakeGitHub;
let printed = '';

beforeEach(async () => {
  folder = await mkdtemp(path.join(tmpdir(), 'rollproof-publish-'));
  printed = '';
  for (const name of ['summary', 'output']) await writeFile(path.join(folder, name), '');
  vi.stubEnv('GITHUB_OUTPUT', path.join(folder, 'output'));
});
afterEach(async () => {
  vi.unstubAllEnvs();
  expect(github.violations).toEqual([]);
  await github[Symbol.asyncDispose]();
  await rm(folder, { recursive: true });
});

interface Circumstances {
  readonly github?: FakeGitHubOptions;
  readonly event?: string;
  readonly headRepository?: string;
  readonly settings?: Partial<ReportSettings>;
  readonly publication?: Partial<Publication>;
  readonly environment?: Readonly<Record<string, string | undefined>>;
}

/** Publishes a red result the way the Action does. */
async function publish(given: Circumstances = {}): Promise<void> {
  github = await startFakeGitHub({ headSha: HEAD, ...given.github });
  const environment = {
    GITHUB_ACTIONS: 'true',
    GITHUB_API_URL: github.url,
    GITHUB_EVENT_NAME: given.event ?? 'pull_request',
    GITHUB_JOB: 'gate',
    GITHUB_REPOSITORY: SAME_REPOSITORY,
    GITHUB_RUN_ATTEMPT: '1',
    GITHUB_RUN_ID: '100',
    GITHUB_STEP_SUMMARY: path.join(folder, 'summary'),
    GITHUB_WORKFLOW: 'rollout',
    ...given.environment,
  };
  const payload =
    (given.event ?? 'pull_request') === 'pull_request'
      ? {
          pull_request: {
            number: NUMBER,
            head: { sha: HEAD, repo: { full_name: given.headRepository ?? SAME_REPOSITORY } },
            base: { sha: 'b'.repeat(40), repo: { full_name: SAME_REPOSITORY } },
          },
        }
      : {};
  const result = aGateResult({
    verdict: 'dropped',
    scenarios: [
      aScenarioResult({
        verdict: 'dropped',
        requests: counts({ ok: 897, dropped: 3 }),
        longestOutageMs: 104.6,
      }),
      aScenarioResult({ name: 'keep-alive' }),
    ],
  });
  const settings: ReportSettings = {
    outputDir: 'rollproof-report',
    comment: 'always',
    check: true,
    failOn: ['dropped'],
    githubToken: github.token,
    ...given.settings,
  };
  const render = () => '### 3 of 900 requests dropped\n';
  await publishInAction(
    {
      result,
      settings,
      cni: 'kindnet',
      clusterName: 'rollproof-1',
      comment: render,
      summary: render,
      ...given.publication,
    },
    {
      environment,
      context: readRunContext(environment, payload),
      log: createLog({ style: 'github', output: { write: (text) => (printed += text) } }),
      limits: { firstWaitMs: 1 },
    },
  );
}

const fileText = (name: string) => readFile(path.join(folder, name), 'utf8');

/** What a later step sees, read the way the runner reads it. */
async function outputs(): Promise<Record<string, string>> {
  const entries = (await fileText('output')).matchAll(/^(.+?)<<(\S+)\n(.*?)\n\2$/gms);
  return Object.fromEntries([...entries].map(([, name = '', , value = '']) => [name, value]));
}

const annotations = () => recognisedCommands(printed).map(({ name, data }) => `${name}: ${data}`);

describe('publishing in the Action', () => {
  it('reaches the summary, the pull request, the outputs and the annotations', async () => {
    await publish();
    expect(await fileText('summary')).toBe('### 3 of 900 requests dropped\n');
    expect(github.comments[0]?.body).toContain('key=rollout/gate/kindnet');
    expect(await outputs()).toEqual({
      verdict: 'dropped',
      dropped: '3',
      requests: '1900',
      'longest-outage-ms': '105',
      'report-dir': 'rollproof-report',
      'result-json': 'rollproof-report/result.json',
      'comment-url': expect.stringContaining('#issuecomment-'),
      'cluster-name': 'rollproof-1',
    });
    expect(recognisedCommands(printed)).toMatchObject([
      { name: 'error', properties: { title: 'web: 3 of 900 requests dropped' } },
    ]);
  });

  it.each(['push', 'schedule', 'workflow_dispatch', 'merge_group'])(
    'on %s asks GitHub for nothing, says so, and still has the table',
    async (event) => {
      await publish({ event });
      expect(github.requests).toEqual([]);
      expect(annotations()[0]).toBe(
        `notice: No comment was written: a run on ${event} has no pull request. The report is in the job summary.`,
      );
      expect(await fileText('summary')).toContain('3 of 900');
      expect((await outputs())['comment-url']).toBe('');
    },
  );

  it('from a fork asks GitHub for nothing and says so', async () => {
    await publish({ headRepository: 'mallory/web' });
    expect(github.requests).toEqual([]);
    expect(annotations()[0]).toContain(
      'notice: No comment was written: the token of a pull request from a fork',
    );
  });

  it('with a read-only token says which permission is missing, as a notice', async () => {
    await publish({ github: { pullRequests: 'read' } });
    expect(annotations()[0]).toMatch(/^notice: .*pull-requests: write/);
    expect((await outputs()).verdict).toBe('dropped');
  });

  it('without a wish for a comment is silent about it', async () => {
    await publish({ settings: { comment: 'never' } });
    expect(github.requests).toEqual([]);
    expect(annotations()).toHaveLength(1);
  });

  it('goes on where a place can not be reached', async () => {
    await publish({
      environment: { GITHUB_STEP_SUMMARY: folder, GITHUB_API_URL: 'http://127.0.0.1:1' },
      publication: {
        annotations: [{ level: 'notice', title: 'Assumed', message: 'port 80' }],
      },
    });
    expect((await outputs()).verdict).toBe('dropped');
    expect(annotations().map((text) => text.split(':')[0])).toEqual([
      'warning',
      'notice',
      'notice',
      'warning',
      'error',
      'notice',
    ]);
  });

  describe('of lines', () => {
    const place = (line: number) => ({ file: 'k8s/web.yaml', line, column: 3 });
    const lines = [
      { level: 'error', title: 'elsewhere', message: 'Not in the diff.', place: place(90) },
      { level: 'error', title: 'beside', message: 'In the diff.', place: place(12) },
    ] as const;
    const files = [
      ['README.md'],
      ['k8s/web.yaml', '@@ -10,3 +10,4 @@ spec:\n a: 1\n+b: 2\n c: 3\n-d: 4\n+d: 5'],
    ] as const;
    const placed = () =>
      recognisedCommands(printed)
        .filter(({ properties: { title = '' } }) => ['beside', 'elsewhere'].includes(title))
        .map(({ properties: { file, line, title }, data }) => [title, file, line, data]);

    it('stand beside those that the pull request shows, the others say where they belong', async () => {
      await publish({ github: { files }, publication: { annotations: lines } });
      expect(placed()).toEqual([
        ['beside', 'k8s/web.yaml', '12', 'In the diff.'],
        ['elsewhere', undefined, undefined, 'k8s/web.yaml:90:3: Not in the diff.'],
      ]);
    });

    it('stand where they belong where GitHub does not say what is shown', async () => {
      await publish({ github: { pullRequests: 'none' }, publication: { annotations: lines } });
      expect(placed().map(([title, file, line]) => [title, file, line])).toEqual([
        ['elsewhere', 'k8s/web.yaml', '90'],
        ['beside', 'k8s/web.yaml', '12'],
      ]);
    });

    it('of a large pull request are looked up in 300 files at most', async () => {
      const many = Array.from({ length: 450 }, (_, n) => [`${n}.txt`, '@@ -1 +1 @@\n+a'] as const);
      await publish({
        github: { files: many },
        settings: { comment: 'never' },
        publication: { annotations: lines },
      });
      expect(github.requests.map(({ path: asked }) => asked.split('/').at(-1))).toEqual([
        'files?per_page=100&page=1',
        'files?per_page=100&page=2',
        'files?per_page=100&page=3',
      ]);
    });

    it('are none, and no request, without a place', async () => {
      await publish({ settings: { comment: 'never' } });
      expect(github.requests).toEqual([]);
    });
  });

  it('goes on where a renderer fails', async () => {
    const broken = () => {
      throw new TypeError('a bug');
    };
    await publish({ publication: { comment: broken, summary: broken } });
    expect(annotations()).toEqual([
      expect.stringMatching(/^warning: The job summary could not be written. a bug/),
      expect.stringMatching(/^warning: The comment on the pull request could not be written. a bug/),
      expect.stringMatching(/^error: /),
    ]);
    expect((await outputs()).verdict).toBe('dropped');
  });
});

describe('the outputs', () => {
  it('are zeros and empty texts for a run that came to nothing', () => {
    const result = aGateResult({ verdict: 'error', scenarios: [] });
    expect(gateOutputs(result, { reportDir: 'r', resultJson: 'r/result.json' })).toEqual({
      verdict: 'error',
      dropped: '0',
      requests: '0',
      'longest-outage-ms': '0',
      'report-dir': 'r',
      'result-json': 'r/result.json',
      'comment-url': '',
      'cluster-name': '',
    });
  });
});
