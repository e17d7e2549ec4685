import { PassThrough } from 'node:stream';
import { describe, expect, it } from 'vitest';
import type { NodeShell } from '../../src/cluster/cluster-provider.ts';
import type { RecordingEntry } from '../../src/model/recording.ts';
import { parseProcessLine, watchProcesses } from '../../src/rollout/process-watch.ts';

const NONE = '0000000000000000';
const TERM = '0000000000004000';

describe('a line of the watch of processes', () => {
  const told = (line: string) => parseProcessLine(line, new Map());

  it.each([
    [`web-1 web 1 ${NONE} ${NONE} 0000000100004602`, 'caught', true],
    [`web-1 web 1 fffffffffffbfeff ${NONE} ${NONE}`, 'caught', true],
    [`web-1 web 1 ${NONE} ${TERM} ${NONE}`, 'ignored', true],
    [`web-1 web 1 ${NONE} ${NONE} ${NONE}`, 'default', true],
    [`web-1 web 31 ${NONE} ${NONE} ${NONE}`, 'default', false],
  ])('%s', (line, sigterm, first) => {
    expect(told(line)).toEqual({ pod: 'web-1', container: 'web', sigterm, first });
  });

  it('says nothing where it is a complaint of the shell, or of a process nobody has heard of', () => {
    expect(told('sh: 1: crictl: not found')).toBeUndefined();
    expect(told('web-1 web ended')).toBeUndefined();
    expect(told('')).toBeUndefined();
  });
});

describe('the watch of processes', () => {
  function aShell() {
    const stdout = new PassThrough();
    const over = Promise.withResolvers<void>();
    const stdin = new PassThrough();
    stdin.resume().on('end', () => over.resolve());
    const shell = {
      run: unused,
      copyTo: unused,
      spawn: () => ({ stdin, stdout, stderr: new PassThrough(), ended: over.promise, kill() {} }),
    };
    return { stdout, over, shell: shell as unknown as NodeShell };
  }

  const watch = (nodeShell: NodeShell | undefined, entries: RecordingEntry[]) =>
    watchProcesses({
      nodeShell,
      nodes: ['worker'],
      namespace: 'web',
      clock: () => 7,
      emit: (entry) => entries.push(entry),
    });

  it('tells each process once, then what changes, then its end, and ends with its stdin', async () => {
    const { stdout, shell } = aShell();
    const entries: RecordingEntry[] = [];
    stdout.write(`web-1 web 1 ${NONE} ${NONE} ${TERM}\nwatching\n`);
    const watching = await watch(shell, entries);
    expect(entries).toHaveLength(1);
    stdout.write(`web-1 web 1 ${NONE} ${NONE} ${NONE}\nweb-1 web ended\n`);
    stdout.end();
    await watching[Symbol.asyncDispose]();
    expect(entries).toEqual([
      { kind: 'process', atMs: 7, pod: 'web-1', container: 'web', sigterm: 'caught', first: true },
      { kind: 'process', atMs: 7, pod: 'web-1', container: 'web', sigterm: 'default', first: true },
      {
        kind: 'process',
        atMs: 7,
        pod: 'web-1',
        container: 'web',
        sigterm: 'default',
        first: true,
        ended: true,
      },
    ]);
  });

  it('is none where the node ends it at once, or no node can be reached', async () => {
    const { over, shell } = aShell();
    const entries: RecordingEntry[] = [];
    over.resolve();
    await using _ended = await watch(shell, entries);
    await using _none = await watch(undefined, entries);
    expect(entries).toEqual([]);
  });
});

function unused(): never {
  throw new Error('not expected to be called');
}
