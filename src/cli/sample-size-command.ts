import { readSampleSize, type SampleSizeOptions } from '../inputs/sample-size-options.ts';
import { renderProposal } from '../report/proposal-text.ts';
import { proposalFor } from '../verdict/sample-size.ts';

/** `rollproof sample-size`: prints how many runs and which rate give a wanted confidence. Nothing is measured. */
export function sampleSizeCommand(options: SampleSizeOptions): number {
  const wanted = readSampleSize(options);
  process.stdout.write(`${renderProposal(wanted, proposalFor(wanted))}\n`);
  return 0;
}
