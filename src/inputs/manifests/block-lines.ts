import type { SourcePlace } from '../../model/manifest.ts';

/** A key with nothing behind it, or with a flow that ends on its line. */
const WHOLE_LINES = /^\s*[\w.-]+:\s*(?:#.*|\{[^{}]*(?:\{[^{}]*\}[^{}]*)*\}\s*)?$/;

/**
 * The lines of a YAML key and of everything in it, as they stand in the file. Undefined where it does not have its lines
 * for itself: JSON, or a flow that began before it.
 */
export function blockLines(lines: readonly string[], place: SourcePlace): readonly string[] | undefined {
  const first = lines[place.line - 1];
  const columns = place.column - 1;
  if (first === undefined || first.slice(0, columns).trim() !== '' || !WHOLE_LINES.test(first))
    return undefined;
  const rest = lines.slice(place.line);
  const end = rest.findIndex((line) => line.trim() !== '' && indentOf(line) <= columns);
  const block = [first, ...rest.slice(0, end === -1 ? undefined : end)];
  const last = block.findLastIndex((line) => line.trim() !== '' && !line.trimStart().startsWith('#'));
  return block.slice(0, last + 1).map((line) => line.trimEnd());
}

function indentOf(line: string): number {
  return line.length - line.trimStart().length;
}
