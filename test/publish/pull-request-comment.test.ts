import { afterEach, describe, expect, it } from 'vitest';
import { openCommentStore, type RequestLimits } from '../../src/platform/github.ts';
import { composeComment } from '../../src/publish/comment-text.ts';
import { type CommentRequest, publishComment } from '../../src/publish/pull-request-comment.ts';
import {
  type FakeGitHub,
  type FakeGitHubOptions,
  NUMBER,
  OWNER,
  REPO,
  startFakeGitHub,
} from '../support/fake-github.ts';

const HEAD = 'a'.repeat(40);
const OLDER = 'b'.repeat(40);
const BOT = 'github-actions[bot]';

let github: FakeGitHub;
let notices: string[] = [];

async function start(options: FakeGitHubOptions = {}): Promise<void> {
  github = await startFakeGitHub({ headSha: HEAD, ...options });
  notices = [];
}

function store(limits: Partial<RequestLimits> = {}) {
  return openCommentStore({
    token: github.token,
    apiUrl: github.url,
    pullRequest: { owner: OWNER, repo: REPO, number: NUMBER },
    onRetry: (text) => notices.push(text),
    limits: { firstWaitMs: 1, ...limits },
  });
}

function request(overrides: Partial<CommentRequest> = {}): CommentRequest {
  return {
    mode: 'always',
    verdict: 'dropped',
    key: 'rollout/gate/kindnet',
    headSha: HEAD,
    run: { id: 100, attempt: 1 },
    render: () => '### 3 of 900 requests dropped\n',
    ...overrides,
  };
}

const writes = () => github.requests.filter(({ method, path }) => method !== 'GET' && path !== '/graphql');

afterEach(async () => {
  // Nothing that was asked or answered may contradict GitHub's own description.
  expect(github.violations).toEqual([]);
  await github[Symbol.asyncDispose]();
});

describe('a comment on a pull request', () => {
  it('is created the first time, with its marker on the first line', async () => {
    await start();
    github.addComment('alice', 'Looks good.');
    const outcome = await publishComment(request(), store());
    expect(outcome).toEqual({ kind: 'created', url: expect.stringContaining('#issuecomment-') });
    const [marker, about, ...report] = github.comments[1]?.body.split('\n') ?? [];
    expect(marker).toBe('<!-- rollproof key=rollout/gate/kindnet v=1 -->');
    expect(about).toMatch(new RegExp(`^<!-- sha=${HEAD} run=100\\.1 digest=[0-9a-f]{64} -->$`));
    expect(report).toEqual(['### 3 of 900 requests dropped', '']);
  });

  it('is updated in place by the next run', async () => {
    await start();
    await publishComment(request({ headSha: HEAD }), store());
    github.headSha = OLDER;
    const next = request({ headSha: OLDER, run: { id: 101, attempt: 1 }, render: () => 'all green' });
    expect((await publishComment(next, store())).kind).toBe('updated');
    expect(github.comments).toHaveLength(1);
    expect(github.comments[0]?.body).toContain('all green');
  });

  it('is not written again where nothing has changed', async () => {
    await start();
    await publishComment(request(), store());
    const again = await publishComment(request({ run: { id: 100, attempt: 2 } }), store());
    expect(again.kind).toBe('unchanged');
    expect(writes()).toHaveLength(1);
  });

  it('leaves a comment of somebody else alone that carries our marker', async () => {
    await start();
    const planted = composeComment(
      'rollout/gate/kindnet',
      { headSha: HEAD, run: { id: 999, attempt: 1 } },
      'all green',
    );
    github.addComment('mallory', planted);
    github.addComment('mallory[bot]', planted);
    expect((await publishComment(request(), store())).kind).toBe('created');
    expect(github.comments.map(({ author }) => author)).toEqual(['mallory', 'mallory[bot]', BOT]);
    expect(github.comments[0]?.body).toBe(planted);
  });

  it('is not confused by its own comment that quotes the marker further down', async () => {
    await start();
    github.addComment(BOT, 'Quoting:\n<!-- rollproof key=rollout/gate/kindnet v=1 -->\n');
    expect((await publishComment(request(), store())).kind).toBe('created');
  });

  it('is found on the third page', async () => {
    await start();
    for (let n = 0; n < 250; n += 1) github.addComment('alice', `comment ${n}`);
    await publishComment(request(), store());
    expect((await publishComment(request({ render: () => 'all green' }), store())).kind).toBe('updated');
    expect(github.comments).toHaveLength(251);
  });

  it('asks for no further page once it is found', async () => {
    await start();
    await publishComment(request(), store());
    for (let n = 0; n < 250; n += 1) github.addComment('alice', `comment ${n}`);
    const before = github.requests.length;
    await publishComment(request({ render: () => 'all green' }), store());
    expect(github.requests.slice(before).filter(({ path }) => path.includes('/comments?'))).toHaveLength(1);
  });

  it('lives beside the comment of another gate on the same pull request', async () => {
    await start();
    await publishComment(request({ key: 'rollout/gate/kindnet' }), store());
    await publishComment(request({ key: 'rollout/gate/calico' }), store());
    await publishComment(request({ key: 'rollout/gate/kindnet', render: () => 'all green' }), store());
    expect(github.comments.map(({ body }) => body.split('\n')[2])).toEqual([
      'all green',
      '### 3 of 900 requests dropped',
    ]);
  });

  it('belongs to the account of a token that GraphQL knows without its suffix', async () => {
    await start({ login: 'rollout-gate' });
    github.addComment('rollout-gate[bot]', composeComment(request().key, request(), 'red'));
    expect((await publishComment(request(), store())).kind).toBe('updated');
  });

  it('is written by the workflow where the token may not ask for its name', async () => {
    await start();
    github.trouble('POST graphql', { status: 403, message: 'Resource not accessible by integration' });
    expect((await publishComment(request(), store())).kind).toBe('created');
  });

  it('uses the paths of GitHub Enterprise Server', async () => {
    await start({ basePath: '/api/v3' });
    expect((await publishComment(request(), store())).kind).toBe('created');
    expect(github.requests.map(({ path }) => path.split('?')[0])).toEqual([
      '/api/graphql',
      '/api/v3/repos/shop/web/issues/7/comments',
      '/api/v3/repos/shop/web/pulls/7',
      '/api/v3/repos/shop/web/issues/7/comments',
    ]);
  });
});

describe('a newer result', () => {
  it('is kept when the pull request has moved on to another commit', async () => {
    await start();
    await publishComment(request(), store());
    const late = request({ headSha: OLDER, run: { id: 99, attempt: 1 }, render: () => 'stale' });
    expect(await publishComment(late, store())).toEqual({
      kind: 'skipped',
      why: 'the pull request has moved on to commit aaaaaaa',
    });
    expect(github.comments[0]?.body).not.toContain('stale');
  });

  it('is kept when a later run has tested the same commit', async () => {
    await start();
    await publishComment(request({ run: { id: 101, attempt: 1 } }), store());
    const outcome = await publishComment(request({ render: () => 'stale' }), store());
    expect(outcome).toMatchObject({ kind: 'skipped', why: expect.stringContaining('run 101') });
    expect(writes()).toHaveLength(1);
  });
});

describe('a token', () => {
  it('that can only read leaves a notice and no comment', async () => {
    await start({ pullRequests: 'read' });
    const outcome = await publishComment(request(), store());
    expect(outcome).toEqual({ kind: 'skipped', why: expect.stringContaining('pull-requests: write') });
    expect(github.comments).toEqual([]);
  });

  it('that does not even see the pull request leaves a notice', async () => {
    await start({ pullRequests: 'none' });
    expect(await publishComment(request(), store())).toMatchObject({
      kind: 'skipped',
      why: expect.stringContaining('404'),
    });
  });

  it('that may comment but not read the pull request still protects newer runs', async () => {
    await start();
    github.trouble('GET pull', { status: 403 }, { status: 403 });
    await publishComment(request({ run: { id: 101, attempt: 1 } }), store());
    expect((await publishComment(request(), store())).kind).toBe('skipped');
  });

  it('that is wrong is a failure with its reason', async () => {
    await start();
    github.trouble('POST graphql', { status: 401, message: 'Bad credentials' });
    expect(await publishComment(request(), store())).toMatchObject({
      kind: 'failed',
      problem: { code: 'RP4001', why: 'GitHub answered 401: Bad credentials' },
    });
  });
});

describe('a report that is too long', () => {
  const long = (maxCharacters: number) => 'x'.repeat(maxCharacters);

  it('is rendered shorter until GitHub takes it', async () => {
    await start({ commentLimit: 20_000 });
    expect((await publishComment(request({ render: long }), store())).kind).toBe('created');
    expect(writes().map(({ body }) => JSON.stringify(body).length > 20_000)).toEqual([true, true, false]);
  });

  it('is given up after a few refusals', async () => {
    await start({ commentLimit: 100 });
    expect(await publishComment(request({ render: long }), store())).toMatchObject({ kind: 'failed' });
    expect(writes()).toHaveLength(4);
  });

  it('gives way to one sentence where the renderer does not keep its budget', async () => {
    await start();
    await publishComment(request({ render: () => 'x'.repeat(70_000) }), store());
    expect(github.comments[0]?.body).toContain('It is in the job summary.');
  });
});

describe('trouble with GitHub', () => {
  it('a rate limit is waited for as long as it asks, and says so', async () => {
    await start();
    github.trouble('POST comments', { status: 429, message: 'slow down', headers: { 'retry-after': '1' } });
    const startedMs = performance.now();
    expect((await publishComment(request(), store())).kind).toBe('created');
    expect(performance.now() - startedMs).toBeGreaterThan(990);
    expect(notices).toEqual(['GitHub answered 429 to POST (slow down); try 2 of 3 in 1 s']);
    expect(github.comments).toHaveLength(1);
  });

  it('a rate limit longer than our patience is a failure at once', async () => {
    await start();
    github.trouble('POST comments', { status: 403, headers: { 'retry-after': '3600' } });
    expect(await publishComment(request(), store())).toMatchObject({ kind: 'failed' });
    expect(notices).toEqual([]);
  });

  it('a server error while reading is tried again, and says so', async () => {
    await start();
    github.trouble('GET comments', { status: 502 }, { status: 503 });
    expect((await publishComment(request(), store())).kind).toBe('created');
    expect(notices).toHaveLength(2);
  });

  it('a server error that stays is a failure after a bounded number of tries', async () => {
    await start();
    github.trouble('GET comments', ...Array.from({ length: 10 }, () => ({ status: 500 })));
    expect(await publishComment(request(), store())).toMatchObject({
      kind: 'failed',
      problem: { code: 'RP4001' },
    });
    expect(github.requests.filter(({ path }) => path.includes('/comments?'))).toHaveLength(3);
  });

  it('a comment whose answer was lost is not written twice', async () => {
    await start();
    github.trouble('POST comments', { kind: 'done-but-502' });
    expect((await publishComment(request(), store())).kind).toBe('unchanged');
    expect(github.comments).toHaveLength(1);
  });

  it('a server that never answers is left after the timeout', async () => {
    await start();
    github.trouble('GET pull', { kind: 'hang' }, { kind: 'hang' }, { kind: 'hang' });
    const outcome = await publishComment(request(), store({ timeoutMs: 100 }));
    expect(outcome).toMatchObject({
      kind: 'failed',
      problem: { why: expect.stringContaining('within 100 ms') },
    });
  });

  it('an answer that is cut off is not taken for one', async () => {
    await start();
    github.trouble('GET pull', { kind: 'cut-off' });
    expect((await publishComment(request(), store())).kind).toBe('failed');
  });

  it('a server that is not there is a failure, not an exception', async () => {
    await start();
    const gone = openCommentStore({
      token: github.token,
      apiUrl: 'http://127.0.0.1:1',
      pullRequest: { owner: OWNER, repo: REPO, number: NUMBER },
      onRetry: () => {},
      limits: { firstWaitMs: 1 },
    });
    expect((await publishComment(request(), gone)).kind).toBe('failed');
  });
});
