import { mkdirSync, mkdtempSync, readdirSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { recordingsFolder } from '../../src/gate/recordings-folder.ts';

it('what an earlier run left goes, what is not ours stays', async () => {
  const output = mkdtempSync(join(tmpdir(), 'rollproof-output-'));
  for (const folder of ['recordings', 'csv/01-old-run-1', 'csv/mine']) {
    mkdirSync(join(output, folder), { recursive: true });
  }
  for (const file of ['01-old-run-1.ndjson', '12-old-run-10.ndjson', 'mine.ndjson', 'notes.md']) {
    writeFileSync(join(output, 'recordings', file), '');
  }
  const folder = await recordingsFolder(output);
  expect(readdirSync(folder).sort()).toEqual(['mine.ndjson', 'notes.md']);
  expect(readdirSync(join(output, 'csv'))).toEqual(['mine']);
});

it('makes the folder where there is none', async () => {
  const output = join(mkdtempSync(join(tmpdir(), 'rollproof-output-')), 'new');
  expect(readdirSync(await recordingsFolder(output))).toEqual([]);
});
