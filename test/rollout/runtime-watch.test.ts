import { PassThrough } from 'node:stream';
import { describe, expect, it } from 'vitest';
import type { NodeShell } from '../../src/cluster/cluster-provider.ts';
import type { RecordingEntry } from '../../src/model/recording.ts';
import { parseRuntimeLine } from '../../src/rollout/runtime-line.ts';
import { watchRuntimes } from '../../src/rollout/runtime-watch.ts';
import { aPodFact } from '../support/a-rollout-story.ts';

const ID = '89fddf09ceda134add4a1e16a5a19db7b25bbe1e83924b2d112b7dc89a87d737';
const HOOK = 'b14bf4cb4b1a0f7e';
const NOON_MS = Date.parse('2026-11-21T12:00:00Z');

const signalled = (at: string, id = ID, signal = 'quit') =>
  `time="2026-11-21T${at}Z" level=info msg="Stop container \\"${id}\\" with signal ${signal}"`;
const told = (at: string, topic: string, body: object) =>
  `2026-11-21 ${at} +0000 UTC k8s.io ${topic} ${JSON.stringify(body)}`;
const started = (at: string) => told(at, '/tasks/exec-started', { container_id: ID, exec_id: HOOK, pid: 77 });
const exited = (at: string, id: string, exit_status?: number) =>
  told(at, '/tasks/exit', {
    container_id: ID,
    id,
    pid: 77,
    ...(exit_status === undefined ? {} : { exit_status }),
    exited_at: { seconds: 1, nanos: 2 },
  });

describe('a line of a container runtime', () => {
  it.each([
    [signalled('12:00:00.813549241'), { what: 'signalled', signal: 'quit', wallMs: NOON_MS + 813.549241 }],
    [signalled('12:00:00', ID, 'terminated'), { what: 'signalled', signal: 'terminated', wallMs: NOON_MS }],
    [started('12:00:01.09254492'), { what: 'program-started', program: HOOK, wallMs: NOON_MS + 1_092.54492 }],
    [exited('12:00:02.5', HOOK, 137), { what: 'program-ended', program: HOOK, exitCode: 137 }],
    [exited('12:00:02.5', HOOK), { what: 'program-ended', program: HOOK, exitCode: 0 }],
    [exited('12:00:03.5', ID, 143), { what: 'ended', exitCode: 143 }],
  ])('%s', (line, event) => {
    expect(parseRuntimeLine(line)).toMatchObject({ containerId: ID, ...event });
  });

  it.each([
    [''],
    ['ctr: not found'],
    [`time="2026-11-21T12:00:00Z" level=info msg="StopContainer for \\"${ID}\\" with timeout 30 (s)"`],
    [told('12:00:00.1', '/tasks/start', { container_id: ID, pid: 1 })],
    [told('12:00:00.1', '/tasks/exit', { pid: 1 })],
    [signalled('twelve')],
  ])('says nothing where it is about something else: %s', (line) => {
    expect(parseRuntimeLine(line)).toBeUndefined();
  });
});

describe('the watch of container runtimes', () => {
  /** A node whose clock is ahead of ours by so much; the recording was opened a second before noon. */
  function aWatch(aheadMs = 0, lateMs = 0) {
    const stdout = new PassThrough();
    const stdin = new PassThrough();
    const over = Promise.withResolvers<void>();
    stdin.resume().on('end', () => over.resolve());
    const shell = {
      spawn: () => ({ stdin, stdout, stderr: new PassThrough(), ended: over.promise, kill() {} }),
    };
    const entries: RecordingEntry[] = [];
    stdout.write(`now ${(NOON_MS + aheadMs) / 1000}.000000\n`);
    let nowMs = 1_001 - lateMs;
    const watching = watchRuntimes({
      nodeShell: shell as unknown as NodeShell,
      nodes: ['worker'],
      clock: () => nowMs,
      wallClockMs: () => NOON_MS + 1,
      emit: (entry) => entries.push(entry),
    });
    nowMs = 1_001;
    const hear = async (...lines: readonly string[]) => {
      stdout.write(lines.map((line) => `${line}\n`).join(''));
      await new Promise((resolve) => setImmediate(resolve));
    };
    return { watching, hear, entries, over };
  }

  const pod = (atMs: number, more: object = {}) => ({
    ...aPodFact('old', atMs, more),
    containers: [{ name: 'web', id: ID, state: 'running', ready: true, restarts: 0 } as const],
  });
  const END = { deletionTimestamp: '2026-11-21T12:00:30Z' };

  it('tells of pods that end, also what came just before that was known, by the clock of the recording', async () => {
    const { watching, hear, entries, over } = aWatch();
    const watch = await watching;
    watch.see(pod(1_010));
    await hear(exited('11:59:50.000', 'probe'), started('12:00:01.000'), signalled('12:00:02', 'ffff'));
    expect(entries).toEqual([]);
    watch.see(pod(2_020, END));
    await hear(exited('12:00:06.000', HOOK), signalled('12:00:06.002', ID, 'terminated'));
    const common = { kind: 'runtime', withinMs: 5, pod: 'web-old-0', container: 'web' };
    expect(entries).toEqual([
      { ...common, atMs: 2_000, what: 'program-started', program: HOOK },
      { ...common, atMs: 7_000, what: 'program-ended', program: HOOK, exitCode: 0 },
      { ...common, atMs: 7_002, what: 'signalled', signal: 'terminated' },
    ]);
    await watch[Symbol.asyncDispose]();
    await over.promise;
  });

  it('goes by what the node says of its clock where that is another one, and says how far it may be off', async () => {
    const { watching, hear, entries } = aWatch(3_600_000);
    const watch = await watching;
    watch.see(pod(1_010, END));
    await hear(signalled('13:00:01.000'));
    expect(entries).toMatchObject([{ what: 'signalled', atMs: 2_001, withinMs: 2_000 }]);
    await watch[Symbol.asyncDispose]();
  });

  it('knows no better than how long the shell had been there when it told of its clock', async () => {
    const { watching, hear, entries } = aWatch(-4_000, 4_500);
    const watch = await watching;
    watch.see(pod(1_010, END));
    await hear(signalled('11:59:57.000'));
    expect(entries).toMatchObject([{ what: 'signalled', withinMs: 4_500 }]);
    await watch[Symbol.asyncDispose]();
  });

  it('says nothing where nodes are out of reach, or their shell ends at once', async () => {
    const none = await watchRuntimes({ nodeShell: undefined, nodes: ['a'], clock: () => 0, emit: fail });
    none.see(pod(1));
    await none[Symbol.asyncDispose]();
    const { watching, over, entries } = aWatch();
    over.resolve();
    const watch = await watching;
    await watch[Symbol.asyncDispose]();
    expect(entries).toEqual([]);
  });
});

function fail(): never {
  throw new Error('nothing is to be told');
}
