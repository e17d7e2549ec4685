import {
  Composer,
  type CST,
  type Document,
  isAlias,
  isMap,
  isSeq,
  Lexer,
  LineCounter,
  type Pair,
  Parser,
  type Tags,
  type YAMLMap,
} from 'yaml';
import { type FieldPath, placeText, type SourcePlace } from '../model/manifest.ts';
import type { Problem } from '../model/problem.ts';
import { type Fault, keyText, offsetOf, readPlainData } from './yaml-plain-data.ts';

/** Where a text is from and how its plain scalars are read. */
export interface YamlSource {
  /** As the user calls it. */
  readonly file: string;
  readonly text: string;
  /**
   * `kubernetes`: as kubectl reads it (`yes` is true, 0644 is octal, `<<` merges; 1:30 and dates are text).
   * `config`: YAML 1.2 without octal and hexadecimal numbers.
   */
  readonly dialect: 'kubernetes' | 'config';
}

/** One YAML document: plain data, and where each part of it stands. */
export interface YamlDocument {
  readonly value: unknown;
  placeOf(path: FieldPath): SourcePlace;
}

export interface YamlResult {
  readonly documents: readonly YamlDocument[];
  readonly problems: readonly Problem[];
}

/** Bounds that no honest file reaches; they keep a hostile one from costing more than a blink. */
const MAX_DOCUMENTS = 200;
const MAX_TOKENS = 150_000;
const MAX_ANCHORS = 1000;
const MAX_DEPTH = 100;
const MAX_SYNTAX_PROBLEMS = 5;

/** Parses one file of YAML or JSON. Never throws; whatever is wrong is a problem with its place. */
export function parseYaml(source: YamlSource): YamlResult {
  const lines = new LineCounter();
  const place = (offset: number): SourcePlace => {
    const { line, col } = lines.linePos(offset);
    return { file: source.file, line: Math.max(line, 1), column: Math.max(col, 1) };
  };
  const tokens = tokenize(source, lines);
  if ('limit' in tokens) {
    return { documents: [], problems: [limitProblem(tokens.limit, place(tokens.offset))] };
  }
  const documents: YamlDocument[] = [];
  const problems: Problem[] = [];
  // Unique keys are checked below: the library compares every key with every other one.
  const composer = new Composer({
    ...dialectOptions(source.dialect),
    uniqueKeys: false,
    prettyErrors: false,
    logLevel: 'silent',
  });
  for (const document of composer.compose(tokens.tokens)) {
    const wrong = documentProblems(document, place);
    if (wrong.length > 0) problems.push(...wrong);
    else {
      const { value, faults } = readPlainData(document);
      problems.push(...faults.map((fault) => faultProblem(fault, place)));
      if (value !== null) documents.push({ value, placeOf: (path) => place(findOffset(document, path)) });
    }
  }
  return problems.length > 0 ? { documents: [], problems } : { documents, problems };
}

type Tokens = { readonly tokens: readonly CST.Token[] } | { readonly limit: string; readonly offset: number };

/** The library's own first two steps, taken by hand so that they can be stopped in time. */
function tokenize({ text }: YamlSource, lines: LineCounter): Tokens {
  lines.addNewLine(0);
  const parser = new Parser(lines.addNewLine);
  const tokens: CST.Token[] = [];
  let lexemes = 0;
  let anchors = 0;
  for (const lexeme of new Lexer().lex(text)) {
    const offset = parser.offset;
    if (++lexemes > MAX_TOKENS) return { limit: `it has more than ${MAX_TOKENS} tokens`, offset };
    if (/^[&*]/.test(lexeme) && ++anchors > MAX_ANCHORS) {
      return { limit: `it has more than ${MAX_ANCHORS} anchors and aliases`, offset };
    }
    for (const token of parser.next(lexeme)) tokens.push(token);
    if (parser.stack.length > MAX_DEPTH)
      return { limit: `it is nested deeper than ${MAX_DEPTH} levels`, offset };
    if (tokens.length > MAX_TOKENS) return { limit: `it has more than ${MAX_TOKENS} parts`, offset };
  }
  for (const token of parser.end()) tokens.push(token);
  const documents = tokens.filter(({ type }) => type === 'document');
  const excess = documents[MAX_DOCUMENTS];
  if (excess) return { limit: `it has more than ${MAX_DOCUMENTS} documents`, offset: excess.offset };
  return { tokens };
}

const PLAIN_TAGS = /^tag:yaml\.org,2002:(null|bool|int|float|str|map|seq|merge)$/;

function dialectOptions(dialect: YamlSource['dialect']) {
  if (dialect === 'config') {
    const customTags = (tags: Tags) => tags.filter((tag) => !['OCT', 'HEX'].includes(formatOf(tag)));
    return { version: '1.2', schema: 'core', customTags } as const;
  }
  const customTags = (tags: Tags) =>
    tags.filter((tag) => typeof tag === 'string' || (PLAIN_TAGS.test(tag.tag) && formatOf(tag) !== 'TIME'));
  return { version: '1.1', schema: 'yaml-1.1', customTags } as const;
}

function formatOf(tag: Tags[number]): string {
  return typeof tag === 'object' && 'format' in tag ? (tag.format ?? '') : '';
}

function documentProblems(document: Document.Parsed, place: (offset: number) => SourcePlace): Problem[] {
  const [tag] = document.warnings;
  if (tag) return [tagProblem(place(tag.pos[0]))];
  const some = document.errors.slice(0, MAX_SYNTAX_PROBLEMS);
  // What is wrong twice at one place is one mistake.
  const mistakes = some.filter(
    ({ pos }, index) => some.findIndex((other) => other.pos[0] === pos[0]) === index,
  );
  return mistakes.map(({ code, message, pos }) =>
    code === 'RESOURCE_EXHAUSTION'
      ? limitProblem('it is nested too deeply', place(pos[0]))
      : syntaxProblem(message, place(pos[0])),
  );
}

function faultProblem(fault: Fault, place: (offset: number) => SourcePlace): Problem {
  const at = place(fault.offset);
  switch (fault.kind) {
    case 'duplicate-key':
      return duplicateProblem(fault.key, at, place(fault.firstOffset));
    case 'complex-key':
      return complexKeyProblem(at);
    case 'prototype-key':
      return prototypeProblem(at);
    case 'unresolved-alias':
      return syntaxProblem('There is no anchor of this name before the alias.', at);
    case 'bad-merge':
      return syntaxProblem('Only a mapping, or a list of them, can be merged with <<.', at);
    case 'circular':
      return limitProblem('an alias stands inside of what it repeats', at);
    case 'too-large':
      return limitProblem('its aliases multiply', at);
  }
}

/** Offset of a field's key or of a list's item; of the nearest ancestor that exists where it does not. */
function findOffset(document: Document.Parsed, path: FieldPath): number {
  let node: unknown = document.contents;
  let offset = offsetOf(node) ?? 0;
  for (const step of path) {
    if (isAlias(node)) node = node.resolve(document);
    if (isMap(node)) {
      const pair = findPair(node, document, String(step));
      if (!pair) break;
      offset = offsetOf(pair.key) ?? offset;
      node = pair.value;
    } else if (isSeq(node)) {
      const item = node.items[Number(step)];
      if (item === undefined) break;
      offset = offsetOf(item) ?? offset;
      node = item;
    } else break;
  }
  return offset;
}

function findPair(map: YAMLMap, document: Document.Parsed, key: string, depth = 0): Pair | undefined {
  const own = map.items.find((pair) => keyText(pair.key) === key);
  if (own || depth > MAX_DEPTH) return own;
  for (const { key: merge, value } of map.items) {
    if (keyText(merge) !== '<<') continue;
    const source = isAlias(value) ? value.resolve(document) : value;
    const inherited = isMap(source) ? findPair(source, document, key, depth + 1) : undefined;
    if (inherited) return inherited;
  }
  return undefined;
}

function syntaxProblem(message: string, place: SourcePlace): Problem {
  return {
    code: 'RP1007',
    what: `${place.file} is not valid YAML.`,
    where: placeText(place),
    why: `${message.split('\n', 1)[0]?.slice(0, 200) ?? ''}`,
    remedy: 'Correct the syntax there.',
  };
}

function limitProblem(limit: string, place: SourcePlace): Problem {
  return {
    code: 'RP1008',
    what: `${place.file} is refused: ${limit}.`,
    where: placeText(place),
    why: 'Rollproof reads files that may come from a stranger, and bounds what they can cost.',
    remedy: 'Split the file, or write out what its anchors repeat.',
  };
}

function tagProblem(place: SourcePlace): Problem {
  return {
    code: 'RP1008',
    what: `${place.file} has a YAML tag that Rollproof does not know.`,
    where: placeText(place),
    why: 'Only the tags of plain data are read; others make objects out of text.',
    remedy: 'Write the value without a tag.',
  };
}

function duplicateProblem(key: string, place: SourcePlace, first: SourcePlace): Problem {
  return {
    code: 'RP1004',
    what: `The key ${JSON.stringify(key.slice(0, 60))} stands twice in one mapping.`,
    where: placeText(place),
    why: `It is already in line ${first.line}; one of the two would silently be lost.`,
    remedy: 'Remove one of them.',
  };
}

function complexKeyProblem(place: SourcePlace): Problem {
  return {
    code: 'RP1007',
    what: `${place.file} has a key that is no text.`,
    where: placeText(place),
    why: 'A mapping or a list as a key has no meaning in Kubernetes objects or in the config file.',
    remedy: 'Quote the key if it was meant as text.',
  };
}

function prototypeProblem(place: SourcePlace): Problem {
  return {
    code: 'RP1003',
    what: 'Unknown key "__proto__".',
    where: placeText(place),
    remedy: 'Remove the key.',
  };
}
