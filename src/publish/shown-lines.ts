import { posix } from 'node:path';
import type { ChangedFile } from '../platform/github.ts';

/** The lines that a pull request's page of changed files shows, by file: only there an annotation stands beside code. */
export type ShownLines = ReadonlyMap<string, ReadonlySet<number>>;

/** What is shown of the files as they are after the change: what was added, and what stands around it. */
export function shownLines(files: readonly ChangedFile[]): ShownLines {
  return new Map(files.map(({ path, patch = '' }) => [posix.normalize(path), linesOf(patch)]));
}

/** Is the line shown? Paths count from the root of the repository. */
export function isShown(
  shown: ShownLines,
  { file, line }: { readonly file: string; readonly line?: number },
): boolean {
  return line !== undefined && shown.get(posix.normalize(file))?.has(line) === true;
}

function linesOf(patch: string): ReadonlySet<number> {
  const lines = new Set<number>();
  let next = 0;
  for (const text of patch.split('\n')) {
    const [, start] = /^@@ -\d+(?:,\d+)? \+(\d+)(?:,\d+)? @@/.exec(text) ?? [];
    if (start !== undefined) next = Number(start);
    else if (next > 0 && (text.startsWith('+') || text.startsWith(' '))) lines.add(next++);
  }
  return lines;
}
