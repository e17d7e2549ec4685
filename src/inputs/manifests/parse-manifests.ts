import { type FieldPath, type ManifestObject, placeText, type SourcePlace } from '../../model/manifest.ts';
import { isRecord, property } from '../../model/plain-data.ts';
import { BadInputError, type Problem } from '../../model/problem.ts';
import { given } from '../given.ts';
import { shownValue } from '../shown-value.ts';
import { parseYaml, type YamlDocument } from '../yaml-source.ts';
import { blockLines } from './block-lines.ts';

export interface ManifestText {
  /** As the user calls it. */
  readonly file: string;
  readonly text: string;
  /** Set where a tool made the text: every object then answers with this place. */
  readonly renderedFrom?: SourcePlace;
}

/** The Kubernetes objects in a text, lists expanded. Throws BadInputError with everything that is wrong in it. */
export function parseManifests({ file, text, renderedFrom }: ManifestText): readonly ManifestObject[] {
  // JSON allows tabs between its tokens and nowhere else; YAML does not allow them as indentation.
  const readable = file.endsWith('.json') ? text.replaceAll('\t', ' ') : text;
  const { documents, problems } = parseYaml({ file, text: readable, dialect: 'kubernetes' });
  const lines = readable.split('\n');
  const objects: ManifestObject[] = [];
  const wrong = [...problems];
  for (const document of documents) {
    for (const path of objectPaths(document.value)) {
      const object = toObject(document, path, { lines, renderedFrom });
      if ('code' in object) wrong.push(object);
      else objects.push(object);
    }
  }
  if (wrong.length === 0) return objects;
  throw new BadInputError(text.includes('{{') ? [templateProblem(file, wrong)] : wrong);
}

/** Where the objects of a document are: the document itself, or the items of the list that it is. */
function objectPaths(value: unknown): readonly FieldPath[] {
  const kind = property(value, 'kind');
  const items = property(value, 'items');
  if (typeof kind !== 'string' || !kind.endsWith('List') || !Array.isArray(items)) return [[]];
  return items.map((_, index) => ['items', index]);
}

function toObject(
  document: YamlDocument,
  base: FieldPath,
  {
    lines,
    renderedFrom,
  }: { readonly lines: readonly string[]; readonly renderedFrom: SourcePlace | undefined },
): ManifestObject | Problem {
  const content = property(document.value, ...base.map(String));
  const placeOf = (path: FieldPath) => renderedFrom ?? document.placeOf([...base, ...path]);
  const linesOf = (path: FieldPath) => (renderedFrom ? undefined : blockLines(lines, placeOf(path)));
  const place = placeOf([]);
  if (!isRecord(content)) return noObjectProblem('It is no mapping.', place);
  const { apiVersion, kind } = content;
  const name = property(content, 'metadata', 'name');
  const namespace = property(content, 'metadata', 'namespace');
  if (typeof apiVersion !== 'string') return fieldProblem('apiVersion', apiVersion, placeOf(['apiVersion']));
  if (typeof kind !== 'string') return fieldProblem('kind', kind, placeOf(['kind']));
  if (typeof name !== 'string' || name === '') {
    return fieldProblem('metadata.name', name, placeOf(['metadata', 'name']));
  }
  if (namespace !== undefined && namespace !== null && typeof namespace !== 'string') {
    return fieldProblem('metadata.namespace', namespace, placeOf(['metadata', 'namespace']));
  }
  if (name.includes('{{')) return noObjectProblem('Its name is a template.', place);
  return {
    apiVersion,
    kind,
    name,
    ...given('namespace', namespace || undefined),
    content,
    place,
    placeOf,
    linesOf,
  };
}

function fieldProblem(field: string, value: unknown, place: SourcePlace): Problem {
  const problem = noObjectProblem(`${field} has to be text, not ${shownValue(value)}.`, place);
  return MEANT_AS_TEXT.has(typeof value)
    ? { ...problem, remedy: `Quote ${field}: unquoted, YAML does not read it as text.` }
    : problem;
}

/** Whoever wrote such a value wrote a word, and YAML reads more into it. */
const MEANT_AS_TEXT: ReadonlySet<string> = new Set(['number', 'bigint', 'boolean']);

function noObjectProblem(why: string, place: SourcePlace): Problem {
  return {
    code: 'RP1030',
    what: `${place.file} holds something that is no Kubernetes object.`,
    where: placeText(place),
    why,
    remedy: 'Every object needs apiVersion, kind and metadata.name; name only files of such objects.',
  };
}

function templateProblem(file: string, [first]: readonly Problem[]): Problem {
  return {
    code: 'RP1032',
    what: `${file} is a template, not a manifest.`,
    ...given('where', first?.where),
    why: 'It holds {{ … }}, and is not valid without rendering.',
    remedy: 'Render it first and give the result: helm template . | rollproof run -f -',
  };
}
