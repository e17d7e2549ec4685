import { BadInputError, type Problem } from '../../src/model/problem.ts';

/** The problems that an action ends with; an error of another kind is passed on. Empty where it ends well. */
export async function problemsOf(action: () => unknown): Promise<readonly Problem[]> {
  try {
    await action();
    return [];
  } catch (error) {
    if (error instanceof BadInputError) return error.problems;
    throw error;
  }
}

/** `code where` of every problem: enough to tell in a table which rule spoke, and where it points. */
export function codesAndPlaces(problems: readonly Problem[]): string[] {
  return problems.map(({ code, where }) => (where === undefined ? code : `${code} ${where}`));
}
