import { appendFile, stat } from 'node:fs/promises';
import { fitToBudget, type Render } from './fit-to-budget.ts';

/** GitHub refuses the summary of a step above 1 MiB as a whole; the rest is headroom for what others append. */
export const SUMMARY_LIMIT_BYTES = 960 * 1024;

/**
 * Appends the report to the step's summary file (GITHUB_STEP_SUMMARY), shortened until it fits beside what is there.
 * Rejects where the file cannot be written or has no room.
 */
export async function writeJobSummary(file: string, render: Render): Promise<void> {
  const used = await sizeOf(file);
  const text = fitToBudget(render, SUMMARY_LIMIT_BYTES - used, Buffer.byteLength);
  if (text === undefined)
    throw new Error(`${used} bytes of the step's summary are already used; there is no room left`);
  await appendFile(file, text.endsWith('\n') ? text : `${text}\n`);
}

async function sizeOf(file: string): Promise<number> {
  try {
    return (await stat(file)).size;
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return 0;
    throw error;
  }
}
