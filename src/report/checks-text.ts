import { styleText } from 'node:util';
import type { Check } from '../model/check.ts';
import { plural } from '../model/counted.ts';
import { consoleLine } from './console-line.ts';

const COLOURS = { ok: 'green', warn: 'yellow', fail: 'red' } as const;

/** One line for each thing, its remedy below it, and a last line with the sum of it all. */
export function renderChecks(checks: readonly Check[], { colours }: { readonly colours: boolean }): string {
  const width = Math.max(...checks.map(({ id }) => id.length));
  const lines = checks.flatMap(({ id, status, text, remedy }) => {
    const word = status.padEnd(4);
    const mark = colours ? styleText(COLOURS[status], word, { validateStream: false }) : word;
    return [
      `${mark}  ${id.padEnd(width)}  ${consoleLine(text)}`,
      ...(remedy ? [`${' '.repeat('fail'.length + width + 4)}→ ${consoleLine(remedy)}`] : []),
    ];
  });
  const count = (status: Check['status']) => checks.filter((check) => check.status === status).length;
  const sum = count('fail') > 0 ? 'No kind cluster can be made here yet' : 'Kind clusters can be made here';
  return [
    ...lines,
    '',
    `${sum}: ${count('ok')} ok, ${plural(count('warn'), 'warning')}, ${plural(count('fail'), 'failure')}.`,
  ].join('\n');
}
