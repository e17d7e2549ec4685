import { styleText } from 'node:util';
import { plainLine } from './markdown.ts';

/** A thing that was looked at on a machine; its text may quote what programs printed. */
export interface CheckedThing {
  readonly id: string;
  readonly status: 'ok' | 'warn' | 'fail';
  readonly text: string;
  readonly remedy?: string;
}

const COLOURS = { ok: 'green', warn: 'yellow', fail: 'red' } as const;

/** One line for each thing, its remedy below it, and a last line with the sum of it all. */
export function renderChecks(
  checks: readonly CheckedThing[],
  { colours }: { readonly colours: boolean },
): string {
  const lines = checks.flatMap(({ id, status, text, remedy }) => {
    const word = status.padEnd(4);
    const mark = colours ? styleText(COLOURS[status], word, { validateStream: false }) : word;
    return [
      `${mark}  ${id.padEnd(16)}  ${plainLine(text)}`,
      ...(remedy ? [`${' '.repeat(24)}→ ${plainLine(remedy)}`] : []),
    ];
  });
  const count = (status: CheckedThing['status']) => checks.filter((check) => check.status === status).length;
  const sum = count('fail') > 0 ? 'No kind cluster can be made here yet' : 'Kind clusters can be made here';
  return [
    ...lines,
    '',
    `${sum}: ${count('ok')} ok, ${count('warn')} warnings, ${count('fail')} failures.`,
  ].join('\n');
}
