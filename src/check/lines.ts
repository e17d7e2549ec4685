import type { Suggestion } from '../model/finding.ts';
import type { FieldPath, ManifestObject, SourcePlace } from '../model/manifest.ts';
import { isRecord } from '../model/plain-data.ts';

/** Where lines go: among the keys of a mapping of the object. */
export interface Spot {
  readonly object: ManifestObject;
  readonly path: FieldPath;
}

/** Lines to add to a mapping, with their place in the user's file where that is plain to see. */
export function added(spot: Spot, text: string, yaml: readonly string[]): Suggestion {
  const above = keyLine(spot);
  if (!above) return { text, yaml };
  const { indent, place } = above;
  return { text, yaml, diff: { place, lines: indented('+', yaml, indent) } };
}

/** One key to write anew: `seconds: 1` becomes `seconds: 5`. */
export function changed(spot: Spot, text: string, from: unknown, to: number | string): Suggestion {
  const key = String(spot.path.at(-1));
  const yaml = [`${key}: ${to}`];
  const place = spot.object.placeOf(spot.path);
  const above = spot.object.placeOf(spot.path.slice(0, -1));
  // What a tool rendered has one place for everything; in flow style a line holds more than this key.
  if (place.file !== above.file || place.line <= above.line) return { text, yaml };
  const indent = place.column - 1;
  const lines = [...indented('-', [`${key}: ${from}`], indent), ...indented('+', yaml, indent)];
  return { text, yaml, diff: { place, lines } };
}

/** The line below which further keys of a mapping can stand, and how far they are indented. */
function keyLine({
  object,
  path,
}: Spot): { readonly place: SourcePlace; readonly indent: number } | undefined {
  const mapping = path.reduce<unknown>(
    (value, key) => (typeof value === 'object' && value !== null ? Reflect.get(value, key) : undefined),
    object.content,
  );
  if (!isRecord(mapping)) return undefined;
  const [first, second] = Object.keys(mapping);
  if (first === undefined) return undefined;
  const own = object.placeOf(path);
  const key = object.placeOf([...path, first]);
  if (own.file !== key.file) return undefined;
  // A key of its own line: `spec:`. What belongs to it begins further down.
  if (key.line > own.line) return { place: own, indent: key.column - 1 };
  // An item of a list begins with its first key, which has to end in the same line.
  const next = second === undefined ? undefined : object.placeOf([...path, second]);
  const endsThere = !(typeof mapping[first] === 'object') && next?.line === own.line + 1;
  return endsThere ? { place: own, indent: key.column - 1 } : undefined;
}

function indented(sign: '+' | '-', lines: readonly string[], columns: number): readonly string[] {
  return lines.map((line) => `${sign}${' '.repeat(columns)}${line}`);
}
