import { mkdtemp, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { SUMMARY_LIMIT_BYTES, writeJobSummary } from '../../src/publish/job-summary.ts';

let folder: string;
let file: string;

beforeEach(async () => {
  folder = await mkdtemp(path.join(tmpdir(), 'rollproof-summary-'));
  file = path.join(folder, 'summary.md');
});
afterEach(() => rm(folder, { recursive: true }));

describe('the job summary', () => {
  it('is appended to what is there, on lines of its own', async () => {
    await writeFile(file, 'before\n');
    await writeJobSummary(file, () => '### Green');
    await writeJobSummary(file, () => '### Red\n');
    expect(await readFile(file, 'utf8')).toBe('before\n### Green\n### Red\n');
  });

  it('counts bytes, not characters', async () => {
    await writeJobSummary(file, (maxCharacters) => '東'.repeat(maxCharacters));
    const { size } = await stat(file);
    expect(size).toBeLessThanOrEqual(SUMMARY_LIMIT_BYTES);
    expect(size).toBeGreaterThan(SUMMARY_LIMIT_BYTES / 4);
  });

  it('leaves room for what is there already', async () => {
    await writeFile(file, 'x'.repeat(900 * 1024));
    await writeJobSummary(file, (maxCharacters) => 'y'.repeat(maxCharacters));
    expect((await stat(file)).size).toBeLessThanOrEqual(SUMMARY_LIMIT_BYTES + 1);
  });

  it('is refused, and nothing is written, where there is no room', async () => {
    await writeFile(file, 'x'.repeat(SUMMARY_LIMIT_BYTES));
    await expect(writeJobSummary(file, () => '### Green')).rejects.toThrow('no room left');
    expect((await stat(file)).size).toBe(SUMMARY_LIMIT_BYTES);
  });
});
