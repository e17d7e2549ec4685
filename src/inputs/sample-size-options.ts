import { BadInputError, type Problem } from '../model/problem.ts';
import type { Wanted } from '../model/sample-size.ts';
import { shownValue } from './shown-value.ts';
import { duration } from './values.ts';

/** The options of `rollproof sample-size`, as they were written. */
export interface SampleSizeOptions {
  readonly confidence?: string;
  readonly maxBad?: string;
  readonly replicas?: string;
  readonly outage?: string;
}

export const SAMPLE_SIZE_DEFAULTS = {
  confidence: '95',
  maxBad: '5%',
  replicas: '1',
  outage: '100ms',
} as const satisfies SampleSizeOptions;

const OUTAGE = duration('1ms', '1m');

/** What is wanted, checked. Throws BadInputError (RP1006) with all that is wrong. */
export function readSampleSize(options: SampleSizeOptions): Wanted {
  const said = { ...SAMPLE_SIZE_DEFAULTS, ...options };
  const problems: Problem[] = [];
  const read = (option: string, given: string, value: number | undefined, expects: string): number => {
    if (value === undefined) {
      problems.push({
        code: 'RP1006',
        what: `${option} has to be ${expects}, not ${shownValue(given)}.`,
        where: option,
        remedy: `Correct ${option}, or leave it out.`,
      });
    }
    return value ?? 0;
  };
  const confidence = percentOf(said.confidence, 50, 99.99);
  const maxShare = percentOf(said.maxBad, 0.01, 50);
  const replicas = /^\d{1,4}$/.test(said.replicas) && Number(said.replicas) > 0;
  const outage = OUTAGE.schema.safeParse(said.outage);
  const wanted = {
    confidence: read('--confidence', said.confidence, confidence, 'a percentage from 50 to 99.99'),
    maxShare: read('--max-bad', said.maxBad, maxShare, 'a percentage from 0.01 to 50'),
    replicas: read(
      '--replicas',
      said.replicas,
      replicas ? Number(said.replicas) : undefined,
      'a whole number from 1 to 9999',
    ),
    outageMs: read('--outage', said.outage, outage.success ? outage.data : undefined, OUTAGE.expects),
  };
  if (problems.length > 0) throw new BadInputError(problems);
  return wanted;
}

/** `95`, `95%` or `0.5 %` as a share of one. */
function percentOf(text: string, min: number, max: number): number | undefined {
  const [, digits] = /^(\d{1,2}(?:\.\d{1,4})?)\s?%?$/.exec(text.trim()) ?? [];
  const value = Number(digits);
  return digits !== undefined && value >= min && value <= max ? value / 100 : undefined;
}
