import { describe, expect, it } from 'vitest';
import { renderConsole } from '../../../src/report/console-table.ts';
import { BRIEF, gateOnSandbox, HOOK, NUMBERED } from '../../support/gate-on-sandbox.ts';

const gate = gateOnSandbox();
const TOO_SHORT = /^(too-few-.*|tail-too-short)$/;

describe('a number that the update writes into the pods, on the sandbox', () => {
  it('is what answers carry: the old one, then the new one, and higher ones in the next run', async () => {
    const { row, result } = await gate({
      container: { ...HOOK, args: ['--answer', '{"version": $(VERSION)}'] },
      scenario: { ...NUMBERED, ...BRIEF },
      planned: { repeat: 2 },
    });
    // None is dropped, and nothing but the shortness of the runs keeps them from a pass.
    expect(row.requests, JSON.stringify(row.reasons)).toMatchObject({ dropped: 0, notJudged: 0 });
    expect(row.reasons.map(({ code }) => code).filter((code) => !TOO_SHORT.test(code))).toEqual([]);
    expect(row.runs.map(({ sequence }) => sequence)).toEqual([
      expect.objectContaining({ from: 1, to: 2 }),
      expect.objectContaining({ from: 3, to: 4 }),
    ]);
    for (const { sequence, requests, served } of row.runs) {
      expect((sequence?.answeredOld ?? 0) + (sequence?.answeredNew ?? 0)).toBe(requests.ok);
      if (served.how === 'conntrack') expect(sequence?.answeredNew).toBe(served.new);
      expect(sequence?.firstNewMs).toBeGreaterThan(0);
      expect(sequence?.allNewMs).toBeGreaterThanOrEqual(sequence?.firstNewMs ?? 0);
    }
    expect(renderConsole(result, { colours: false })).toMatch(
      /Update confirmed by answers \(1 → 2\): the first carried the new number after [\d.]+ m?s, all did after/,
    );
  });
});
