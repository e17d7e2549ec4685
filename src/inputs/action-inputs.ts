import { getInput, getMultilineInput } from '@actions/core';
import { didYouMean } from '../model/did-you-mean.ts';
import { BadInputError } from '../model/problem.ts';
import { INPUT_NAMES, inputOption } from './options.ts';
import type { RawInput, RawInputs } from './raw-inputs.ts';

/**
 * The inputs of the Action, as its step got them. An empty input counts as not given: that is how `with:` says
 * "nothing" when a value comes from an expression. Throws BadInputError where an input is misspelt, which the runner
 * only warns about.
 */
export function readActionInputs(
  environment: Readonly<Record<string, string | undefined>> = process.env,
): RawInputs {
  refuseMisspeltInputs(environment);
  const inputs = new Map<(typeof INPUT_NAMES)[number], RawInput>();
  for (const name of INPUT_NAMES) {
    const isList = ['lines', 'words'].includes(inputOption(name).form);
    const given = isList ? getMultilineInput(name) : getInput(name);
    if (given.length > 0) inputs.set(name, { given, label: `input ${name}` });
  }
  return inputs;
}

// Only what is nearly one of ours: other INPUT_ variables may be the user's own.
function refuseMisspeltInputs(environment: Readonly<Record<string, string | undefined>>): void {
  const problems = Object.keys(environment)
    .filter((variable) => variable.startsWith('INPUT_') && environment[variable] !== '')
    .map((variable) => variable.slice('INPUT_'.length).toLowerCase())
    .filter((name) => !INPUT_NAMES.some((known) => known === name))
    .flatMap((name) => {
      const meant = didYouMean(name, INPUT_NAMES);
      return meant === undefined ? [] : [{ name, meant }];
    })
    .map(({ name, meant }) => ({
      code: 'RP1003',
      what: `The Action has no input ${JSON.stringify(name)}.`,
      where: `input ${name}`,
      remedy: `Did you mean ${meant}? All inputs: ${INPUT_NAMES.join(', ')}.`,
    }));
  if (problems.length > 0) throw new BadInputError(problems);
}
