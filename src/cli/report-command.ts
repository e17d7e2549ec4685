import { readdir, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { distinctRecordings, judgeRecordings } from '../gate/judge-recordings.ts';
import { readNamedRecording, renderReports } from '../gate/render-reports.ts';
import { BadInputError } from '../model/problem.ts';
import { hasColours } from '../publish/log.ts';
import { writeReportFiles } from '../publish/report-files.ts';
import { renderConsole } from '../report/console-table.ts';
import { exitCodeOf } from '../verdict/exit-code.ts';
import type { Session } from './session.ts';

/** `rollproof report <path...>`: judges recordings again, prints the table, writes the files where asked to. */
export async function reportCommand(
  { installation, log }: Session,
  paths: readonly string[],
  { output }: { readonly output?: string },
): Promise<number> {
  const files = (await Promise.all(paths.map(recordingsIn))).flat();
  const recordings = distinctRecordings(await Promise.all(files.map(readNamedRecording)));
  const result = judgeRecordings(recordings, installation.version);
  if (output !== undefined) {
    await writeReportFiles(output, renderReports(result, recordings));
    log.line(`report: ${output}/report.html`);
  }
  process.stdout.write(`${renderConsole(result, { colours: hasColours(process.env, process.stdout) })}\n`);
  return exitCodeOf(result);
}

/** A recording itself, or those in a folder: of a run's output, or of recordings. */
async function recordingsIn(path: string): Promise<readonly string[]> {
  for (const folder of [join(path, 'recordings'), path]) {
    if (!(await stat(folder).catch(() => undefined))?.isDirectory()) continue;
    const files = (await readdir(folder)).filter((name) => name.endsWith('.ndjson')).sort();
    if (files.length > 0) return files.map((name) => join(folder, name));
  }
  if ((await stat(path).catch(() => undefined))?.isDirectory()) {
    throw new BadInputError([
      {
        code: 'RP1705',
        what: 'The folder holds no recordings.',
        where: path,
        remedy: 'Give the output folder of a run (it has a folder recordings/), or a .ndjson file.',
      },
    ]);
  }
  return [path];
}
