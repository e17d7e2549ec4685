import { describe, expect, it } from 'vitest';
import { runRollproof } from '../support/run-rollproof.ts';

describe('the ways to talk, on a real kind cluster', () => {
  it('passes what is spoken well, in every protocol', async () => {
    const { rows, told } = await resultsOf('examples/protocols/rollproof.yml');
    expect(rows.length, told).toBeGreaterThan(6);
    for (const { name, verdict, requests, runs } of rows) {
      expect([name, verdict], told).toEqual([name, 'pass']);
      expect(requests.ok).toBe(requests.scheduled);
      expect(runs[0]?.rollout.replacedPods).toBe(2);
    }
  });

  it('loses requests that take longer than a pod has left, and none that have the time; tells why', async () => {
    const { rows, told } = await resultsOf('examples/clients/rollproof.yml');
    const [slow, killed, resting, closing] = rows;
    expect(slow?.verdict, told).toBe('pass');
    expect(killed?.verdict, told).toBe('dropped');
    expect(killed?.findings?.[0]?.cause, told).toBe('request-outlives-grace');
    expect(resting?.verdict, told).toBe('pass');
    // Whether a request meets a close is chance. That connections are closed under their clients is not.
    const [run] = closing?.runs ?? [];
    const lostToIt = (closing?.findings ?? []).some(({ cause }) => cause === 'keep-alive-idle-close');
    const nearlyLost = (run?.nearMisses ?? []).some(({ code }) => code === 'closed-while-idle');
    expect(lostToIt || nearlyLost, told).toBe(true);
  });
});

async function resultsOf(config: string) {
  const run = runRollproof(['run', '-c', config]);
  const { output } = await run.ended;
  return { rows: run.result().scenarios, told: output };
}
