/**
 * One thing that is wrong, in the form every face prints it: what, where, why, what to do.
 * `code` is stable (`RP1003`): it is documented and may be matched by scripts.
 */
export interface Problem {
  readonly code: string;
  /** One sentence: what is wrong. Untrusted text in it is made inert by the printer, not here. */
  readonly what: string;
  /** `path:line:column`, an input's name, or absent where there is no place. */
  readonly where?: string;
  /** Why Rollproof thinks so, or why it matters. */
  readonly why?: string;
  /** The next step for the reader, as an imperative sentence. */
  readonly remedy: string;
}

/** What something that was thrown says of itself. Untrusted text. */
export function messageOf(thrown: unknown): string {
  return thrown instanceof Error ? thrown.message : String(thrown);
}

/** The input is wrong. All problems that could be found are in it, not only the first. Exit code 2. */
export class BadInputError extends Error {
  override readonly name = 'BadInputError';
  readonly problems: readonly Problem[];
  constructor(problems: readonly Problem[]) {
    super(problems.map((problem) => `${problem.code} ${problem.what}`).join('\n'));
    this.problems = problems;
  }
}

/** Docker, kind, the CNI, an image or the API server is at fault, not the user's Deployment. Exit code 5. */
export class EnvironmentError extends Error {
  override readonly name = 'EnvironmentError';
  readonly problem: Problem;
  constructor(problem: Problem, options?: ErrorOptions) {
    super(`${problem.code} ${problem.what}`, options);
    this.problem = problem;
  }
}

/** The user or the runner asked to stop. Exit code 128 + signal number (130 for SIGINT, 143 for SIGTERM). */
export class CancelledError extends Error {
  override readonly name = 'CancelledError';
  readonly signal: 'SIGINT' | 'SIGTERM';
  constructor(signal: 'SIGINT' | 'SIGTERM') {
    super(`cancelled by ${signal}`);
    this.signal = signal;
  }
}
