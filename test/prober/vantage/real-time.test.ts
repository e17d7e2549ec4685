import { readdirSync, readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { type RunningProcess, run } from '../../../src/platform/process.ts';
import { openProber } from '../../../src/prober/prober.ts';
import type { ProberProcess } from '../../../src/prober/prober-process.ts';
import { monotonicMs } from '../../../src/prober/program/monotonic-clock.ts';
import { runnerVantage } from '../../../src/prober/vantage/runner.ts';
import { PROBER_PROGRAM } from '../../support/drive-prober.ts';

/** Real-time priorities of all threads of a process, by their numbers; ordinary ones have 0. */
function prioritiesOf(pid: number): ReadonlyMap<number, number> {
  const folder = `/proc/${pid}/task`;
  return new Map(
    readdirSync(folder).map((thread) => {
      const stat = readFileSync(`${folder}/${thread}/stat`, 'latin1');
      // Field 40; the name before the last bracket may hold anything.
      return [Number(thread), Number(stat.slice(stat.lastIndexOf(')') + 2).split(' ')[37])];
    }),
  );
}

async function mayAsk(): Promise<boolean> {
  return await run('chrt', ['--fifo', '1', 'true']).then(
    () => true,
    () => false,
  );
}

describe.runIf(process.platform === 'linux')('a prober on this machine', () => {
  it('is a real-time process when it is open, with its first thread alone, where that is permitted', async () => {
    const launched: ProberProcess & Partial<RunningProcess> = await runnerVantage(PROBER_PROGRAM).launch();
    await using _prober = await openProber(launched, monotonicMs(), { onEntry() {} });
    const { pid = 0 } = launched;
    const { [pid]: first, ...others } = Object.fromEntries(prioritiesOf(pid));
    expect(first).toBe((await mayAsk()) ? 1 : 0);
    expect(Object.values(others).filter((priority) => priority > 0)).toEqual([]);
  });

  it('that has ended is not asked for anything', async () => {
    const launched = await runnerVantage(PROBER_PROGRAM).launch();
    launched.kill('SIGKILL');
    await launched.ended;
    await expect(launched.makeRealTime?.()).resolves.toBeUndefined();
  });
});
