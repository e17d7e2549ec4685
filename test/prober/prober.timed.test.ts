import { createServer } from 'node:net';
import { PassThrough } from 'node:stream';
import { setTimeout as sleep } from 'node:timers/promises';
import { describe, expect, it } from 'vitest';
import { type RunningProcess, spawn } from '../../src/platform/process.ts';
import { openProber, ProberLostError } from '../../src/prober/prober.ts';
import type { ProberProcess } from '../../src/prober/prober-process.ts';
import { bootId } from '../../src/prober/program/boot-id.ts';
import { monotonicMs } from '../../src/prober/program/monotonic-clock.ts';
import { PROTOCOL_VERSION } from '../../src/prober/protocol.ts';
import { countEnds, driveProber, PROBER_PROGRAM, testPorts, testStream } from '../support/drive-prober.ts';
import { misbehavingServer } from '../support/misbehaving-server.ts';

describe('the prober program', () => {
  it('shows a stop of more than a second as a gap and never as a failure', async () => {
    await using server = await misbehavingServer(() => 'answer');
    await using driven = await driveProber();
    const { prober, process: child, probes, heartbeats } = driven;
    await prober.start([testStream(server.port, { intervalMs: 5, deadlineMs: 1_000 })], () => testPorts(200));
    await until(() => probes.length >= 20);
    signal(child, 'SIGSTOP');
    await sleep(1_300);
    signal(child, 'SIGCONT');
    await until(() => heartbeats.some(({ loopStallMs }) => loopStallMs > 1_200));
    const { scheduled } = await prober.stop('target');
    await driven.finish();

    const { '200': answered = 0, 'unsent overdue': overdue = 0, ...others } = countEnds(probes);
    expect(others).toEqual({});
    expect(answered + overdue).toBe(scheduled);
    expect(overdue).toBeGreaterThan(50);
  });

  it('lays a time-out to itself when it slept through the deadline, and to nobody else', async () => {
    await using server = await misbehavingServer((request) => (request === 0 ? 'hang' : 'answer'));
    await using driven = await driveProber();
    const { prober, process: child, probes } = driven;
    await prober.start([testStream(server.port, { intervalMs: 10_000, deadlineMs: 600 })], () => testPorts());
    await until(() => server.requests.length === 1);
    signal(child, 'SIGSTOP');
    await sleep(700);
    signal(child, 'SIGCONT');
    await until(() => probes.length === 1);
    expect(probes[0]?.failure).toEqual({ phase: 'headers', code: 'DEADLINE', prober: true });
  });

  it('lets requests in flight at the stop run to their own end', async () => {
    await using server = await misbehavingServer((request) => (request % 2 === 0 ? 'hang' : 'answer-slowly'));
    await using driven = await driveProber();
    const { prober, probes } = driven;
    await prober.start([testStream(server.port, { deadlineMs: 400 })], () => testPorts());
    await until(() => server.requests.length >= 4);
    const { scheduled } = await prober.stop('target');
    expect(probes).toHaveLength(scheduled);
    const { '200': answered = 0, 'headers DEADLINE': timedOut = 0, ...others } = countEnds(probes);
    expect(others).toEqual({});
    expect(answered).toBe(Math.floor(scheduled / 2));
    expect(timedOut).toBe(Math.ceil(scheduled / 2));
  });

  it('ends when its stdin ends, in the middle of probing', async () => {
    await using server = await misbehavingServer(() => 'hang');
    await using driven = await driveProber();
    await driven.prober.start([testStream(server.port, { deadlineMs: 10_000 })], () => testPorts());
    await until(() => server.requests.length > 0);
    driven.process.stdin.end();
    expect(await driven.process.ended).toEqual({ exitCode: 1, signal: undefined });
    expect(await driven.prober.ended).toMatchObject({ kind: 'lost' });
  });

  it('goes on after Ctrl-C, which is for the gate to decide on', async () => {
    await using server = await misbehavingServer(() => 'answer');
    await using driven = await driveProber();
    await driven.prober.start([testStream(server.port)], () => testPorts());
    await until(() => driven.probes.length > 2);
    signal(driven.process, 'SIGINT');
    const before = driven.probes.length;
    await until(() => driven.probes.length > before + 2);
    expect(await driven.finish()).toMatchObject({ kind: 'finished' });
  });

  it('runs several streams at once, each with its own schedule and end', async () => {
    await using one = await misbehavingServer(() => 'answer');
    await using two = await misbehavingServer(() => 'answer');
    await using driven = await driveProber();
    const started = await driven.prober.start(
      [
        testStream(one.port, { id: 'target', intervalMs: 10 }),
        testStream(two.port, { id: 'steady', intervalMs: 20, offsetMs: 5 }),
      ],
      () => testPorts(),
    );
    // Each by its own start: on a busy machine the second stream begins a while after the first.
    const stop = (stream: string) => driven.prober.stop(stream, (started.get(stream) ?? 0) + 195);
    const ends = await Promise.all([stop('target'), stop('steady')]);
    expect(ends.map(({ scheduled }) => scheduled)).toEqual([20, 10]);
    expect(await driven.finish()).toMatchObject({ kind: 'finished' });
    expect(countEnds(driven.probes)).toEqual({ '200': 30 });
    expect([one.requests.length, two.requests.length]).toEqual([20, 10]);
  });

  it('sends nothing that is due at or after the stop', async () => {
    await using server = await misbehavingServer(() => 'answer');
    await using driven = await driveProber();
    const started = await driven.prober.start([testStream(server.port)], () => testPorts());
    const stopMs = (started.get('target') ?? 0) + 90;
    expect((await driven.prober.stop('target', stopMs)).scheduled).toBe(5);
    expect(driven.probes.every(({ scheduledMs }) => scheduledMs < stopMs)).toBe(true);
  });

  it('takes the next source port where somebody else holds one', async () => {
    await using server = await misbehavingServer(() => 'answer');
    await using driven = await driveProber();
    const ports = testPorts();
    await using holder = await listenOn(ports.next + 1);
    await driven.prober.start([testStream(server.port)], () => ports);
    await until(() => driven.probes.length >= 4);
    await driven.finish();
    const used = driven.probes.map(({ localPort }) => localPort);
    expect(used.slice(0, 3)).toEqual([ports.next, ports.next + 2, ports.next + 3]);
    expect(used).not.toContain(holder.port);
    expect(Object.keys(countEnds(driven.probes))).toEqual(['200']);
  });

  it('sends nothing without a rested source port, and says so', async () => {
    await using server = await misbehavingServer(() => 'answer');
    await using driven = await driveProber();
    const { first } = testPorts();
    const three = { first, last: first + 2, next: first, restMs: 60_000 };
    const started = await driven.prober.start([testStream(server.port)], () => three);
    await driven.prober.stop('target', (started.get('target') ?? 0) + 190);
    expect(countEnds(driven.probes)).toEqual({ '200': 3, 'unsent no-source-port': 7 });
    expect(server.connections).toBe(3);
  });

  it('uses the same source ports towards two destinations at a time, and rests each towards its own', async () => {
    // The connections of one stay open, so that the other needs ports that are in use.
    await using hanging = await misbehavingServer(() => 'hang');
    await using server = await misbehavingServer(() => 'answer');
    await using driven = await driveProber();
    const { next: first } = testPorts();
    const three = { first, last: first + 2, next: first, restMs: 60_000 };
    const started = await driven.prober.start(
      [
        testStream(hanging.port, { id: 'hanging', intervalMs: 100, deadlineMs: 2_000 }),
        testStream(server.port, { intervalMs: 100, offsetMs: 450 }),
      ],
      () => three,
    );
    const stops = [...started].map(([id, startedMs]) => driven.prober.stop(id, startedMs + 450));
    await Promise.all(stops);
    const portsOf = (stream: string) =>
      driven.probes.filter((probe) => probe.stream === stream).map(({ localPort }) => localPort);
    const all = [first, first + 1, first + 2, undefined, undefined];
    expect(portsOf('target')).toEqual(all);
    expect(new Set(portsOf('hanging'))).toEqual(new Set(all));
    expect(await driven.prober.finish(5_000)).toMatchObject({
      kind: 'finished',
      nextPorts: [
        { port: hanging.port, next: first },
        { port: server.port, next: first },
      ],
    });
  });

  it('finishes although nobody reads what it says for a while', async () => {
    await using server = await misbehavingServer(() => 'answer');
    const child = spawn(process.execPath, [PROBER_PROGRAM]);
    const entries: { readonly kind: string; readonly loopStallMs?: number }[] = [];
    await using prober = await openProber(child, monotonicMs(), {
      onEntry: (entry) => void entries.push(entry),
    });
    await prober.start([testStream(server.port, { connection: 'keep-alive', intervalMs: 0.5 })], () =>
      testPorts(),
    );
    child.stdout.pause();
    // What is told of so many fills the pipe's buffer and both streams' several times.
    await until(() => server.requests.length >= 1_500);
    child.stdout.resume();
    const { scheduled } = await prober.stop('target');
    expect(entries.filter(({ kind }) => kind === 'probe')).toHaveLength(scheduled);
    expect(Math.max(...entries.map(({ loopStallMs = 0 }) => loopStallMs))).toBeLessThan(500);
  });
});

describe.concurrent('openProber', () => {
  it('finds one clock where prober and gate share a kernel', async () => {
    await using driven = await driveProber();
    expect(driven.prober.clock).toEqual({ offsetMs: 0, uncertaintyMs: 0 });
    expect(driven.prober.addresses).toContain('127.0.0.1');
  });

  it('gives every instant in the time of the recording, also from a foreign clock', async () => {
    const fake = fakeProber({ bootId: 'another-kernel', clockAheadMs: 5_000_000 });
    const openedMs = monotonicMs();
    const instants: number[] = [];
    await using prober = await openProber(fake.process, openedMs, {
      onEntry: (entry) => void (entry.kind === 'heartbeat' && instants.push(entry.atMs)),
    });
    expect(prober.clock.offsetMs).toBeGreaterThan(4_999_900);
    expect(prober.clock.offsetMs).toBeLessThan(5_000_100);
    expect(prober.clock.uncertaintyMs).toBeGreaterThan(0);
    fake.say({
      kind: 'heartbeat',
      atMs: openedMs + 5_000_000 + 40,
      loopStallMs: 0,
      inFlight: 0,
      nextSeq: {},
    });
    await until(() => instants.length === 1);
    expect(Math.abs((instants[0] ?? 0) - 40)).toBeLessThanOrEqual(prober.clock.uncertaintyMs + 0.01);
  });

  it('does not believe in one clock only because the kernel is the same', async () => {
    const fake = fakeProber({ bootId: bootId(), clockAheadMs: -60_000 });
    await using prober = await openProber(fake.process, monotonicMs(), { onEntry() {} });
    expect(Math.round(prober.clock.offsetMs / 1000)).toBe(-60);
  });

  it('takes lines that are no messages as faults and goes on', async () => {
    const fake = fakeProber({ bootId: 'x', clockAheadMs: 0 });
    const faults: string[] = [];
    const entries: unknown[] = [];
    await using prober = await openProber(fake.process, monotonicMs(), {
      onEntry: (entry) => void entries.push(entry),
      onFault: (message) => void faults.push(message),
    });
    for (const line of [
      'panic: oh no',
      '{"kind":"probe"}',
      '[]',
      'null',
      '{"kind":"toString"}',
      '{"kind":"pong","id":99,"monotonicMs":1}',
    ]) {
      fake.sayLine(line);
    }
    fake.say({ kind: 'heartbeat', atMs: 1, loopStallMs: 0, inFlight: 0, nextSeq: {} });
    await until(() => entries.length === 1);
    expect(faults).toHaveLength(6);
    expect(faults[0]).toContain('panic: oh no');
    expect(prober.clock).toBeDefined();
  });

  it('tells once when no heartbeat has come for two seconds', async () => {
    await using driven = await driveProber();
    await until(() => driven.heartbeats.length > 0);
    signal(driven.process, 'SIGSTOP');
    await until(() => driven.silences.length > 0);
    await sleep(600);
    expect(driven.silences).toHaveLength(1);
    signal(driven.process, 'SIGCONT');
    const before = driven.heartbeats.length;
    await until(() => driven.heartbeats.length > before);
  });

  it('says how a prober was lost, and fails whatever was still wanted of it', async () => {
    await using server = await misbehavingServer(() => 'answer');
    await using driven = await driveProber();
    await driven.prober.start([testStream(server.port)], () => testPorts());
    const farAway = driven.prober.stop('target', 3_600_000);
    signal(driven.process, 'SIGKILL');
    await expect(farAway).rejects.toThrow(ProberLostError);
    expect(await driven.prober.ended).toEqual({ kind: 'lost', detail: 'it was ended by SIGKILL' });
    await expect(driven.prober.stop('target')).rejects.toThrow(ProberLostError);
  });

  it('kills a prober that does not finish in time', async () => {
    await using server = await misbehavingServer(() => 'hang');
    await using driven = await driveProber();
    await driven.prober.start([testStream(server.port, { deadlineMs: 60_000 })], () => testPorts());
    await until(() => server.requests.length > 0);
    const end = await driven.prober.finish(300);
    expect(end).toEqual({ kind: 'lost', detail: 'it had not finished after 300 ms and was killed' });
    expect(await driven.process.ended).toMatchObject({ signal: 'SIGKILL' });
  });

  it('ends a prober that is stopped when it is disposed of', async () => {
    const driven = await driveProber();
    signal(driven.process, 'SIGSTOP');
    await driven[Symbol.asyncDispose]();
    expect(await driven.process.ended).toMatchObject({ signal: 'SIGKILL' });
  });

  it('refuses a prober of another build', async () => {
    const fake = fakeProber({ bootId: 'x', clockAheadMs: 0, version: 'another' });
    await expect(openProber(fake.process, 0, { onEntry() {} })).rejects.toMatchObject({
      problem: { code: 'RP2302' },
    });
  });

  it('says why a program that is no prober did not come up', async () => {
    const child = spawn(process.execPath, ['--eval', 'console.error("no such module"); process.exit(7)']);
    await expect(openProber(child, 0, { onEntry() {} })).rejects.toMatchObject({
      problem: { code: 'RP2301', why: expect.stringMatching(/exit code 7.*no such module/s) },
    });
  });

  it('takes a prober that can not do as told for lost, with the reason', async () => {
    await using driven = await driveProber();
    const ports = { first: 5, last: 4, next: 5, restMs: 0 };
    await expect(driven.prober.start([testStream(1)], () => ports)).rejects.toThrow(/not a range of ports/);
  });
});

/** A prober played by the test: it greets, answers pings, and says what it is told to. */
function fakeProber(options: {
  readonly bootId: string;
  readonly clockAheadMs: number;
  readonly version?: string;
}) {
  const stdin = new PassThrough();
  const stdout = new PassThrough();
  const stderr = new PassThrough();
  const end = Promise.withResolvers<Awaited<ProberProcess['ended']>>();
  const sayLine = (line: string) => void stdout.write(`${line}\n`);
  const say = (message: object) => sayLine(JSON.stringify(message));
  const now = () => monotonicMs() + options.clockAheadMs;
  stdin.on('data', (chunk: Buffer) => {
    for (const line of chunk.toString().trim().split('\n')) {
      const message = JSON.parse(line);
      if (message.kind === 'ping') say({ kind: 'pong', id: message.id, monotonicMs: now() });
    }
  });
  say({
    kind: 'hello',
    version: options.version ?? PROTOCOL_VERSION,
    bootId: options.bootId,
    monotonicMs: now(),
    addresses: [],
  });
  const process: ProberProcess = {
    stdin,
    stdout,
    stderr,
    ended: end.promise,
    kill() {
      stdout.end();
      end.resolve({ exitCode: undefined, signal: 'SIGKILL' });
    },
  };
  return { process, say, sayLine };
}

function signal(child: RunningProcess, name: NodeJS.Signals): void {
  if (child.pid === undefined) throw new Error('the process has no id');
  process.kill(child.pid, name);
}

async function until(condition: () => boolean): Promise<void> {
  const giveUpAt = performance.now() + 10_000;
  while (!condition()) {
    if (performance.now() > giveUpAt) throw new Error('it did not come to that within 10 s');
    await sleep(5);
  }
}

async function listenOn(port: number) {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(port, '0.0.0.0', resolve));
  return {
    port,
    [Symbol.asyncDispose]: () => new Promise<void>((resolve) => server.close(() => resolve())),
  };
}
