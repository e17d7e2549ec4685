import type { Probe } from '../../model/recording.ts';
import type { FromProber, StreamSpec } from '../protocol.ts';
import { LoopStalls } from './loop-stalls.ts';
import { countDueBefore, dueMs, isOverdue, type Schedule } from './schedule.ts';
import type { RunningSend, SendEnd, Transport } from './transports/transport.ts';
import { type Waiting, WaitingLine } from './waiting-line.ts';

/** Time as the loop sees it; all instants are milliseconds of the prober's monotonic clock. */
export interface LoopTime {
  nowMs(): number;
  /**
   * Calls back once, at or after an instant, when everything that the kernel holds ready has been read. A later call
   * takes the place of the one before. `precise`: as near to the instant as can be, whatever it costs.
   */
  wakeAt(instantMs: number, wake: () => void, precise: boolean): void;
  /** Calls back once everything that the kernel holds ready has been read. */
  afterPoll(callback: () => void): void;
}

export interface ProbeLoopOptions {
  readonly time: LoopTime;
  openTransport(spec: StreamSpec): Transport;
  emit(message: FromProber): void;
  /** How many packets this machine threw away since this was last asked. */
  takeLostPackets?(): number;
  /** Called once, when everything has been reported after `finish`. */
  onFinished(): void;
}

const HEARTBEAT_MS = 250;

/** While requests are made, the loop wakes at least this often, so that a stall can be told from a pause. */
const WATCH_MS = 20;

/**
 * So many requests of a stream are sent before answers are read again. A prober that catches up would find all of its
 * connections busy with answers that are there already, and open others, which costs more than it can catch up.
 */
const SENT_BEFORE_READING = 16;

/** Over all streams. More would mean that nothing is answered any more; descriptors are finite. */
export const IN_FLIGHT_LIMIT = 4096;

/** A failure is laid to the prober where it stood still for at least this part of the request's deadline. */
const STALLED_SHARE = 0.1;

interface RunningStream {
  readonly spec: StreamSpec;
  readonly schedule: Schedule;
  readonly transport: Transport;
  /** In the order of sending, which is the order of their deadlines; those past it are no longer in here. */
  readonly beforeDeadline: WaitingLine<InFlight>;
  inFlight: number;
  nextSeq: number;
  /** Number of probes that are due in all; unknown until the stream is stopped. */
  scheduled: number;
  stoppedAtMs: number | undefined;
}

interface InFlight extends Waiting {
  readonly seq: number;
  readonly sentMs: number;
  running: RunningSend | undefined;
  ended: boolean;
}

/**
 * Sends every stream's requests when they are due, whatever became of earlier ones, and reports each exactly once.
 * Beats while it lives, also with nothing to send.
 */
export class ProbeLoop {
  readonly #time: LoopTime;
  readonly #options: ProbeLoopOptions;
  readonly #stalls = new LoopStalls();
  readonly #streams = new Map<string, RunningStream>();
  #inFlight = 0;
  #nextHeartbeatMs: number;
  #finishing = false;
  readonly #wake = () => this.#turn();

  constructor(options: ProbeLoopOptions) {
    this.#options = options;
    this.#time = options.time;
    this.#nextHeartbeatMs = this.#time.nowMs();
    this.#turn();
  }

  /** True while no answer is awaited. */
  get idle(): boolean {
    return this.#inFlight === 0;
  }

  /** Starts a stream; its first probe is due `offsetMs` from now. Throws where a stream of that name is running. */
  start(spec: StreamSpec): void {
    if (this.#streams.has(spec.id)) throw new Error(`stream ${spec.id} is running already`);
    const startMs = this.#time.nowMs() + spec.offsetMs;
    this.#streams.set(spec.id, {
      spec,
      schedule: { startMs, intervalMs: spec.intervalMs },
      transport: this.#options.openTransport(spec),
      beforeDeadline: new WaitingLine(),
      inFlight: 0,
      nextSeq: 0,
      scheduled: Number.POSITIVE_INFINITY,
      stoppedAtMs: undefined,
    });
    this.#options.emit({ kind: 'started', stream: spec.id, monotonicMs: startMs });
    this.#turn();
  }

  /** Nothing is due in the stream at or after the instant. What was sent before goes on to its own end. */
  stop(id: string, atMs = this.#time.nowMs()): void {
    const stream = this.#streams.get(id);
    if (!stream) throw new Error(`no stream ${id} is running`);
    end(stream, atMs);
    this.#turn();
  }

  /** Stops what still runs, and calls `onFinished` when the last request has ended. */
  finish(): void {
    if (this.#finishing) return;
    this.#finishing = true;
    for (const stream of this.#streams.values()) {
      if (stream.stoppedAtMs === undefined) end(stream, this.#time.nowMs());
    }
    this.#turn();
  }

  /** Does whatever is due by now, and goes to sleep until the next thing is. */
  #turn(): void {
    this.#stalls.woke(this.#time.nowMs());
    for (const stream of this.#streams.values()) this.#sendDue(stream);
    for (const stream of this.#streams.values()) this.#expire(stream);
    for (const stream of this.#streams.values()) this.#endIfDrained(stream);
    if (this.#finishing && this.#streams.size === 0) {
      this.#beat();
      this.#options.onFinished();
      return;
    }
    if (this.#time.nowMs() >= this.#nextHeartbeatMs) this.#beat();
    this.#sleep();
  }

  #sendDue(stream: RunningStream): void {
    const { schedule } = stream;
    let sent = 0;
    for (; stream.nextSeq < stream.scheduled && sent < SENT_BEFORE_READING; stream.nextSeq++) {
      const seq = stream.nextSeq;
      const nowMs = this.#time.nowMs();
      if (dueMs(schedule, seq) > nowMs) return;
      if (isOverdue(schedule, seq, nowMs)) this.#report(stream, seq, { unsent: 'overdue' });
      else if (this.#inFlight >= IN_FLIGHT_LIMIT) this.#report(stream, seq, { unsent: 'in-flight-limit' });
      else {
        this.#send(stream, seq, nowMs);
        sent++;
      }
    }
  }

  #send(stream: RunningStream, seq: number, sentMs: number): void {
    const request: InFlight = {
      seq,
      sentMs,
      running: undefined,
      ended: false,
      ahead: undefined,
      behind: undefined,
    };
    stream.beforeDeadline.add(request);
    stream.inFlight++;
    this.#inFlight++;
    request.running = stream.transport.send((end) => {
      const endedMs = this.#time.nowMs();
      request.ended = true;
      stream.beforeDeadline.remove(request);
      stream.inFlight--;
      this.#inFlight--;
      this.#report(stream, seq, this.#told(end, { sentMs, endedMs, deadlineMs: stream.spec.deadlineMs }));
    }, seq);
  }

  #expire(stream: RunningStream): void {
    const nowMs = this.#time.nowMs();
    const line = stream.beforeDeadline;
    for (let next = line.first; next; next = line.first) {
      const request = next;
      if (this.#deadlineMs(stream, request) > nowMs) return;
      line.remove(request);
      // The answer may lie in the kernel: timers run before sockets are read.
      this.#time.afterPoll(() => {
        if (!request.ended) request.running?.giveUp('DEADLINE');
      });
    }
  }

  /** A deadline is time in which the prober was awake: a request that it slept over gets that time back. */
  #deadlineMs(stream: RunningStream, { sentMs }: InFlight): number {
    return sentMs + stream.spec.deadlineMs + this.#stalls.stalledMsSince(sentMs, this.#time.nowMs());
  }

  #told(
    end: SendEnd,
    when: { readonly sentMs: number; readonly endedMs: number; readonly deadlineMs: number },
  ): ProbeEnd {
    const { sentMs, endedMs, deadlineMs } = when;
    const times = { sentMs: rounded(sentMs), endedMs: rounded(endedMs) };
    switch (end.kind) {
      case 'unsent':
        return { unsent: end.why };
      case 'answered':
        return { ...times, ...end.facts };
      case 'failed': {
        const { facts, phase, code } = end;
        // A refusal is the target's, however late the prober reads it.
        const refused = phase === 'connect' && code !== 'DEADLINE';
        const stalledMs = refused ? 0 : this.#stalls.stalledMsSince(sentMs, endedMs);
        const prober = stalledMs > 0 && stalledMs >= STALLED_SHARE * deadlineMs;
        return { ...times, ...facts, failure: { phase, code, ...(prober ? { prober } : {}) } };
      }
    }
  }

  #report(stream: RunningStream, seq: number, end: ProbeEnd): void {
    const scheduledMs = rounded(dueMs(stream.schedule, seq));
    this.#options.emit({ kind: 'probe', stream: stream.spec.id, seq, scheduledMs, ...end });
  }

  #endIfDrained(stream: RunningStream): void {
    const { spec, stoppedAtMs, scheduled } = stream;
    if (stoppedAtMs === undefined || stream.nextSeq < scheduled || stream.inFlight > 0) return;
    this.#streams.delete(spec.id);
    stream.transport.close();
    this.#options.emit({ kind: 'stopped', stream: spec.id, scheduled, stoppedAtMs });
  }

  #beat(): void {
    const nowMs = this.#time.nowMs();
    this.#nextHeartbeatMs = nowMs + HEARTBEAT_MS;
    const lostPackets = this.#options.takeLostPackets?.() ?? 0;
    this.#options.emit({
      kind: 'heartbeat',
      atMs: rounded(nowMs),
      loopStallMs: rounded(this.#stalls.takeLongestMs()),
      ...(lostPackets > 0 ? { lostPackets } : {}),
      inFlight: this.#inFlight,
      nextSeq: Object.fromEntries([...this.#streams].map(([id, stream]) => [id, stream.nextSeq])),
    });
  }

  #sleep(): void {
    const nowMs = this.#time.nowMs();
    let wakeMs = this.#nextHeartbeatMs;
    let precise = false;
    if (this.#streams.size > 0) wakeMs = Math.min(wakeMs, nowMs + WATCH_MS);
    for (const stream of this.#streams.values()) {
      const { schedule, nextSeq, scheduled, spec } = stream;
      if (spec.pacing === 'precise') precise = true;
      if (nextSeq < scheduled) wakeMs = Math.min(wakeMs, dueMs(schedule, nextSeq));
      const oldest = stream.beforeDeadline.first;
      if (oldest) wakeMs = Math.min(wakeMs, this.#deadlineMs(stream, oldest));
    }
    // What is left of catching up was due long ago, and that has been told.
    this.#stalls.planned(Math.max(wakeMs, nowMs), nowMs);
    this.#time.wakeAt(wakeMs, this.#wake, precise);
  }
}

function end(stream: RunningStream, atMs: number): void {
  stream.scheduled = Math.max(stream.nextSeq, countDueBefore(stream.schedule, atMs));
  stream.stoppedAtMs = atMs;
}

type ProbeEnd = Omit<Probe, 'kind' | 'stream' | 'seq' | 'scheduledMs'>;

/** To the microsecond: finer digits are noise, and make the recording a third longer. */
function rounded(ms: number): number {
  return Math.round(ms * 1000) / 1000;
}
