import type { Problem } from '../model/problem.ts';

/**
 * What planning comes across on its way. Rules add to it and go on, so that all problems are told at once;
 * what several scenarios have in common is told once.
 */
export class Findings {
  readonly #problems = new Map<string, Problem>();
  readonly #assumed = new Set<string>();
  readonly #warnings = new Set<string>();

  get problems(): readonly Problem[] {
    return [...this.#problems.values()];
  }

  get assumed(): readonly string[] {
    return [...this.#assumed];
  }

  get warnings(): readonly string[] {
    return [...this.#warnings];
  }

  /** Gives undefined, for a rule that has to answer with a choice and has none. */
  problem(problem: Problem): undefined {
    this.#problems.set(JSON.stringify(problem), problem);
    return undefined;
  }

  /** A choice that was made for the user, and its reason. */
  assume(line: string): void {
    this.#assumed.add(line);
  }

  /** Something legal and doubtful. */
  warn(line: string): void {
    this.#warnings.add(line);
  }
}
