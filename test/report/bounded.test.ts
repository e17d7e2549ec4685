import { describe, expect, it } from 'vitest';
import { renderHtml } from '../../src/report/html.ts';
import { aResult } from '../support/a-result.ts';

/** Many short outages, over so long a tail that both limits are passed. */
const LONG = {
  intervalMs: 10,
  tailMs: 800_000,
  // Beside each drop is a request that says nothing of the workload.
  target: [{ atMs: 6_000, draw: 'nx..........'.repeat(700) }],
};

describe('a run of any length', () => {
  const { result, recordings } = aResult([LONG]);
  const run = result.scenarios[0]?.runs[0];

  it('has a result of bounded size: the outages with the most drops, and how many there were besides', () => {
    expect(run?.outages).toHaveLength(500);
    expect(run?.outagesLeftOut).toBe(200);
    expect(run?.requests.dropped).toBe(700);
  });

  it('has a plot of bounded size in which the slowest and the dropped stay', () => {
    const page = renderHtml(result, recordings);
    const [, json = ''] = /<script type="application\/json" id="[^"]+">(.*?)<\/script>/s.exec(page) ?? [];
    const { sent, response, failures } = JSON.parse(json);
    expect(sent.length).toBeLessThanOrEqual(60_000);
    const dropped = -1 - failures.indexOf('dropped: refused');
    expect(response.filter((ticks: number) => ticks === dropped)).toHaveLength(700);
    expect(page).toContain('that stand out');
  });
});
