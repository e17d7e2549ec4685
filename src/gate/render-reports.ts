import { basename } from 'node:path';
import type { RecordingEntry } from '../model/recording.ts';
import type { GateResult } from '../model/verdict.ts';
import { readRecording } from '../recording/read-recording.ts';
import { renderCheckCsv, renderUpdateCsv } from '../report/csv.ts';
import { renderHtml } from '../report/html.ts';
import { renderJunit } from '../report/junit.ts';
import { renderJson } from '../report/result-json.ts';
import { renderSummary } from '../report/summary.ts';

/** A recording as the reports take it. */
export interface NamedRecording {
  /** File name without folder and ending: `01-new-connections-run-1`. */
  readonly name: string;
  readonly entries: readonly RecordingEntry[];
}

/** Reads a recording. Throws BadInputError where the file is none. */
export async function readNamedRecording(path: string): Promise<NamedRecording> {
  return { name: basename(path, '.ndjson'), entries: (await readRecording(path)).entries };
}

/** What `renderReports` puts directly into the output folder, of whatever run. */
export const REPORT_NAMES: readonly string[] = [
  'result.json',
  'report.md',
  'report.html',
  'junit.xml',
  'check.csv',
  'update.csv',
];

/** Every report file by its name in the output folder. Pure: the same result and recordings give the same bytes. */
export function renderReports(
  result: GateResult,
  recordings: readonly NamedRecording[],
): ReadonlyMap<string, string> {
  const files = new Map([
    ['result.json', renderJson(result)],
    ['report.md', renderSummary(result)],
    ['report.html', renderHtml(result, recordings)],
    ['junit.xml', renderJunit(result)],
  ]);
  const own = recordings.filter(({ entries: [first] }) => !isTrial(first));
  for (const { name, entries } of recordings) {
    // One run is what the first experiment's plotting script expects: its two files, by their names.
    const folder = own.length === 1 && own[0]?.name === name ? '' : `csv/${name}/`;
    files.set(`${folder}check.csv`, renderCheckCsv(entries));
    files.set(`${folder}update.csv`, renderUpdateCsv(entries));
  }
  return files;
}

function isTrial(first: RecordingEntry | undefined): boolean {
  return first?.kind === 'header' && first.trial !== undefined;
}
