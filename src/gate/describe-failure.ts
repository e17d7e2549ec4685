import {
  BadInputError,
  CancelledError,
  EnvironmentError,
  messageOf,
  type Problem,
} from '../model/problem.ts';
import { firstError } from './first-error.ts';

/** How a run that gave no result ends. */
export interface Failure {
  readonly exitCode: 2 | 5 | 70 | 130 | 143;
  readonly problems: readonly Problem[];
  /** For a bug of ours: what a report of it needs. */
  readonly stack?: string;
}

/** Sorts an error by its kind: the user's input, the environment, a cancellation, or a bug of ours. */
export function describeFailure(thrown: unknown): Failure {
  const error = firstError(thrown);
  if (error instanceof BadInputError) return { exitCode: 2, problems: error.problems };
  if (error instanceof EnvironmentError) return { exitCode: 5, problems: [error.problem] };
  if (error instanceof CancelledError) {
    return { exitCode: error.signal === 'SIGINT' ? 130 : 143, problems: [] };
  }
  // What an abort interrupts often throws an error of its own around the reason.
  if (error instanceof Error && error.cause instanceof CancelledError) return describeFailure(error.cause);
  const problem: Problem = {
    code: 'RP9000',
    what: `Rollproof itself failed: ${messageOf(error)}`,
    remedy: 'This is a bug. Please report it together with the lines below.',
  };
  return {
    exitCode: 70,
    problems: [problem],
    ...(error instanceof Error && error.stack ? { stack: error.stack } : {}),
  };
}
