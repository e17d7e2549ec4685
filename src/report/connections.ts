import { markdownTable } from 'markdown-table';
import { count, plural } from '../model/counted.ts';
import type { PodConnections, RunResult, Spread } from '../model/verdict.ts';
import { codeCell } from './markdown.ts';

/** Pods of one table; more of them help nobody. */
const ROW_LIMIT = 50;

/** What became of a run's long-lived connections, in sentences; none where they were not told of. */
export function connectionSentences({ connections }: RunResult): readonly string[] {
  if (!connections) return [];
  const { opened, lost, lostBy, lasting, failed, unknown, lostSpread, lastingSpread } = connections;
  const ways = Object.entries(lostBy).map(([how, number]) => `${count(number)} ${how}`);
  const nobodys = unknown.lost + unknown.lasting;
  return [
    `Connections: ${count(opened)} opened, ${count(lost)} lost since the update${ways.length === 0 ? '' : ` (${ways.join(', ')})`}, ${count(lasting)} lasting, ${plural(failed, 'attempt')} to connect in vain.`,
    ...(lostSpread ? [`Lost per old pod: ${spread(lostSpread)}.`] : []),
    ...(lastingSpread ? [`Lasting per new pod: ${spread(lastingSpread)}.`] : []),
    ...(nobodys === 0 ? [] : [`Of ${plural(nobodys, 'connection')} the pod is not known.`]),
  ];
}

/** The pods of that table: those that had connections, and all that could have had some. */
export function connectionRows({ connections }: RunResult): readonly PodConnections[] {
  return connections?.pods.slice(0, ROW_LIMIT) ?? [];
}

/** The same as a table in Markdown with its sentences; empty where there is nothing to tell. */
export function connectionTable(run: RunResult): readonly string[] {
  const rows = connectionRows(run);
  if (rows.length === 0) return connectionSentences(run).flatMap((sentence) => [sentence, '']);
  return [
    markdownTable(
      [
        ['Pod', '', 'Connections lost', 'Lasting'],
        ...rows.map(({ name, generation, lost, lasting }) => [
          codeCell(name),
          generation,
          count(lost),
          count(lasting),
        ]),
      ],
      { align: ['l', 'l', 'r', 'r'], alignDelimiters: false },
    ),
    '',
    connectionSentences(run).join(' '),
    '',
  ];
}

function spread({ min, max, mean, stddev }: Spread): string {
  return `${count(min)} to ${count(max)}, mean ${decimal(mean)}, standard deviation ${decimal(stddev)}`;
}

function decimal(figure: number): string {
  return String(Math.round(figure * 10) / 10);
}
