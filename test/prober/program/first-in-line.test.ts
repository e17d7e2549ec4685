import { readFileSync } from 'node:fs';
import { getPriority } from 'node:os';
import { describe, expect, it } from 'vitest';
import { driveProber } from '../../support/drive-prober.ts';

describe("the prober's place in line", () => {
  it('is that of its session as well, where the kernel groups processes by session', async () => {
    await using driven = await driveProber();
    const pid = driven.process.pid ?? 0;
    const priority = getPriority(pid);
    // `/autogroup-123 nice -20`; where there are no such groups, the priority alone counts.
    // Without root neither can be raised, and a process that was put last leaves its session where it was.
    expect(sessionPriority(pid) ?? priority).toBeLessThanOrEqual(priority);
  });
});

function sessionPriority(pid: number): number | undefined {
  try {
    return Number(/nice (-?\d+)/.exec(readFileSync(`/proc/${pid}/autogroup`, 'utf8'))?.[1]);
  } catch {
    return undefined;
  }
}
