import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { property } from '../model/plain-data.ts';
import { BadInputError, EnvironmentError, type Problem } from '../model/problem.ts';
import { CommandError, run } from '../platform/process.ts';

/** Where the history says what the old version is. */
export interface BaseHints {
  /** Parsed content of GITHUB_EVENT_PATH; untrusted. */
  readonly eventPayload?: unknown;
  /** GITHUB_BASE_REF: name of the branch that a pull request goes to. */
  readonly baseBranch?: string | undefined;
}

/** The tree of the merge base in a folder of its own; removed when disposed of. */
export interface BaseTree extends AsyncDisposable {
  readonly folder: string;
  /** Short commit name, for messages. */
  readonly commit: string;
  /** A path as the user gave it, as a path within the tree. */
  pathOf(given: string): string;
}

const GIT_TIMEOUT_MS = 60_000;

/**
 * Writes out the tree of the commit where the branch left its base: the old version of everything. The user's work
 * tree, index and repository stay as they are. Throws BadInputError (RP1040, RP1041) where there is no such commit.
 */
export async function checkOutMergeBase(hints: BaseHints, signal: AbortSignal): Promise<BaseTree> {
  const git = gitRunner(signal);
  const topLevel = (await inRepository(git, ['rev-parse', '--show-toplevel'])).trim();
  const commit = await mergeBase(git, hints);
  const folder = await mkdtemp(path.join(tmpdir(), 'rollproof-base-'));
  const remove = () => rm(folder, { recursive: true, force: true });
  try {
    const tree = path.join(folder, 'tree');
    // An index of its own: unlike a worktree this leaves nothing in .git, however the process ends.
    const env = { GIT_INDEX_FILE: path.join(folder, 'index') };
    await git(['read-tree', commit], env);
    await git(['-C', topLevel, 'checkout-index', '--all', '--quiet', `--prefix=${tree}/`], env);
    return {
      folder: tree,
      commit: commit.slice(0, 7),
      pathOf: (given) => path.relative(topLevel, path.resolve(given)),
      [Symbol.asyncDispose]: remove,
    };
  } catch (error) {
    await remove();
    throw error instanceof CommandError ? new BadInputError([gitProblem(error)]) : error;
  }
}

type Git = (args: readonly string[], env?: Readonly<Record<string, string>>) => Promise<string>;

function gitRunner(signal: AbortSignal): Git {
  // The hooks of a repository that may be a stranger's are none of our business.
  return (args, env = {}) =>
    run('git', ['-c', 'core.hooksPath=/dev/null', ...args], { signal, timeoutMs: GIT_TIMEOUT_MS, env });
}

async function inRepository(git: Git, args: readonly string[]): Promise<string> {
  try {
    return await git(args);
  } catch (error) {
    if (!(error instanceof CommandError)) throw error;
    if (error.notFound) throw new EnvironmentError(gitMissing(), { cause: error });
    throw new BadInputError([gitProblem(error)]);
  }
}

async function mergeBase(git: Git, hints: BaseHints): Promise<string> {
  const candidates = baseCandidates(hints);
  for (const candidate of candidates) {
    try {
      return (await git(['merge-base', candidate, 'HEAD'])).trim();
    } catch (error) {
      if (!(error instanceof CommandError)) throw error;
    }
  }
  throw new BadInputError([noBaseProblem(candidates)]);
}

const COMMIT = /^[0-9a-f]{40,64}$/;

/** Only commit names are taken from the payload, and no name may look like an option. */
function baseCandidates({ eventPayload, baseBranch }: BaseHints): string[] {
  const commits = [
    property(eventPayload, 'pull_request', 'base', 'sha'),
    property(eventPayload, 'merge_group', 'base_sha'),
  ].filter((sha) => typeof sha === 'string' && COMMIT.test(sha));
  const branch = baseBranch ? [`refs/remotes/origin/${baseBranch}`] : [];
  return [
    ...commits.map(String),
    ...branch,
    'refs/remotes/origin/HEAD',
    'refs/heads/main',
    'refs/heads/master',
  ];
}

function noBaseProblem(candidates: readonly string[]): Problem {
  return {
    code: 'RP1040',
    what: 'The merge base of this branch is not in the repository.',
    where: 'update: apply:git:base',
    why: `None of these is a commit with a common ancestor: ${candidates.join(', ')}. A checkout is shallow by default.`,
    remedy: 'Give actions/checkout fetch-depth: 0.',
  };
}

function gitProblem({ command, output }: CommandError): Problem {
  return {
    code: 'RP1040',
    what: 'git can not give the old version.',
    where: 'update: apply:git:base',
    why: output.trim().slice(0, 300) || 'git printed nothing.',
    remedy: `Make this command work: ${command}`,
  };
}

function gitMissing(): Problem {
  return {
    code: 'RP2111',
    what: 'git is not installed.',
    where: 'update: apply:git:base',
    remedy: 'Install git, or give the old version as a path.',
  };
}
