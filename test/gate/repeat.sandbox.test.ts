import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { judgeRecordings } from '../../src/gate/judge-recordings.ts';
import { readNamedRecording } from '../../src/gate/render-reports.ts';
import { renderConsole } from '../../src/report/console-table.ts';
import { gateOnSandbox } from '../support/gate-on-sandbox.ts';

const gate = gateOnSandbox();

it('repeats stop after a run that drops requests, and reports say how many were not made', async () => {
  const { row, result, outputDir } = await gate({ planned: { repeat: 3 } });
  expect(row.verdict, JSON.stringify(row.reasons)).toBe('dropped');
  expect(row.runs.at(-1)?.verdict).toBe('dropped');
  expect(row.runs.length + (row.runsNotMade ?? 0)).toBe(3);
  expect(row.runsNotMade).toBeGreaterThan(0);
  expect(row.replacements?.withDrops).toBeGreaterThan(0);
  expect(renderConsole(result, { colours: false })).toMatch(/\d planned runs? (was|were) not made/);
  const folder = join(outputDir, 'recordings');
  const files = (await readdir(folder)).sort();
  expect(files).toHaveLength(row.runs.length);
  const recordings = await Promise.all(files.map((file) => readNamedRecording(join(folder, file))));
  expect(judgeRecordings(recordings, '0.0.0').scenarios).toEqual(result.scenarios);
}, 120_000);
