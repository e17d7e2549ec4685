import type { RunResult } from '../model/verdict.ts';

/** How a run ended, in a line: its verdict and the first of its reasons. */
export function verdictLine({ verdict, reasons }: Pick<RunResult, 'verdict' | 'reasons'>): string {
  const [first] = reasons;
  return first ? `${verdict}: ${first.text}` : verdict;
}
