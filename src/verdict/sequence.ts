import type { SequenceResult } from '../model/verdict.ts';
import type { Account } from './account.ts';
import type { RunFacts } from './run-facts.ts';

/**
 * Which of the two numbers answers carried, and when the new one came: first, and in all of them. Undefined where no
 * sequence was asked for.
 */
export function sequenceOf(
  { probes, cuts: { triggeredMs } }: RunFacts,
  { stream }: Account,
): SequenceResult | undefined {
  const { sequence } = stream.expect;
  if (!sequence) return undefined;
  const { from, to } = sequence;
  const carried = (wanted: number) =>
    (probes.get(stream.id) ?? []).flatMap(({ value, failure, endedMs }) =>
      failure === undefined && endedMs !== undefined && value === String(wanted) ? [endedMs] : [],
    );
  const [old, fresh] = [carried(from), carried(to)];
  const counts = { from, to, answeredOld: old.length, answeredNew: fresh.length };
  if (triggeredMs === undefined || fresh.length === 0) return counts;
  const firstMs = fresh.reduce((first, ms) => Math.min(first, ms));
  const lastOldMs = old.reduce((last, ms) => Math.max(last, ms), firstMs);
  return { ...counts, firstNewMs: firstMs - triggeredMs, allNewMs: lastOldMs - triggeredMs };
}
