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
  readonly responseDuring: string;
}

export const COLUMNS = [
  'Scenario',
  'Verdict',
  'Requests',
  'Dropped',
  'Longest outage',
  'p50 / p99',
  'p99 during update',
] as const;

/** The rows of the table. Times of several runs are those of the worst run. */
export function summaryRows(scenarios: readonly ScenarioResult[]): readonly SummaryRow[] {
  return scenarios.map((scenario) => {
    const during = worst(scenario.runs.map(({ responseDuring }) => responseDuring));
    return {
      name: scenario.name,
      verdict: scenario.verdict,
      requests: count(scenario.requests.sent),
      // Where nothing was sent, nothing was dropped either, but a 0 would say that something was measured.
      dropped: scenario.requests.sent === 0 ? NOTHING : count(scenario.requests.dropped),
      longestOutage: scenario.longestOutageMs === 0 ? NOTHING : duration(scenario.longestOutageMs),
      response: medianAndTail(worst(scenario.runs.map(({ response }) => response))),
      responseDuring: during ? duration(during.p99Ms) : NOTHING,
    };
  });
}

/** The table as Markdown, one row per scenario. */
export function summaryTable({ scenarios }: Pick<GateResult, 'scenarios'>): string {
  const rows = summaryRows(scenarios).map((row) => [
    codeCell(row.name),
    `${VERDICTS[row.verdict].symbol} ${VERDICTS[row.verdict].word}`,
    row.requests,
    row.verdict === 'dropped' ? `**${row.dropped}**` : row.dropped,
    row.longestOutage,
    row.response,
    row.responseDuring,
  ]);
  return markdownTable([[...COLUMNS], ...rows], {
    align: ['l', 'l', 'r', 'r', 'r', 'r', 'r'],
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
