import { describe, expect, it } from 'vitest';
import { keepBusy } from '../../src/cluster/kind/keep-busy.ts';
import { EnvironmentError } from '../../src/model/problem.ts';
import { type RunningProcess, spawn } from '../../src/platform/process.ts';

/** Every node is this machine; the name of one that fails says how. */
function nodes() {
  const spawned: RunningProcess[] = [];
  const shell = {
    spawn(node: string, [program = '', ...args]: readonly string[]) {
      const running = node === 'broken' ? spawn('false', []) : spawn(program, args);
      spawned.push(running);
      return running;
    },
  };
  return { shell, spawned };
}

describe('busy nodes', () => {
  it('are busy when they are there, and have ended when they are disposed', async () => {
    const { shell, spawned } = nodes();
    const busy = await keepBusy(shell, ['one', 'two'], 1);
    const ends = spawned.map(({ ended }) => ended);
    expect(await Promise.race([...ends, 'still busy'])).toBe('still busy');
    await busy[Symbol.asyncDispose]();
    expect(await Promise.all(ends)).toHaveLength(2);
  });

  it('leave no loop behind where the program of a node is killed', async () => {
    const { shell, spawned } = nodes();
    await using _busy = await keepBusy(shell, ['one'], 2);
    spawned[0]?.kill('SIGKILL');
    // It has not ended for us before the last of its loops has let go of its output.
    expect(await spawned[0]?.ended).toMatchObject({ signal: 'SIGKILL' });
  });

  it('are an error of the environment where one of them does not run the load, and leave nothing behind', async () => {
    const { shell, spawned } = nodes();
    const failure = await keepBusy(shell, ['one', 'broken'], 1).catch((error) => error);
    expect(failure).toBeInstanceOf(EnvironmentError);
    expect(failure.problem).toMatchObject({ code: 'RP2104', what: expect.stringContaining('broken') });
    expect(await Promise.all(spawned.map(({ ended }) => ended))).toHaveLength(2);
  });
});
