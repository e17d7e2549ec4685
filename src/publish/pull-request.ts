import { property } from '../model/plain-data.ts';

/** Which run of which workflow this is, and what it is about. */
export interface RunContext {
  /** `pull_request`, `merge_group`, `push`, ...; empty outside of GitHub Actions. */
  readonly eventName: string;
  readonly run: RunNumber;
  /** The commit under test; not the merge commit that `pull_request` checks out. */
  readonly headSha?: string;
  /** The commit it is compared with: the target branch's, the queue's, or the branch's before a push. */
  readonly baseSha?: string;
  readonly pullRequest?: PullRequest;
}

/** A re-run keeps its id and gets the next attempt; a later run has a greater id. */
export interface RunNumber {
  readonly id: number;
  readonly attempt: number;
}

export interface PullRequest {
  readonly owner: string;
  readonly repo: string;
  readonly number: number;
  readonly headSha: string;
  /** The head is in another repository: its author decides what the run does, and the token can only read. */
  readonly fork: boolean;
}

/** Reads the runner's environment variables and the event's payload. Whatever is not there is absent; nothing throws. */
export function readRunContext(
  environment: Readonly<Record<string, string | undefined>>,
  payload: unknown,
): RunContext {
  const pullRequest = readPullRequest(environment.GITHUB_REPOSITORY, payload);
  const headSha =
    pullRequest?.headSha ?? text(payload, 'merge_group', 'head_sha') ?? (environment.GITHUB_SHA || undefined);
  const baseSha =
    text(payload, 'pull_request', 'base', 'sha') ??
    text(payload, 'merge_group', 'base_sha') ??
    pushedFrom(payload);
  return {
    eventName: environment.GITHUB_EVENT_NAME ?? '',
    run: {
      id: Number(environment.GITHUB_RUN_ID ?? 0),
      attempt: Number(environment.GITHUB_RUN_ATTEMPT ?? 1),
    },
    ...(headSha === undefined ? {} : { headSha }),
    ...(baseSha === undefined ? {} : { baseSha }),
    ...(pullRequest === undefined ? {} : { pullRequest }),
  };
}

function readPullRequest(repository: string | undefined, payload: unknown): PullRequest | undefined {
  const [owner, repo] = (repository ?? '').split('/');
  const number = property(payload, 'pull_request', 'number');
  const headSha = text(payload, 'pull_request', 'head', 'sha');
  if (!owner || !repo || typeof number !== 'number' || headSha === undefined) return undefined;
  // The head's repository is null once the fork is deleted: that is a fork as well.
  const headRepository = text(payload, 'pull_request', 'head', 'repo', 'full_name');
  const baseRepository = text(payload, 'pull_request', 'base', 'repo', 'full_name');
  return {
    owner,
    repo,
    number,
    headSha,
    fork: headRepository === undefined || headRepository !== baseRepository,
  };
}

/** A branch that was just created was pushed from nowhere, which GitHub writes as forty zeros. */
function pushedFrom(payload: unknown): string | undefined {
  const before = text(payload, 'before');
  return before === undefined || /^0+$/.test(before) ? undefined : before;
}

function text(value: unknown, ...path: readonly string[]): string | undefined {
  const found = property(value, ...path);
  return typeof found === 'string' && found !== '' ? found : undefined;
}
