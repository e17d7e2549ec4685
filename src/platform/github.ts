import { setTimeout as sleep } from 'node:timers/promises';
// Not the package's main entry: that one reads and parses the event's payload while it is imported.
import { GitHub, getOctokitOptions } from '@actions/github/lib/utils';
import { isRateLimit, retryWaitMs } from './retry-wait.ts';

/** The comments of one pull request, and the two questions needed to write one responsibly. */
export interface CommentStore {
  /** Login of whoever the token belongs to. */
  ownLogin(): Promise<string>;
  /** The pull request's head commit as it is now. */
  headSha(): Promise<string>;
  /** All comments, oldest first, fetched page by page as they are asked for. */
  comments(): AsyncIterable<StoredComment>;
  create(body: string): Promise<StoredComment>;
  update(id: number, body: string): Promise<StoredComment>;
}

export interface StoredComment {
  readonly id: number;
  /** For people. */
  readonly url: string;
  readonly body: string;
  /** Absent where the account is gone. */
  readonly author?: string;
}

/** GitHub said no, or nothing. Every method of a CommentStore rejects with it and with nothing else of the network's. */
export class GitHubError extends Error {
  override readonly name = 'GitHubError';
  /** HTTP status; absent where no answer arrived. */
  readonly status: number | undefined;
  /** GitHub may have made something new without saying so: asking again could make it twice. */
  readonly mayHaveHappened: boolean;
  /** Asked too often, whatever the status: it says nothing about what the token may do. */
  readonly rateLimited: boolean;
  constructor(
    message: string,
    details: {
      readonly status?: number | undefined;
      readonly mayHaveHappened?: boolean;
      readonly rateLimited?: boolean;
      readonly cause?: unknown;
    } = {},
  ) {
    super(message, { cause: details.cause });
    this.status = details.status;
    this.mayHaveHappened = details.mayHaveHappened ?? false;
    this.rateLimited = details.rateLimited ?? false;
  }
}

export interface GitHubOptions {
  readonly token: string;
  /** GITHUB_API_URL: `https://api.github.com`, or `https://<host>/api/v3` on GitHub Enterprise Server. */
  readonly apiUrl: string;
  readonly pullRequest: { readonly owner: string; readonly repo: string; readonly number: number };
  /** Told before every second try: nothing is repeated behind the user's back. */
  onRetry(text: string): void;
  readonly signal?: AbortSignal | undefined;
  readonly limits?: Partial<RequestLimits>;
}

export interface RequestLimits {
  /** Tries of one request, the first included. */
  readonly attempts: number;
  /** Wait after a first server error; it doubles with every further one. */
  readonly firstWaitMs: number;
  /** Longest sum of waits over the life of the store. */
  readonly totalWaitMs: number;
  /** A request without a complete answer for this long has failed. */
  readonly timeoutMs: number;
}

const DEFAULT_LIMITS: RequestLimits = {
  attempts: 3,
  firstWaitMs: 1_000,
  totalWaitMs: 90_000,
  timeoutMs: 15_000,
};

/** The GITHUB_TOKEN of a workflow, which is the only one that can be refused to ask for its own name. */
const WORKFLOW_LOGIN = 'github-actions[bot]';

/** GitHub's API with bounded patience: what may be asked again is, a few times, and nobody waits for ever. */
function openClient(options: GitHubOptions): InstanceType<typeof GitHub> {
  const limits = { ...DEFAULT_LIMITS, ...options.limits };
  const octokit = new GitHub(getOctokitOptions(options.token, { baseUrl: options.apiUrl }));
  let waitLeftMs = limits.totalWaitMs;

  octokit.hook.wrap('request', async (request, parameters) => {
    const repeatable = parameters.method !== 'POST' || parameters.url === '/graphql';
    for (let attempt = 1; ; attempt += 1) {
      const timeout = AbortSignal.timeout(limits.timeoutMs);
      const signal = options.signal ? AbortSignal.any([options.signal, timeout]) : timeout;
      try {
        // Octokit's own hooks hold on to this very object; a changed copy would not reach them.
        parameters.request.signal = signal;
        return await request(parameters);
      } catch (error) {
        options.signal?.throwIfAborted();
        const { message, status, headers } = answerOf(error);
        const failed = { status, headers, message, attempt, repeatable };
        const waitMs = retryWaitMs(failed, limits.firstWaitMs, Date.now());
        if (waitMs === undefined || attempt >= limits.attempts || waitMs > waitLeftMs) {
          throw new GitHubError(timeout.aborted ? `no answer within ${limits.timeoutMs} ms` : message, {
            status,
            mayHaveHappened: !repeatable && (status === undefined || status >= 500),
            rateLimited: isRateLimit(failed),
            cause: error,
          });
        }
        waitLeftMs -= waitMs;
        const again = `try ${attempt + 1} of ${limits.attempts} in ${Math.ceil(waitMs / 1000)} s`;
        options.onRetry(
          `GitHub answered ${status ?? 'nothing'} to ${parameters.method} (${message}); ${again}`,
        );
        await sleep(waitMs, undefined, { signal: options.signal });
      }
    }
  });
  return octokit;
}

/** GitHub's real comments. Opening the store sends nothing. */
export function openCommentStore(options: GitHubOptions): CommentStore {
  const { owner, repo, number } = options.pullRequest;
  const octokit = openClient(options);
  const { issues, pulls } = octokit.rest;

  return {
    async ownLogin() {
      // GraphQL, because REST tells its own name only to personal tokens.
      try {
        const answer = await octokit.graphql<{ viewer?: { login?: string } } | undefined>(
          '{ viewer { login } }',
        );
        return answer?.viewer?.login ?? WORKFLOW_LOGIN;
      } catch (error) {
        if (error instanceof GitHubError && error.status !== 403 && error.status !== 404) throw error;
        return WORKFLOW_LOGIN;
      }
    },
    async headSha() {
      const { data } = await pulls.get({ owner, repo, pull_number: number });
      if (typeof data.head?.sha !== 'string') throw unexpectedAnswer('a pull request');
      return data.head.sha;
    },
    async *comments() {
      const pages = octokit.paginate.iterator(issues.listComments, {
        owner,
        repo,
        issue_number: number,
        per_page: 100,
      });
      for await (const { data } of pages) yield* data.map(storedComment);
    },
    async create(body) {
      return storedComment((await issues.createComment({ owner, repo, issue_number: number, body })).data);
    },
    async update(id, body) {
      return storedComment((await issues.updateComment({ owner, repo, comment_id: id, body })).data);
    },
  };
}

/** One file that a pull request changes. */
export interface ChangedFile {
  /** Path in the repository as it is after the change. */
  readonly path: string;
  /** Unified diff without a header; absent where GitHub does not give one: binary, too large, only renamed. */
  readonly patch?: string;
}

/** Pages of a hundred files that are asked for at most. */
const FILE_PAGES = 3;

/** The files that a pull request changes, the first 300 of them. Rejects with GitHubError. */
export async function changedFiles(options: GitHubOptions): Promise<readonly ChangedFile[]> {
  const { owner, repo, number } = options.pullRequest;
  const octokit = openClient(options);
  const files: ChangedFile[] = [];
  for (let page = 1; page <= FILE_PAGES; page += 1) {
    const { data } = await octokit.rest.pulls.listFiles({
      ...{ owner, repo, pull_number: number },
      ...{ per_page: 100, page },
    });
    if (!Array.isArray(data)) throw unexpectedAnswer('a list of files');
    files.push(
      ...data.map(({ filename, patch }) => ({ path: filename, ...(patch === undefined ? {} : { patch }) })),
    );
    if (data.length < 100) break;
  }
  return files;
}

interface ApiComment {
  readonly id: number;
  readonly html_url: string;
  readonly body?: string;
  readonly user: { readonly login: string } | null;
}

// An answer cut off on its way arrives here as text, whatever the types say.
function storedComment(comment: ApiComment): StoredComment {
  if (typeof comment?.id !== 'number') throw unexpectedAnswer('a comment');
  return {
    id: comment.id,
    url: comment.html_url,
    body: comment.body ?? '',
    ...(comment.user ? { author: comment.user.login } : {}),
  };
}

function unexpectedAnswer(wanted: string): GitHubError {
  return new GitHubError(`the answer is not ${wanted}`);
}

/** What is known of a failed request. Octokit gives status 500 to requests that never got an answer. */
function answerOf(error: unknown): {
  readonly message: string;
  readonly status: number | undefined;
  readonly headers: Readonly<Record<string, string | number | undefined>>;
} {
  if (!(error instanceof Error)) return { message: String(error), status: undefined, headers: {} };
  const response = 'response' in error && isAnswer(error.response) ? error.response : undefined;
  return { message: error.message, status: response?.status, headers: response?.headers ?? {} };
}

function isAnswer(
  value: unknown,
): value is { status: number; headers: Record<string, string | number | undefined> } {
  return typeof value === 'object' && value !== null && 'status' in value && 'headers' in value;
}
