import { markdownTable } from 'markdown-table';
import { count } from '../model/counted.ts';
import type { GateResult, ResponseTimes, ScenarioResult, Verdict } from '../model/verdict.ts';
import { duration, medianAndTail, NOTHING } from './figures.ts';
import { codeCell } from './markdown.ts';

/** A verdict in words, and the symbol that stands beside them. */
export const VERDICTS: Readonly<
  Record<Verdict, { readonly symbol: string; readonly plain: string; readonly word: string }>
> = {
  pass: { symbol: '✅', plain: '✓', word: 'pass' },
  dropped: { symbol: '❌', plain: '✗', word: 'dropped' },
  'rollout-failed': { symbol: '⛔', plain: '✗', word: 'rollout failed' },
  inconclusive: { symbol: '⚠️', plain: '?', word: 'inconclusive' },
  error: { symbol: '🔧', plain: '!', word: 'error' },
};

/** One row of the table, in words and figures; the name is the user's and not yet inert. */
export interface SummaryRow {
  readonly name: string;
  readonly verdict: Verdict;
  readonly requests: string;
  readonly dropped: string;
  readonly longestOutage: string;
  readonly response: string;
  /** Absent in all rows where no scenario has one, as where nothing is updated. */
  readonly responseDuring?: string;
}

const COLUMNS = [
  'Scenario',
  'Verdict',
  'Requests',
  'Dropped',
  'Longest outage',
  'p50 / p99',
  'p99 during update',
] as const;

/** The heads of the columns that these rows fill: name, verdict and figures. */
export function columnsOf(rows: readonly SummaryRow[]): readonly string[] {
  return rows.some(({ responseDuring }) => responseDuring !== undefined) ? COLUMNS : COLUMNS.slice(0, -1);
}

/** What stands behind name and verdict, in the order of the columns. */
export function figuresOf(row: SummaryRow, dropped = row.dropped): readonly string[] {
  const { requests, longestOutage, response, responseDuring } = row;
  return [
    requests,
    dropped,
    longestOutage,
    response,
    ...(responseDuring === undefined ? [] : [responseDuring]),
  ];
}

/** The rows of the table. Times of several runs are those of the worst run. */
export function summaryRows(scenarios: readonly ScenarioResult[]): readonly SummaryRow[] {
  const slowest = scenarios.map(({ runs }) => worst(runs.map(({ responseDuring }) => responseDuring)));
  const isAny = slowest.some((during) => during !== undefined);
  return scenarios.map((scenario, index) => {
    const during = slowest[index];
    return {
      name: scenario.name,
      verdict: scenario.verdict,
      requests: count(scenario.requests.sent),
      // Where nothing was sent, nothing was dropped either, but a 0 would say that something was measured.
      dropped: scenario.requests.sent === 0 ? NOTHING : count(scenario.requests.dropped),
      longestOutage: scenario.longestOutageMs === 0 ? NOTHING : duration(scenario.longestOutageMs),
      response: medianAndTail(worst(scenario.runs.map(({ response }) => response))),
      ...(isAny && { responseDuring: during ? duration(during.p99Ms) : NOTHING }),
    };
  });
}

/** The table as Markdown, one row per scenario. */
export function summaryTable({ scenarios }: Pick<GateResult, 'scenarios'>): string {
  const rows = summaryRows(scenarios);
  const cells = rows.map((row) => [
    codeCell(row.name),
    `${VERDICTS[row.verdict].symbol} ${VERDICTS[row.verdict].word}`,
    ...figuresOf(row, row.verdict === 'dropped' ? `**${row.dropped}**` : row.dropped),
  ]);
  const columns = columnsOf(rows);
  return markdownTable([columns, ...cells], {
    align: columns.map((_, column) => (column < 2 ? 'l' : 'r')),
    alignDelimiters: false,
    padding: true,
  });
}

function worst(times: readonly (ResponseTimes | undefined)[]): ResponseTimes | undefined {
  return times.reduce(
    (slowest, one) => (one && (!slowest || one.p99Ms > slowest.p99Ms) ? one : slowest),
    undefined,
  );
}
