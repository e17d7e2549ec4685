import type { MachineLimits } from '../model/machine-limits.ts';
import type { Problem } from '../model/problem.ts';
import type { Measure } from '../model/scenario.ts';

/**
 * Why pacing cannot be precise (RP1130): it keeps a processor busy, and where there is no second one whatever is probed
 * would wait for the prober. Undefined where it can, or need not.
 */
export function withoutProcessor(
  who: string,
  { pacing }: Pick<Measure, 'pacing'>,
  { processors }: MachineLimits,
): Problem | undefined {
  if (pacing !== 'precise' || processors === undefined || processors > 1) return undefined;
  return {
    code: 'RP1130',
    what: `${who} asks for precise pacing, and this machine has one processor.`,
    where: 'pacing',
    why: 'Precise pacing keeps a processor busy: whatever is probed would wait for the prober, and lose requests by it.',
    remedy: 'Write pacing: economy, or run on a machine with two processors or more.',
  };
}
