import type { z } from 'zod';
import { didYouMean } from '../model/did-you-mean.ts';
import { type FieldPath, placeText } from '../model/manifest.ts';
import { property } from '../model/plain-data.ts';
import { BadInputError, type Problem } from '../model/problem.ts';
import { type Config, configSchema, expectationAt } from './config-schema.ts';
import { INPUT_NAMES, inputOption } from './options.ts';
import { shownValue } from './shown-value.ts';
import { parseYaml, type YamlDocument } from './yaml-source.ts';

/** A checked config file that still knows where everything stands. */
export interface ConfigFile {
  /** As the user calls it. */
  readonly file: string;
  readonly config: Config;
  /** `rollproof.yml:12:3` of a field. */
  whereIs(path: FieldPath): string;
}

/** Checks the text of a config file. Throws BadInputError with everything that is wrong in it. */
export function parseConfigFile(file: string, text: string): ConfigFile {
  const { documents, problems } = parseYaml({ file, text, dialect: 'config' });
  if (problems.length > 0) throw new BadInputError(problems);
  const [document, second] = documents;
  if (!document) throw new BadInputError([emptyProblem(file)]);
  if (second) throw new BadInputError([secondDocumentProblem(placeText(second.placeOf([])))]);
  const whereIs = (path: FieldPath) => placeText(document.placeOf(path));
  const secrets = secretProblems(document.value, whereIs);
  if (secrets.length > 0) throw new BadInputError(secrets);
  const parsed = configSchema.safeParse(document.value);
  if (!parsed.success)
    throw new BadInputError(parsed.error.issues.flatMap((issue) => issueProblems(issue, document)));
  return { file, config: parsed.data, whereIs };
}

function issueProblems(issue: z.core.$ZodIssue, document: YamlDocument): Problem[] {
  const path = issue.path.filter((step) => typeof step !== 'symbol');
  if (issue.code === 'unrecognized_keys' && !isInsideUpdate(path)) {
    return issue.keys.map((key) => unknownKeyProblem([...path, key], document));
  }
  const value = property(document.value, ...path.map(String));
  const name = fieldName(path);
  const isMissing = value === undefined;
  const isText = typeof value === 'string';
  const isWrongType = issue.code === 'invalid_type' || (issue.code === 'invalid_union' && !isText);
  return [
    {
      code: isWrongType ? 'RP1005' : 'RP1006',
      what: isMissing
        ? `${name} is missing; it has to be ${expectationAt(path) ?? 'given'}.`
        : `${name} has to be ${expectationAt(path) ?? 'something else'}, not ${shownValue(value)}.`,
      where: placeText(document.placeOf(path)),
      remedy: isMissing ? `Add ${name}.` : `Correct ${name}.`,
    },
  ];
}

function unknownKeyProblem(path: FieldPath, document: YamlDocument): Problem {
  const key = String(path.at(-1));
  const allowed = allowedKeys(path.slice(0, -1));
  return {
    code: 'RP1003',
    what: `Unknown key ${shownValue(key)}.`,
    where: placeText(document.placeOf(path)),
    remedy: `${suggestion(key, allowed)}Allowed here: ${allowed.join(', ')}.`,
  };
}

/** The right word, or the right place for it. */
function suggestion(key: string, allowed: readonly string[]): string {
  const here = didYouMean(key, allowed);
  if (here !== undefined) return `Did you mean ${JSON.stringify(here)}? `;
  const elsewhere = didYouMean(key, INPUT_NAMES);
  const path = (elsewhere && inputOption(elsewhere).configPath) ?? [];
  const [section] = path;
  if (section === undefined) return '';
  const place = path.length === 1 ? 'at the top of the file' : `under ${JSON.stringify(section)}`;
  return `Did you mean ${JSON.stringify(elsewhere)} ${place}? `;
}

/** The keys of the mapping at a path; lists are passed through. */
function allowedKeys(path: FieldPath): string[] {
  const [section] = path;
  if (section === undefined) return Object.keys(configSchema.shape);
  switch (section) {
    case 'cluster':
    case 'app':
    case 'probe':
    case 'report':
      return Object.keys(configSchema.shape[section].unwrap().shape);
    case 'scenarios':
      return Object.keys(configSchema.shape.scenarios.unwrap().element.shape);
    default:
      return [];
  }
}

function isInsideUpdate(path: FieldPath): boolean {
  return path.at(-1) === 'update';
}

function fieldName(path: FieldPath): string {
  if (path.length === 0) return 'the config file';
  return path
    .map((step, index) => (typeof step === 'number' ? `[${step}]` : index === 0 ? step : `.${step}`))
    .join('');
}

/** What GitHub's tokens look like. */
const SECRET = /\b(gh[pousr]_[A-Za-z0-9]{16,}|github_pat_[A-Za-z0-9_]{16,})/;

function secretProblems(value: unknown, whereIs: ConfigFile['whereIs'], path: FieldPath = []): Problem[] {
  if (typeof value === 'string' && SECRET.test(value)) {
    return [
      {
        code: 'RP1009',
        what: 'There is a token of GitHub in the config file.',
        where: whereIs(path),
        why: 'The file is committed: everyone who can read the repository can use the token.',
        remedy: 'Revoke the token now, and give one as the input github-token where it is needed.',
      },
    ];
  }
  if (typeof value !== 'object' || value === null) return [];
  return Object.entries(value).flatMap(([key, item]) =>
    secretProblems(item, whereIs, [...path, Array.isArray(value) ? Number(key) : key]),
  );
}

function emptyProblem(file: string): Problem {
  return {
    code: 'RP1002',
    what: `The config file ${file} is empty.`,
    where: file,
    remedy: 'Write at least "version: 1", or remove the file.',
  };
}

function secondDocumentProblem(where: string): Problem {
  return {
    code: 'RP1018',
    what: 'The config file holds more than one document.',
    where,
    remedy: 'Remove the --- and what follows it.',
  };
}
