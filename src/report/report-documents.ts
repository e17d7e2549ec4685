import type { GateResult } from '../model/verdict.ts';
import { renderCheckCsv, renderUpdateCsv } from './csv.ts';
import { type RunRecording, renderHtml } from './html.ts';
import { renderJunit } from './junit.ts';
import { renderJson } from './result-json.ts';
import { renderSummary } from './summary.ts';

/**
 * Every file of the report folder, by its name in it: result.json, report.md, report.html, junit.xml, and
 * check.csv and update.csv: at the top for a single recording, else in one folder per recording.
 */
export function reportDocuments(
  result: GateResult,
  recordings: readonly RunRecording[],
): ReadonlyMap<string, string> {
  const tables = recordings.flatMap(({ entries }, index): readonly (readonly [string, string])[] => {
    const folder = recordings.length === 1 ? '' : `csv/${folderName(entries, index)}/`;
    return [
      [`${folder}check.csv`, renderCheckCsv(entries)],
      [`${folder}update.csv`, renderUpdateCsv(entries)],
    ];
  });
  return new Map([
    ['result.json', renderJson(result)],
    ['report.md', renderSummary(result)],
    ['report.html', renderHtml(result, recordings)],
    ['junit.xml', renderJunit(result)],
    ...tables,
  ]);
}

/** Numbered, so that two names never become one; only letters and digits of the name are kept. */
function folderName(entries: RunRecording['entries'], index: number): string {
  const header = entries.find((entry) => entry.kind === 'header');
  const name = (header?.scenario.name ?? '')
    .toLowerCase()
    .replace(/[^a-z0-9]+/g, '-')
    .slice(0, 50);
  const number = String(index + 1).padStart(2, '0');
  return `${number}-${name.replace(/^-|-$/g, '') || 'scenario'}-run-${header?.run ?? 0}`;
}
