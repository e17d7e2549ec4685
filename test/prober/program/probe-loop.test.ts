import { describe, expect, it } from 'vitest';
import type { Probe } from '../../../src/model/recording.ts';
import { IN_FLIGHT_LIMIT, ProbeLoop } from '../../../src/prober/program/probe-loop.ts';
import type { SendEnd } from '../../../src/prober/program/transports/transport.ts';
import type { FromProber } from '../../../src/prober/protocol.ts';
import { testStream } from '../../support/drive-prober.ts';

const ANSWERED: SendEnd = { kind: 'answered', facts: { status: 200, reused: false } };

describe('probe loop', () => {
  it('sends on schedule, whatever becomes of the requests before', () => {
    const world = new World({ answerAfterMs: undefined });
    world.loop.start(testStream(80, { intervalMs: 10, deadlineMs: 1_000 }));
    world.runUntil(105);
    expect(world.sentAtMs).toEqual([0, 10, 20, 30, 40, 50, 60, 70, 80, 90, 100]);
  });

  it('catches up after a short delay and drops what is overdue after a long one, without a burst', () => {
    const world = new World({ answerAfterMs: 1 });
    world.loop.start(testStream(80, { intervalMs: 5, deadlineMs: 1_000 }));
    world.runUntil(50);
    world.sleepUntil(130);
    world.runUntil(200);
    expect(world.ends('overdue')).toEqual([]);
    world.sleepUntil(1_200);
    world.runUntil(1_300);
    // Due from 205 to 1,100 and 100 ms late or more; the 19 younger ones and the one just due are sent.
    expect(world.ends('overdue').map(({ scheduledMs }) => scheduledMs)).toEqual(
      Array.from({ length: 180 }, (_, index) => 205 + index * 5),
    );
    expect(world.sentAtMs.filter((atMs) => atMs === 1_200)).toHaveLength(20);
    expect(world.reportedOnce()).toBe(true);
  });

  it('reads answers while it catches up, so that few requests are in flight at a time', () => {
    const world = new World({ answerAfterMs: 0 });
    world.loop.start(testStream(80, { intervalMs: 1, deadlineMs: 1_000 }));
    world.runUntil(10);
    world.sleepUntil(100);
    world.runUntil(110);
    expect(world.sentAtMs).toHaveLength(111);
    expect(world.sentAtMs.filter((atMs) => atMs === 100).length).toBeGreaterThan(80);
    expect(world.mostOpen).toBeLessThanOrEqual(16);
    expect(world.loop.idle).toBe(true);
  });

  it('stops sending when too many requests hang, and goes on when they have ended', () => {
    const world = new World({ answerAfterMs: undefined });
    world.loop.start(testStream(80, { intervalMs: 1, deadlineMs: 5_000 }));
    world.runUntil(IN_FLIGHT_LIMIT + 10);
    expect(world.sentAtMs).toHaveLength(IN_FLIGHT_LIMIT);
    expect(world.ends('in-flight-limit').length).toBeGreaterThan(5);
    world.runUntil(5_200);
    expect(world.sentAtMs.length).toBeGreaterThan(IN_FLIGHT_LIMIT);
  });

  it('ends a request without an answer at its deadline', () => {
    const world = new World({ answerAfterMs: undefined });
    world.loop.start(testStream(80, { intervalMs: 1_000, deadlineMs: 250 }));
    world.runUntil(300);
    expect(world.probes[0]).toMatchObject({
      sentMs: 0,
      endedMs: 250,
      failure: { phase: 'headers', code: 'DEADLINE' },
    });
    expect(world.probes[0]?.failure?.prober).toBeUndefined();
  });

  it('reads what has arrived before it calls a deadline passed', () => {
    const world = new World({ answerAfterMs: 40 });
    world.loop.start(testStream(80, { intervalMs: 1_000, deadlineMs: 50 }));
    world.runUntil(30);
    world.sleepUntil(500);
    world.runUntil(600);
    expect(world.probes[0]).toMatchObject({ seq: 0, status: 200, endedMs: 500 });
  });

  it('gives a request back the time that the loop stood still', () => {
    const world = new World({ answerAfterMs: 40, onlyWhileAwake: true });
    world.loop.start(testStream(80, { intervalMs: 1_000, deadlineMs: 80 }));
    world.runUntil(20);
    world.sleepUntil(400);
    world.runUntil(500);
    expect(world.probes[0]).toMatchObject({ seq: 0, status: 200 });
  });

  it('lays a deadline to itself where the loop stood still, but not a refusal', () => {
    const world = new World({ answerAfterMs: undefined });
    world.loop.start(testStream(80, { intervalMs: 1_000, deadlineMs: 200 }));
    world.loop.start(testStream(80, { id: 'refused', intervalMs: 1_000, deadlineMs: 200 }));
    world.runUntil(100);
    world.sleepUntil(400);
    world.end('refused', { kind: 'failed', facts: {}, phase: 'connect', code: 'ECONNREFUSED' });
    world.runUntil(800);
    const failures = world.probes
      .filter(({ seq }) => seq === 0)
      .map(({ stream, failure }) => [stream, failure]);
    expect(failures).toEqual([
      ['refused', { phase: 'connect', code: 'ECONNREFUSED' }],
      ['target', { phase: 'headers', code: 'DEADLINE', prober: true }],
    ]);
  });

  it('gives a request back the time that the loop stood still while it sent it', () => {
    const world = new World({ answerAfterMs: 40, onlyWhileAwake: true });
    world.stallInSendMs = 400;
    world.loop.start(testStream(80, { intervalMs: 1_000, deadlineMs: 80 }));
    world.runUntil(700);
    expect(world.probes[0]).toMatchObject({ seq: 0, sentMs: 0, status: 200 });
    const beat = world.messages.findLast(({ kind }) => kind === 'heartbeat');
    expect(beat).toMatchObject({ loopStallMs: 400 });
  });

  it('lays a deadline to itself where the loop stood still while it sent', () => {
    const world = new World({ answerAfterMs: undefined });
    world.stallInSendMs = 400;
    world.loop.start(testStream(80, { intervalMs: 10_000, deadlineMs: 200 }));
    world.runUntil(1_000);
    expect(world.probes[0]?.failure).toEqual({ phase: 'headers', code: 'DEADLINE', prober: true });
  });

  it('forgives itself no deadline for a stall that is short beside it', () => {
    const world = new World({ answerAfterMs: undefined });
    world.loop.start(testStream(80, { intervalMs: 10_000, deadlineMs: 1_000 }));
    world.runUntil(100);
    world.sleepUntil(160);
    world.runUntil(1_200);
    expect(world.probes[0]?.failure).toEqual({ phase: 'headers', code: 'DEADLINE' });
  });

  it('beats four times a second, with the longest stall since the last beat', () => {
    const world = new World({ answerAfterMs: 1 });
    world.runUntil(1_000);
    const idle = world.messages.filter(({ kind }) => kind === 'heartbeat');
    expect(idle.map((beat) => beat.kind === 'heartbeat' && beat.atMs)).toEqual([0, 250, 500, 750, 1_000]);
    world.loop.start(testStream(80, { intervalMs: 10 }));
    world.runUntil(1_100);
    world.sleepUntil(1_400);
    world.runUntil(1_401);
    const beat = world.messages.findLast(({ kind }) => kind === 'heartbeat');
    expect(beat).toMatchObject({ atMs: 1_400, loopStallMs: 290, nextSeq: { target: 41 } });
  });

  it('reports a stream as stopped when its last request has ended, and not before', () => {
    const world = new World({ answerAfterMs: 70 });
    world.loop.start(testStream(80, { intervalMs: 10 }));
    world.runUntil(42);
    world.loop.stop('target', 60);
    world.runUntil(115);
    expect(world.messages.some(({ kind }) => kind === 'stopped')).toBe(false);
    world.runUntil(160);
    expect(world.messages.findLast(({ kind }) => kind === 'stopped')).toEqual({
      kind: 'stopped',
      stream: 'target',
      scheduled: 6,
      stoppedAtMs: 60,
    });
    expect(world.probes.map(({ seq }) => seq)).toEqual([0, 1, 2, 3, 4, 5]);
  });

  it('is finished once, after the last report', () => {
    const world = new World({ answerAfterMs: 30 });
    world.loop.start(testStream(80, { id: 'one', intervalMs: 10 }));
    world.loop.start(testStream(80, { id: 'two', intervalMs: 10, offsetMs: 5 }));
    world.runUntil(52);
    world.loop.finish();
    expect(world.finished).toBe(0);
    world.runUntil(200);
    expect(world.finished).toBe(1);
    expect(world.probes).toHaveLength(11);
    expect(world.messages.findLast(({ kind }) => kind !== 'heartbeat')?.kind).toBe('stopped');
  });

  it('does not start a stream twice, nor stop one that is not there', () => {
    const world = new World({ answerAfterMs: 1 });
    world.loop.start(testStream(80));
    expect(() => world.loop.start(testStream(80))).toThrow(/running already/);
    expect(() => world.loop.stop('other')).toThrow(/no stream other/);
  });
});

interface OpenRequest {
  readonly stream: string;
  dueMs: number;
  readonly end: (end: SendEnd) => void;
}

/** A loop in a world whose time the test makes pass, millisecond by millisecond. */
class World {
  readonly messages: FromProber[] = [];
  readonly sentAtMs: number[] = [];
  finished = 0;
  /** The most requests that were in flight at a time. */
  mostOpen = 0;
  /** How long the next send takes; those after it take no time. */
  stallInSendMs = 0;
  readonly loop: ProbeLoop;
  #nowMs = 0;
  #wake: { readonly atMs: number; readonly call: () => void } | undefined;
  #afterPoll: (() => void)[] = [];
  readonly #open: OpenRequest[] = [];
  readonly #onlyWhileAwake: boolean;

  constructor(server: { readonly answerAfterMs: number | undefined; readonly onlyWhileAwake?: boolean }) {
    this.#onlyWhileAwake = server.onlyWhileAwake ?? false;
    this.loop = new ProbeLoop({
      time: {
        nowMs: () => this.#nowMs,
        wakeAt: (atMs, call) => {
          this.#wake = { atMs, call };
        },
        afterPoll: (callback) => void this.#afterPoll.push(callback),
      },
      openTransport: ({ id }) => ({
        send: (onEnd) => {
          this.sentAtMs.push(this.#nowMs);
          const dueMs = this.#nowMs + (server.answerAfterMs ?? Number.POSITIVE_INFINITY);
          const request = { stream: id, dueMs, end: onEnd };
          this.#open.push(request);
          this.mostOpen = Math.max(this.mostOpen, this.#open.length);
          this.sleepUntil(this.#nowMs + this.stallInSendMs);
          this.stallInSendMs = 0;
          return {
            giveUp: (code) => this.#end(request, { kind: 'failed', facts: {}, phase: 'headers', code }),
          };
        },
        close() {},
      }),
      emit: (message) => void this.messages.push(message),
      onFinished: () => void this.finished++,
    });
  }

  get probes(): Probe[] {
    return this.messages.filter((message) => message.kind === 'probe');
  }

  ends(unsent: Probe['unsent']): Probe[] {
    return this.probes.filter((probe) => probe.unsent === unsent);
  }

  reportedOnce(): boolean {
    const seqs = this.probes.map(({ seq }) => seq);
    return new Set(seqs).size === seqs.length;
  }

  /** Ends the open requests of a stream. */
  end(stream: string, end: SendEnd): void {
    for (const request of this.#open.filter((one) => one.stream === stream)) this.#end(request, end);
  }

  /** Time passes and the loop runs: timers first, then sockets, then what waits for both. */
  runUntil(atMs: number): void {
    for (; this.#nowMs < atMs; this.#nowMs++) this.#turn();
    this.#turn();
  }

  /** Time passes and the loop does not run. */
  sleepUntil(atMs: number): void {
    if (this.#onlyWhileAwake) for (const request of this.#open) request.dueMs += atMs - this.#nowMs;
    this.#nowMs = atMs;
  }

  #turn(): void {
    while (this.#wake && this.#wake.atMs <= this.#nowMs) {
      const { call } = this.#wake;
      this.#wake = undefined;
      call();
      this.#read();
    }
    this.#read();
    for (const callback of this.#afterPoll.splice(0)) callback();
  }

  #read(): void {
    for (const request of this.#open.filter(({ dueMs }) => dueMs <= this.#nowMs))
      this.#end(request, ANSWERED);
  }

  #end(request: OpenRequest, end: SendEnd): void {
    this.#open.splice(this.#open.indexOf(request), 1);
    request.end(end);
  }
}
