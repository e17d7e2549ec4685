import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { asJson, type Json } from './json.ts';
import { githubOperations, type Operation } from './openapi.ts';

/** A request that reached the fake, for tests that count or order them. */
export interface SeenRequest {
  readonly method: string;
  readonly path: string;
  readonly body: unknown;
}

export interface FakeComment {
  readonly id: number;
  body: string;
  readonly author: string;
}

/** What the next request of this kind is answered with instead of the truth; `hang` never answers. */
export type Trouble =
  | {
      readonly status: number;
      readonly message?: string;
      readonly headers?: Readonly<Record<string, string>>;
    }
  /** Does what was asked and then loses the answer. */
  | { readonly kind: 'done-but-502' }
  | { readonly kind: 'hang' }
  | { readonly kind: 'cut-off' };

export interface FakeGitHubOptions {
  /** What the token may do with pull requests; `none` hides them behind 404. */
  readonly pullRequests?: 'write' | 'read' | 'none';
  /** Whose token it is. */
  readonly login?: string;
  /** Longest comment, in characters. */
  readonly commentLimit?: number;
  readonly headSha?: string;
  /** What the pull request changes: path and patch. */
  readonly files?: readonly (readonly [path: string, patch?: string])[];
  /** Prefix of every path, as on GitHub Enterprise Server. */
  readonly basePath?: string;
}

export interface FakeGitHub extends AsyncDisposable {
  readonly url: string;
  readonly token: string;
  readonly comments: FakeComment[];
  readonly requests: readonly SeenRequest[];
  /** Everything that GitHub's own description does not allow, in requests and in the fake's own answers. */
  readonly violations: readonly string[];
  headSha: string;
  addComment(author: string, body: string): FakeComment;
  /** Queued by operation (`POST comments`, `GET comments`, `PATCH comment`, `GET pull`, `GET files`, `POST graphql`). */
  trouble(operation: OperationName, ...troubles: readonly Trouble[]): void;
}

export type OperationName =
  | 'GET pull'
  | 'GET files'
  | 'GET comments'
  | 'POST comments'
  | 'PATCH comment'
  | 'POST graphql';

export const OWNER = 'shop';
export const REPO = 'web';
export const NUMBER = 7;

const TOKEN = 'ghs_fakeTokenOfTheWorkflow';

/** The whole of GitHub that Rollproof may use. Anything else is a violation. */
const SCOPE: readonly (readonly [OperationName, string, string])[] = [
  ['GET pull', 'GET', '/repos/{owner}/{repo}/pulls/{pull_number}'],
  ['GET files', 'GET', '/repos/{owner}/{repo}/pulls/{pull_number}/files'],
  ['GET comments', 'GET', '/repos/{owner}/{repo}/issues/{issue_number}/comments'],
  ['POST comments', 'POST', '/repos/{owner}/{repo}/issues/{issue_number}/comments'],
  ['PATCH comment', 'PATCH', '/repos/{owner}/{repo}/issues/comments/{comment_id}'],
];

// Read once for all fakes of a test file.
let described: readonly Operation[] | undefined;
const operations = () => {
  described ??= githubOperations(SCOPE.map(([, method, template]) => [method, template]));
  return described;
};

/** GitHub's comment API on loopback, strict about what it is asked. */
export async function startFakeGitHub(options: FakeGitHubOptions = {}): Promise<FakeGitHub> {
  const {
    pullRequests = 'write',
    login = 'github-actions[bot]',
    commentLimit = 65_536,
    basePath = '',
  } = options;
  const comments: FakeComment[] = [];
  const requests: SeenRequest[] = [];
  const violations: string[] = [];
  const troubles = new Map<OperationName, Trouble[]>();
  let nextId = 1000;
  let url = '';

  const server = createServer((request, response) => {
    serve(request, response).catch((error: unknown) => {
      violations.push(`the fake failed: ${String(error)}`);
      response.destroy();
    });
  });

  async function serve(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const asked = new URL(request.url ?? '/', url);
    const body = await readJson(request);
    const method = request.method ?? '';
    requests.push({ method, path: asked.pathname + asked.search, body });
    if (request.headers.authorization !== `token ${TOKEN}`) {
      send(response, 401, { message: 'Bad credentials' });
      return;
    }
    const graphqlPath = basePath.endsWith('/api/v3')
      ? basePath.replace('/v3', '/graphql')
      : `${basePath}/graphql`;
    if (method === 'POST' && asked.pathname === graphqlPath) {
      if (JSON.stringify(body) !== '{"query":"{ viewer { login } }"}')
        violations.push('another query than our own name');
      if (!(await inTrouble('POST graphql', response))) send(response, 200, { data: { viewer: { login } } });
      return;
    }
    const match = find(method, asked.pathname.slice(basePath.length));
    if (!match || !asked.pathname.startsWith(basePath)) {
      violations.push(`${method} ${asked.pathname} is outside of the scope`);
      send(response, 404, { message: 'Not Found' });
      return;
    }
    const { name, operation, path } = match;
    violations.push(
      ...operation.checkRequest({ path, query: asked.searchParams, body }).map((text) => `${name}: ${text}`),
    );
    const lost = troubles.get(name)?.[0];
    if (lost && 'kind' in lost && lost.kind === 'done-but-502') {
      troubles.get(name)?.shift();
      answer(name, path, asked.searchParams, body);
      send(response, 502, { message: 'Bad Gateway' });
      return;
    }
    if (await inTrouble(name, response)) return;
    const result = answer(name, path, asked.searchParams, body);
    violations.push(
      ...operation.checkAnswer(result.status, result.body).map((text) => `the fake's ${name}: ${text}`),
    );
    send(response, result.status, result.body, result.headers);
  }

  async function inTrouble(name: OperationName, response: ServerResponse): Promise<boolean> {
    const trouble = troubles.get(name)?.shift();
    if (!trouble) return false;
    if ('status' in trouble)
      send(response, trouble.status, { message: trouble.message ?? 'trouble' }, trouble.headers);
    else if (trouble.kind === 'cut-off') {
      response.writeHead(200, { 'content-type': 'application/json; charset=utf-8', connection: 'close' });
      response.end('{"id": 1, "html_');
    }
    return true;
  }

  function answer(
    name: OperationName,
    path: Readonly<Record<string, string>>,
    query: URLSearchParams,
    body: unknown,
  ) {
    const here = path.owner === OWNER && path.repo === REPO;
    const number = Number(path.issue_number ?? path.pull_number ?? NUMBER);
    if (!here || number !== NUMBER || pullRequests === 'none') return notFound;
    if (name === 'GET pull') return { status: 200, body: pull(fake.headSha) };
    if (name === 'GET files') return filePage(query, options.files ?? []);
    if (name === 'GET comments') return page(query);
    if (pullRequests !== 'write') return readOnly;
    const text = bodyText(body);
    if (text.length > commentLimit) return tooLong(commentLimit);
    if (name === 'POST comments') return { status: 201, body: shown(fake.addComment(login, text)) };
    const comment = comments.find(({ id }) => id === Number(path.comment_id));
    if (!comment) return notFound;
    comment.body = text;
    return { status: 200, body: shown(comment) };
  }

  function page(query: URLSearchParams) {
    const size = Number(query.get('per_page') ?? 30);
    const number = Number(query.get('page') ?? 1);
    const link = `<${url}/repos/${OWNER}/${REPO}/issues/${NUMBER}/comments?per_page=${size}&page=${number + 1}>; rel="next"`;
    return {
      status: 200,
      body: comments.slice((number - 1) * size, number * size).map((comment) => shown(comment)),
      headers: number * size < comments.length ? { link } : {},
    };
  }

  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  url = `http://127.0.0.1:${(server.address() as AddressInfo).port}${basePath}`;

  const fake: FakeGitHub = {
    url,
    token: TOKEN,
    comments,
    requests,
    violations,
    headSha: options.headSha ?? 'a'.repeat(40),
    addComment(author, body) {
      nextId += 1;
      const comment = { id: nextId, body, author };
      comments.push(comment);
      return comment;
    },
    trouble(operation, ...added) {
      troubles.set(operation, [...(troubles.get(operation) ?? []), ...added]);
    },
    async [Symbol.asyncDispose]() {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
  return fake;
}

interface Answer {
  readonly status: number;
  readonly body: unknown;
  readonly headers?: Readonly<Record<string, string>>;
}

const notFound: Answer = {
  status: 404,
  body: { message: 'Not Found', documentation_url: 'https://docs.github.com/rest' },
};
const readOnly: Answer = {
  status: 403,
  body: {
    message: 'Resource not accessible by integration',
    documentation_url: 'https://docs.github.com/rest',
  },
};

/** Files as the API shows them: the description's own example, with what is asked for. */
function filePage(query: URLSearchParams, files: NonNullable<FakeGitHubOptions['files']>): Answer {
  const size = Number(query.get('per_page') ?? 30);
  const first = (Number(query.get('page') ?? 1) - 1) * size;
  const example = asJson(Object.values(exampleOf('GET files', 200))[0]);
  const { patch: _patch, ...plain } = example;
  const body = files
    .slice(first, first + size)
    .map(([filename, patch]) => ({ ...plain, filename, ...(patch === undefined ? {} : { patch }) }));
  return { status: 200, body };
}

function tooLong(limit: number): Answer {
  const message = `body is too long (maximum is ${limit} characters)`;
  return {
    status: 422,
    body: {
      message: 'Validation Failed',
      errors: [{ resource: 'IssueComment', code: 'unprocessable', field: 'data', message }],
      documentation_url: 'https://docs.github.com/rest/issues/comments',
    },
  };
}

function find(method: string, pathname: string) {
  for (const [index, [name, scopedMethod, template]] of SCOPE.entries()) {
    const operation = operations()[index];
    const pattern = new RegExp(`^${template.replaceAll(/\{(\w+)\}/g, '(?<$1>[^/]+)')}$`);
    const match = scopedMethod === method ? pattern.exec(pathname) : null;
    if (match && operation) return { name, operation, path: { ...match.groups } };
  }
  return undefined;
}

function send(
  response: ServerResponse,
  status: number,
  body: unknown,
  headers: Readonly<Record<string, string>> = {},
): void {
  response.writeHead(status, { 'content-type': 'application/json; charset=utf-8', ...headers });
  response.end(JSON.stringify(body));
}

async function readJson(request: IncomingMessage): Promise<unknown> {
  const chunks: Buffer[] = [];
  for await (const chunk of request) chunks.push(Buffer.from(chunk));
  const text = Buffer.concat(chunks).toString('utf8');
  return text === '' ? undefined : JSON.parse(text);
}

function bodyText(body: unknown): string {
  return typeof body === 'object' && body !== null && 'body' in body ? String(body.body) : '';
}

/** A comment as the API shows it: the description's own example, with what is ours. */
function shown(comment: FakeComment): Json {
  const example = exampleOf('POST comments', 201);
  const type = comment.author.endsWith('[bot]') ? 'Bot' : 'User';
  return {
    ...example,
    id: comment.id,
    html_url: `https://github.com/${OWNER}/${REPO}/pull/${NUMBER}#issuecomment-${comment.id}`,
    body: comment.body,
    user: { ...asJson(example.user), login: comment.author, type },
  };
}

function pull(headSha: string): Json {
  const example = exampleOf('GET pull', 200);
  // The example's team lacks a field that its own schema requires.
  return { ...example, number: NUMBER, head: { ...asJson(example.head), sha: headSha }, requested_teams: [] };
}

function exampleOf(name: OperationName, status: number): Json {
  const operation = operations()[SCOPE.findIndex(([scoped]) => scoped === name)];
  return operation?.example(status) ?? {};
}
