import { describe, expect, it } from 'vitest';
import { judgeRecordings } from '../../../src/gate/judge-recordings.ts';
import { BRIEF, gateOnSandbox, HOOK } from '../../support/gate-on-sandbox.ts';

const gate = gateOnSandbox();

describe('scenarios that run at the same time on one cluster', () => {
  it('are each judged for themselves: what drops is made again alone, and what passes has passed', async () => {
    const lines: string[] = [];
    const { result, recordings } = await gate({
      container: {},
      scenario: { ...BRIEF, name: 'bad' },
      others: [{ container: HOOK, scenario: { name: 'good', vantage: 'runner' } }],
      rounds: [{ scenarios: [0, 1] }],
      hear: (line) => lines.push(line),
    });
    const [bad, good] = result.scenarios;
    if (!bad || !good) throw new Error(JSON.stringify(result.reasons));

    // In the order of the plan, whichever was over first. A run that a busy machine measured badly is made again, too.
    const names = recordings.map(({ name }) => name);
    expect(names.slice(0, 3)).toEqual(['01-bad-run-1', '01-bad-alone-run-1', '02-good-run-1']);
    expect(['02-good-alone-run-1']).toEqual(expect.arrayContaining(names.slice(3)));
    expect(good.verdict, JSON.stringify(good.reasons)).toBe('pass');
    expect(bad.verdict, JSON.stringify(bad.reasons)).toBe('dropped');
    expect(bad.runs.map(({ verdict, beside }) => [verdict, beside?.scenarios])).toEqual([
      ['inconclusive', ['good']],
      ['dropped', undefined],
    ]);
    expect(judgeRecordings(recordings, '0.0.0').scenarios).toEqual(result.scenarios);

    // Each recording tells what the other did, and no two probers ask the same control.
    const [first = [], , last = []] = recordings.map(({ entries }) => entries);
    const statesIn = (entries: typeof first) =>
      entries.flatMap((entry) => (entry.kind === 'neighbour' ? [`${entry.scenario} ${entry.state}`] : []));
    expect(statesIn(first)).toContain('good present');
    expect(statesIn(last)).toEqual(
      expect.arrayContaining(['bad present', 'bad update-triggered', 'bad gone']),
    );
    const urlsOf = ([header]: typeof first) =>
      header?.kind === 'header' ? header.streams.map(({ url }) => url) : [];
    expect(urlsOf(first).filter((url) => urlsOf(last).includes(url))).toEqual([]);

    expect(lines).toContain('Scenarios 1 and 2 of 2, together: bad | good');
    expect(lines).toContain('good: update triggered');
    expect(lines).toContain('run 1 once more, alone: bad');
  });
});
