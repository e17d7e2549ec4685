import type { Problem } from '../model/problem.ts';
import type { SettingPlaces } from '../model/settings.ts';

/**
 * What planning comes across on its way. Rules add to it and go on, so that all problems are told at once;
 * what several scenarios have in common is told once.
 */
export class Findings {
  readonly #problems = new Map<string, Problem>();
  readonly #assumed = new Set<string>();
  readonly #warnings = new Set<string>();
  #places: SettingPlaces = {};

  get problems(): readonly Problem[] {
    return [...this.#problems.values()];
  }

  get assumed(): readonly string[] {
    return [...this.#assumed];
  }

  get warnings(): readonly string[] {
    return [...this.#warnings];
  }

  /** What follows is of a scenario whose settings were written there. */
  begin(places: SettingPlaces): void {
    this.#places = places;
  }

  /**
   * A problem whose place is the name of a setting is told where that was written. Gives undefined, for a rule that has
   * to answer with a choice and has none.
   */
  problem(problem: Problem): undefined {
    const { where } = problem;
    const place = where !== undefined && Object.hasOwn(this.#places, where) ? this.#places[where] : where;
    const placed = place === undefined ? problem : { ...problem, where: place };
    this.#problems.set(JSON.stringify(placed), placed);
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
