import { randomUUID } from 'node:crypto';
import { mkdir, rename, rm, writeFile } from 'node:fs/promises';
import path from 'node:path';

/** Name of a file in the output folder (`result.json`, `logs/node.txt`) to its content. */
export type ReportFiles = ReadonlyMap<string, string | Uint8Array>;

/**
 * Writes the files into the folder, which is made where it is missing. Each file is whole at every instant: it is
 * written beside its place and then renamed. A name that leads out of the folder is a bug and throws a RangeError
 * before anything is written.
 */
export async function writeReportFiles(folder: string, files: ReportFiles): Promise<void> {
  const root = path.resolve(folder);
  const placed = [...files].map(([name, content]) => ({ target: placeWithin(root, name), content }));
  for (const { target, content } of placed) {
    await mkdir(path.dirname(target), { recursive: true });
    const draft = `${target}.${randomUUID()}.tmp`;
    try {
      await writeFile(draft, content, { flag: 'wx' });
      await rename(draft, target);
    } catch (error) {
      await rm(draft, { force: true });
      throw error;
    }
  }
}

function placeWithin(root: string, name: string): string {
  const target = path.resolve(root, name);
  if (!target.startsWith(root + path.sep))
    throw new RangeError(`report file ${name} would be outside of ${root}`);
  return target;
}
