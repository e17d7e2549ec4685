import type { Problem } from '../model/problem.ts';
import { INPUT_NAMES, type InputName, type InputOption, type InputValues, inputOption } from './options.ts';
import { shownValue } from './shown-value.ts';

/** An input as a face got it: nothing checked yet. */
export interface RawInput {
  /** What was written: one text, the items of a list, or the presence of a flag. */
  readonly given: string | readonly string[] | boolean;
  /** How the user calls it: `--rate`, `input rate`. */
  readonly label: string;
}

export type RawInputs = ReadonlyMap<InputName, RawInput>;

/** Checks every input against its schema and gives the values together with all that is wrong. */
export function parseInputs(raw: RawInputs): {
  readonly values: InputValues;
  readonly problems: readonly Problem[];
} {
  const values: Record<string, unknown> = {};
  const problems: Problem[] = [];
  for (const name of INPUT_NAMES) {
    const input = raw.get(name);
    if (!input) continue;
    const option = inputOption(name);
    const parsed = option.value.schema.safeParse(fromText(option, input.given));
    if (parsed.success) values[name] = parsed.data;
    else problems.push(wrongInput(name, input));
  }
  return { values, problems };
}

function wrongInput(name: InputName, { given, label }: RawInput): Problem {
  const { value, shownDefault } = inputOption(name);
  const shown = name === 'github-token' ? 'what it got' : shownValue(given);
  return {
    code: 'RP1006',
    what: `${label} has to be ${value.expects}, not ${shown}.`,
    where: label,
    remedy: `Correct ${label}${shownDefault === undefined ? '' : `, or leave it out for ${shownDefault}`}.`,
  };
}

/** Text in the form that the config file would have; what does not fit stays text, which the schema refuses. */
function fromText({ form }: InputOption, given: RawInput['given']): unknown {
  if (typeof given === 'boolean') return given;
  switch (form) {
    case 'lines':
      return items([given].flat(), '\n');
    case 'words':
      return items([given].flat(), /[\n,]/);
    case 'number':
      return typeof given === 'string' && /^-?\d{1,15}(\.\d{1,6})?$/.test(given.trim())
        ? Number(given)
        : given;
    case 'flag':
    case 'switch':
      return given === 'true' ? true : given === 'false' ? false : given;
    case 'text':
      return given;
  }
}

function items(parts: readonly string[], separator: string | RegExp): string[] {
  return parts
    .flatMap((part) => part.split(separator))
    .map((item) => item.trim())
    .filter((item) => item !== '');
}
