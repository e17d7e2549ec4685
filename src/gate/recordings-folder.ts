import { mkdir, readdir, rm } from 'node:fs/promises';
import { join } from 'node:path';

/** `01-new-connections-run-1`, as the gate names recordings. */
const OURS = /^\d{2,}-[a-z0-9-]+-run-\d+$/;

/**
 * Makes the folder for a run's recordings and gives its path. What an earlier run left there and in `csv/` goes, so
 * that no report mixes two runs; files that are not of our making stay.
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
  await mkdir(recordings, { recursive: true });
  return recordings;
}
