import { property } from '../model/plain-data.ts';
import type { Problem } from '../model/problem.ts';

/** The event that started the workflow, as GitHub told the step. */
export interface TriggeringEvent {
  /** GITHUB_EVENT_NAME */
  readonly name: string;
  /** Parsed content of GITHUB_EVENT_PATH; untrusted. */
  readonly payload: unknown;
  /** RUNNER_ENVIRONMENT: `github-hosted` or `self-hosted`. */
  readonly runnerEnvironment?: string | undefined;
}

/**
 * The problem (RP1016) where a stranger's manifests, images and commands would run with rights that are not theirs:
 * the write token and secrets of this repository, or a machine that outlives the job.
 */
export function unsafeEventProblem(event: TriggeringEvent): Problem | undefined {
  const danger = dangerOf(event);
  if (danger === undefined) return undefined;
  return {
    code: 'RP1016',
    what: `Rollproof does not run on this event: ${event.name}.`,
    where: 'on: in the workflow',
    why: danger,
    remedy:
      'Run the gate on pull_request, on a GitHub-hosted runner. If every author is trusted: allow-unsafe-event: true.',
  };
}

function dangerOf({ name, payload, runnerEnvironment }: TriggeringEvent): string | undefined {
  switch (name) {
    case 'pull_request_target':
      return 'It gives the code of a pull request the token and the secrets of this repository.';
    case 'workflow_run':
      return isOther(payload, ['workflow_run', 'head_repository'])
        ? 'It was caused by a fork, and runs with the token and the secrets of this repository.'
        : undefined;
    case 'issue_comment':
      // The payload does not tell where the head of the pull request is from.
      return property(payload, 'issue', 'pull_request') === undefined
        ? undefined
        : 'Anyone can comment on a pull request, and its code would run with the token and the secrets of this repository.';
    case 'pull_request':
      return runnerEnvironment === 'self-hosted' && isOther(payload, ['pull_request', 'head', 'repo'])
        ? 'The pull request is from a fork, and a self-hosted runner keeps what its code leaves behind.'
        : undefined;
    default:
      return undefined;
  }
}

/** Is the repository at a path another one than the workflow's? One that was deleted counts as another. */
function isOther(payload: unknown, path: readonly string[]): boolean {
  const own = property(payload, 'repository', 'full_name');
  return own === undefined || property(payload, ...path, 'full_name') !== own;
}
