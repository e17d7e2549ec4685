import { INPUT_NAMES, type InputName, inputOption, longFlag } from './options.ts';
import type { RawInput, RawInputs } from './raw-inputs.ts';

/** An option of the command line, ready to be declared: `new Option(flags, description)`. */
export interface CliOption {
  /** `-f, --manifests <path...>` */
  readonly flags: string;
  /** With the default, where there is one. */
  readonly description: string;
}

/** All options of `rollproof run`, in the order of the help text. */
export const CLI_OPTIONS: readonly CliOption[] = INPUT_NAMES.map((name) => cliOption(name));

/** How an input is written on the command line, and what it is where a command's own default is another one. */
export function cliOption(name: InputName, ownDefault?: string): CliOption {
  const { short, form, placeholder = 'value', description, ...option } = inputOption(name);
  const shownDefault = ownDefault ?? option.shownDefault;
  const isList = form === 'lines' || form === 'words';
  const argument = form === 'flag' ? '' : ` <${placeholder}${isList ? '...' : ''}>`;
  return {
    flags: `${short === undefined ? '' : `${short}, `}${longFlag(name)}${argument}`,
    description: shownDefault === undefined ? description : `${description} (default: ${shownDefault})`,
  };
}

/**
 * The parsed options of a command (an object keyed by `workingDirectory` and the like, as commander gives it) as raw
 * inputs. Keys that are no inputs are other options of the command and are left alone.
 */
export function readCliOptions(parsed: Readonly<Record<string, unknown>>): RawInputs {
  const inputs = new Map<(typeof INPUT_NAMES)[number], RawInput>();
  for (const name of INPUT_NAMES) {
    const given = parsed[camelCase(longFlag(name))];
    if (isGiven(given)) inputs.set(name, { given, label: longFlag(name) });
  }
  return inputs;
}

function camelCase(flag: string): string {
  return flag.slice(2).replaceAll(/-(\w)/g, (_, letter: string) => letter.toUpperCase());
}

function isGiven(given: unknown): given is RawInput['given'] {
  if (typeof given === 'string' || typeof given === 'boolean') return true;
  return Array.isArray(given) && given.every((item) => typeof item === 'string');
}
