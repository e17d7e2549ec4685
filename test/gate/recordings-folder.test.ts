import { mkdirSync, readdirSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { recordingsFolder } from '../../src/gate/recordings-folder.ts';
import { tempFolder } from '../support/temp-folder.ts';

it('what an earlier run left goes, what is not ours stays', async () => {
  const output = tempFolder();
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

it('no report of an earlier run stays beside the recordings of one that may be refused before it has its own', async () => {
  const output = tempFolder();
  const reports = ['result.json', 'report.md', 'report.html', 'junit.xml', 'check.csv', 'update.csv'];
  for (const file of [...reports, 'README.md', 'report.pdf', 'old-result.json']) {
    writeFileSync(join(output, file), '');
  }
  await recordingsFolder(output);
  expect(readdirSync(output).sort()).toEqual(['README.md', 'old-result.json', 'recordings', 'report.pdf']);
});

it('folders and links that are called like a report stay: no run writes such', async () => {
  const output = tempFolder();
  mkdirSync(join(output, 'junit.xml'));
  writeFileSync(join(output, 'mine.md'), '');
  symlinkSync('mine.md', join(output, 'report.md'));
  await recordingsFolder(output);
  expect(readdirSync(output).sort()).toEqual(['junit.xml', 'mine.md', 'recordings', 'report.md']);
});

it('makes the folder where there is none', async () => {
  const output = join(tempFolder(), 'new');
  expect(readdirSync(await recordingsFolder(output))).toEqual([]);
});
