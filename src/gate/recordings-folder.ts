import { mkdir, readdir, rm, unlink } from 'node:fs/promises';
import { join } from 'node:path';
import { REPORT_NAMES } from './render-reports.ts';

/** `01-new-connections-run-1`, as the gate names recordings. */
const OURS = /^\d{2,}-[a-z0-9-]+-run-\d+$/;

/**
 * Makes the folder for a run's recordings and gives its path. What an earlier run left there, in `csv/` and
 * beside them goes, so that no report mixes two runs, and none of an older run lies beside recordings of one that was
 * refused half-way; files that are not of our making stay.
 */
export async function recordingsFolder(outputDir: string): Promise<string> {
  const recordings = join(outputDir, 'recordings');
  for (const [folder, ending] of [
    [recordings, '.ndjson'],
    [join(outputDir, 'csv'), ''],
  ] as const) {
    for (const name of await readdir(folder).catch(() => [])) {
      if (!name.endsWith(ending) || !OURS.test(name.slice(0, name.length - ending.length))) continue;
      await rm(join(folder, name), { recursive: true });
    }
  }
  for (const entry of await readdir(outputDir, { withFileTypes: true }).catch(() => [])) {
    // Reports are written as plain files: a folder or a link of such a name is somebody else's.
    if (entry.isFile() && REPORT_NAMES.includes(entry.name)) await unlink(join(outputDir, entry.name));
  }
  await mkdir(recordings, { recursive: true });
  return recordings;
}
