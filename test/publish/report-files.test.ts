import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { writeReportFiles } from '../../src/publish/report-files.ts';

let folder: string;

beforeEach(async () => {
  folder = await mkdtemp(path.join(tmpdir(), 'rollproof-report-'));
});
afterEach(() => rm(folder, { recursive: true }));

describe('the files of a report', () => {
  it('are written into a folder that is made where it is missing, replacing older ones', async () => {
    const output = path.join(folder, 'a', 'b');
    await writeReportFiles(output, new Map([['report.md', 'old']]));
    await writeReportFiles(
      output,
      new Map([
        ['report.md', 'new'],
        ['logs/node.txt', 'log'],
      ]),
    );
    expect(await readFile(path.join(output, 'report.md'), 'utf8')).toBe('new');
    expect(await readFile(path.join(output, 'logs', 'node.txt'), 'utf8')).toBe('log');
  });

  it('leave no drafts behind, also where writing fails', async () => {
    await writeFile(path.join(folder, 'keep.txt'), 'user');
    await expect(writeReportFiles(folder, new Map([['keep.txt/report.md', 'x']]))).rejects.toThrow();
    await writeReportFiles(folder, new Map([['report.md', 'x']]));
    expect(await readdir(folder)).toEqual(['keep.txt', 'report.md']);
  });

  it.each(['../outside.md', '/etc/outside.md', 'a/../../outside.md', '.', ''])(
    'never leave the folder: %j',
    async (name) => {
      const files = new Map([
        ['fine.md', 'x'],
        [name, 'x'],
      ]);
      await expect(writeReportFiles(folder, files)).rejects.toThrow(RangeError);
      expect(await readdir(folder)).toEqual([]);
    },
  );
});
