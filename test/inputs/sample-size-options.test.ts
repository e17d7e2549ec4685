import { describe, expect, it } from 'vitest';
import { readSampleSize } from '../../src/inputs/sample-size-options.ts';
import { BadInputError } from '../../src/model/problem.ts';
import { renderProposal } from '../../src/report/proposal-text.ts';
import { proposalFor } from '../../src/verdict/sample-size.ts';

describe('rollproof sample-size', () => {
  it('has a default for everything', () => {
    expect(readSampleSize({})).toEqual({ confidence: 0.95, maxShare: 0.05, replicas: 1, outageMs: 100 });
  });

  it('takes percentages with and without their sign', () => {
    expect(readSampleSize({ confidence: '99%', maxBad: '0.5 %' })).toMatchObject({
      confidence: 0.99,
      maxShare: 0.005,
    });
  });

  it('tells everything that is wrong at once', () => {
    const wrong = () => readSampleSize({ confidence: '101', maxBad: '0', replicas: '1.5', outage: '100' });
    expect(wrong).toThrow(BadInputError);
    expect(wrong).toThrow(/--confidence(.|\n)*--max-bad(.|\n)*--replicas(.|\n)*--outage/);
  });

  it('proposes inputs, and says what fits where the rate or the number of runs does not', () => {
    const text = (options: Parameters<typeof readSampleSize>[0]) => {
      const wanted = readSampleSize(options);
      return renderProposal(wanted, proposalFor(wanted));
    };
    expect(text({ replicas: '3' })).toMatchInlineSnapshot(`
      "To show with 95 % confidence that at most 5 % of pod replacements drop requests:
        59 replacements without a drop; with 3 replicas that is --repeat 20
      To see with 95 % confidence that one of 4 endpoints fails for 100 ms, over new connections:
        11 requests within that time: --rate 110"
    `);
    expect(text({ replicas: '3', outage: '10ms', maxBad: '1%' })).toMatchInlineSnapshot(`
      "To show with 95 % confidence that at most 1 % of pod replacements drop requests:
        299 replacements without a drop; with 3 replicas that is --repeat 100
      To see with 95 % confidence that one of 4 endpoints fails for 10 ms, over new connections:
        11 requests within that time: --rate 1100
        That is more than the 425 new connections per second that one source address may open to one other.
        What fits, rate 425, sees an outage of 26 ms."
    `);
    expect(text({ maxBad: '1%' })).toContain('that is --repeat 299\n  That is more than the 100 runs');
  });
});
