import { createInterface } from 'node:readline';
import { setTimeout as sleep } from 'node:timers/promises';
import { type Destination, destinationName } from '../model/destination.ts';
import { EnvironmentError } from '../model/problem.ts';
import type { ConnectionFact, Heartbeat, Probe, Strays } from '../model/recording.ts';
import {
  type ClockOffset,
  type ClockSample,
  estimateClockOffset,
  mayBeSameClock,
  SAME_CLOCK,
} from './clock-offset.ts';
import { parseMessage } from './parse-message.ts';
import type { ProberProcess } from './prober-process.ts';
import { bootId } from './program/boot-id.ts';
import { monotonicMs } from './program/monotonic-clock.ts';
import {
  type FromProber,
  type NextPort,
  PROTOCOL_VERSION,
  type SourcePortRange,
  type StreamSpec,
  type ToProber,
} from './protocol.ts';

/** All instants that go in and out are milliseconds since the recording was opened. */
export interface Prober extends AsyncDisposable {
  /** Addresses of the prober's network interfaces. */
  readonly addresses: readonly string[];
  /** How the prober's clock relates to ours; it is accounted for in everything the prober tells. */
  readonly clock: ClockOffset;
  /** How it ended, once it has; never rejects. */
  readonly ended: Promise<ProberEnd>;
  /**
   * Starts streams and resolves with the instant each one's first probe is due. `portsTowards` says which source ports
   * are owned towards a destination; what it says first counts as long as this prober lives.
   */
  start(
    streams: readonly StreamSpec[],
    portsTowards: (destination: Destination) => SourcePortRange,
  ): Promise<ReadonlyMap<string, number>>;
  /**
   * Nothing is due in the stream at or after `atMs` (default: now). Resolves when every probe of the stream has been
   * reported, which takes until the deadline of the last one.
   */
  stop(stream: string, atMs?: number): Promise<StreamEnd>;
  /** Stops what still runs and waits for the last report. A prober that takes longer than the limit is killed. */
  finish(limitMs: number): Promise<ProberEnd>;
}

/** A stream after its last report. */
export interface StreamEnd {
  /** Number of probes that were due in it. */
  readonly scheduled: number;
  readonly stoppedAtMs: number;
}

/** `finished`: it reported all and left. `lost`: it ended in any other way, and requests may be missing. */
export type ProberEnd =
  | { readonly kind: 'finished'; readonly nextPorts: readonly NextPort[] }
  | { readonly kind: 'lost'; readonly detail: string };

export interface ProberListeners {
  /** Every probe's and every connection's end and every heartbeat, as the recording takes them. */
  onEntry(entry: Probe | ConnectionFact | Strays | Heartbeat): void;
  /** Two seconds without a heartbeat; told once for every such silence, with the instant of the last one. */
  onSilence?(lastHeartbeatMs: number): void;
  /** The prober said something that is no message, or that it could not do as told. Untrusted text. */
  onFault?(message: string): void;
}

/** The prober ended while something was still wanted of it. */
export class ProberLostError extends Error {
  override readonly name = 'ProberLostError';
}

const OPEN_LIMIT_MS = 20_000;
const SILENCE_MS = 2_000;
const PINGS = 7;
/** Nothing the prober says is nearly as long. */
const LINE_LIMIT = 256 * 1024;
const STDERR_KEPT = 4 * 1024;
const LAST_WORDS_MS = 1_000;

/**
 * Takes over a prober that has just been launched: waits until it speaks and compares clocks.
 * `recordingOpenedMs` is the recording's instant 0 on our monotonic clock. Throws EnvironmentError where the prober
 * does not come up; it is killed then.
 */
export async function openProber(
  process: ProberProcess,
  recordingOpenedMs: number,
  listeners: ProberListeners,
): Promise<Prober> {
  const conversation = new Conversation(process, recordingOpenedMs, listeners);
  try {
    await conversation.open();
    return conversation;
  } catch (error) {
    await conversation[Symbol.asyncDispose]();
    throw error;
  }
}

/** What we wait for the prober to say. */
interface Expected {
  take(message: FromProber): boolean;
  fail(error: Error): void;
}

class Conversation implements Prober {
  addresses: readonly string[] = [];
  clock: ClockOffset = SAME_CLOCK;
  readonly ended: Promise<ProberEnd>;
  readonly #process: ProberProcess;
  readonly #recordingOpenedMs: number;
  readonly #listeners: ProberListeners;
  readonly #expected = new Set<Expected>();
  #stderr = '';
  #heartbeatMs: number | undefined;
  #silent = false;
  #overdrawn: string | undefined;
  #nextPorts: readonly NextPort[] | undefined;
  #lastFault = '';
  /** How it ended, once it has. */
  #how: string | undefined;

  constructor(process: ProberProcess, recordingOpenedMs: number, listeners: ProberListeners) {
    this.#process = process;
    this.#recordingOpenedMs = recordingOpenedMs;
    this.#listeners = listeners;
    process.stderr.on('data', (chunk: Buffer) => {
      this.#stderr = (this.#stderr + chunk.toString('utf8')).slice(-STDERR_KEPT);
    });
    for (const stream of [process.stdin, process.stdout, process.stderr]) stream.on('error', () => {});
    const read = this.#read();
    const watch = setInterval(() => this.#watchSilence(), SILENCE_MS / 8).unref();
    this.ended = this.#end(read).finally(() => clearInterval(watch));
  }

  /** Waits until the prober speaks, and compares clocks. */
  async open(): Promise<void> {
    const limit = sleep(OPEN_LIMIT_MS, undefined, { ref: false }).then(() => {
      throw new Error(`it did not answer within ${OPEN_LIMIT_MS / 1000} s`);
    });
    await Promise.race([this.#greet(), limit]).catch((cause: Error) => {
      if (cause instanceof EnvironmentError) throw cause;
      throw new EnvironmentError(
        {
          code: 'RP2301',
          what: 'The prober did not start.',
          why: cause.message,
          remedy: 'Run again; if it happens again, report it together with the log.',
        },
        { cause },
      );
    });
  }

  async start(
    streams: readonly StreamSpec[],
    portsTowards: (destination: Destination) => SourcePortRange,
  ): Promise<ReadonlyMap<string, number>> {
    const started = streams.map(({ id }) =>
      this.#expect((message) =>
        message.kind === 'started' && message.stream === id
          ? ([id, this.#toRecordingMs(message.monotonicMs)] as const)
          : undefined,
      ),
    );
    const destinations = new Map(
      streams.map(({ address, port }) => [destinationName({ address, port }), { address, port }] as const),
    );
    const ports = [...destinations.values()].map((to) => ({ ...to, range: portsTowards(to) }));
    this.#say({ kind: 'start', streams, ports });
    return new Map(await Promise.all(started));
  }

  stop(stream: string, atMs?: number): Promise<StreamEnd> {
    const stopped = this.#expect((message) =>
      message.kind === 'stopped' && message.stream === stream
        ? { scheduled: message.scheduled, stoppedAtMs: this.#toRecordingMs(message.stoppedAtMs) }
        : undefined,
    );
    this.#say({ kind: 'stop', stream, ...(atMs === undefined ? {} : { atMs: this.#toProberMs(atMs) }) });
    return stopped;
  }

  async finish(limitMs: number): Promise<ProberEnd> {
    this.#say({ kind: 'finish' });
    const limit = new AbortController();
    const overdrawn = sleep(limitMs, undefined, { signal: limit.signal }).then(
      () => {
        this.#overdrawn = `it had not finished after ${limitMs} ms and was killed`;
        this.#process.kill('SIGKILL');
      },
      () => {},
    );
    const end = await this.ended;
    limit.abort();
    await overdrawn;
    return end;
  }

  /** Ends the prober, wherever it runs, if it has not ended by itself. */
  async [Symbol.asyncDispose](): Promise<void> {
    if (this.#how === undefined) {
      this.#process.stdin.end();
      this.#process.kill('SIGKILL');
    }
    await this.ended;
  }

  async #end(read: Promise<void>): Promise<ProberEnd> {
    const { exitCode, signal } = await this.#process.ended;
    // What it said last is still on its way; a pipe that somebody else holds open is not waited for.
    await Promise.race([read, sleep(LAST_WORDS_MS, undefined, { ref: false })]);
    const how =
      this.#overdrawn ??
      (signal ? `it was ended by ${signal}` : `it ended with exit code ${exitCode ?? 'none'}`);
    const detail = [how, this.#lastFault, lastLines(this.#stderr)].filter((part) => part !== '').join('; ');
    this.#how = detail;
    for (const expected of this.#expected) expected.fail(new ProberLostError(detail));
    return this.#nextPorts === undefined
      ? { kind: 'lost', detail }
      : { kind: 'finished', nextPorts: this.#nextPorts };
  }

  async #read(): Promise<void> {
    const lines = createInterface({ input: this.#process.stdout, crlfDelay: Number.POSITIVE_INFINITY });
    lines.on('line', (line) => {
      const message = line.length > LINE_LIMIT ? undefined : parseMessage(line);
      if (message) this.#hear(message);
      else this.#fault(`the prober said something that is no message: ${line.slice(0, 200)}`);
    });
    await new Promise<void>((resolve) => lines.once('close', resolve));
  }

  #hear(message: FromProber): void {
    switch (message.kind) {
      case 'probe': {
        const { sentMs, endedMs } = message;
        this.#listeners.onEntry({
          ...message,
          scheduledMs: this.#toRecordingMs(message.scheduledMs),
          ...(sentMs === undefined ? {} : { sentMs: this.#toRecordingMs(sentMs) }),
          ...(endedMs === undefined ? {} : { endedMs: this.#toRecordingMs(endedMs) }),
        });
        return;
      }
      case 'connection': {
        const { dialedMs, openedMs, atMs } = message;
        this.#listeners.onEntry({
          ...message,
          dialedMs: this.#toRecordingMs(dialedMs),
          ...(openedMs === undefined ? {} : { openedMs: this.#toRecordingMs(openedMs) }),
          atMs: this.#toRecordingMs(atMs),
        });
        return;
      }
      case 'strays':
        this.#listeners.onEntry({ ...message, atMs: this.#toRecordingMs(message.atMs) });
        return;
      case 'heartbeat':
        this.#heartbeatMs = monotonicMs();
        this.#silent = false;
        this.#listeners.onEntry({ ...message, atMs: this.#toRecordingMs(message.atMs) });
        return;
      case 'fault':
        this.#fault(message.message);
        return;
      case 'done':
        this.#nextPorts = message.nextPorts;
        return;
      case 'hello':
      case 'pong':
      case 'started':
      case 'stopped':
        for (const expected of this.#expected) if (expected.take(message)) return;
        this.#fault(`the prober said ${message.kind} without being asked`);
    }
  }

  async #greet(): Promise<void> {
    const hello = await this.#expect((message) => (message.kind === 'hello' ? message : undefined));
    if (hello.version !== PROTOCOL_VERSION) {
      throw new EnvironmentError({
        code: 'RP2302',
        what: `The prober speaks version ${hello.version} of its protocol, not ${PROTOCOL_VERSION}.`,
        why: 'The prober program and Rollproof come from different builds.',
        remedy: 'Build again, so that dist/ holds one version of both.',
      });
    }
    this.addresses = hello.addresses;
    await this.#process.makeRealTime?.();
    this.clock = await this.#compareClocks(hello.bootId);
    this.#heartbeatMs = monotonicMs();
  }

  async #compareClocks(proberBootId: string): Promise<ClockOffset> {
    const sameKernel = proberBootId !== '' && proberBootId === bootId();
    const samples: ClockSample[] = [];
    for (let id = 0; id < PINGS; id++) {
      const pong = this.#expect((message) =>
        message.kind === 'pong' && message.id === id ? message.monotonicMs : undefined,
      );
      const askedMs = monotonicMs();
      this.#say({ kind: 'ping', id });
      const proberMs = await pong;
      const sample = { askedMs, answeredMs: monotonicMs(), proberMs };
      if (sameKernel && mayBeSameClock(sample)) return SAME_CLOCK;
      samples.push(sample);
    }
    return estimateClockOffset(samples);
  }

  /** Waits for the one message of the prober's that `read` makes something of. */
  #expect<T>(read: (message: FromProber) => T | undefined): Promise<T> {
    if (this.#how !== undefined) return Promise.reject(new ProberLostError(this.#how));
    return new Promise((resolve, reject) => {
      const expected: Expected = {
        take: (message) => {
          const value = read(message);
          if (value === undefined) return false;
          this.#expected.delete(expected);
          resolve(value);
          return true;
        },
        fail: reject,
      };
      this.#expected.add(expected);
    });
  }

  #say(message: ToProber): void {
    this.#process.stdin.write(`${JSON.stringify(message)}\n`);
  }

  #fault(message: string): void {
    this.#lastFault = message;
    this.#listeners.onFault?.(message);
  }

  #watchSilence(): void {
    const lastMs = this.#heartbeatMs;
    if (lastMs === undefined || this.#silent || monotonicMs() - lastMs < SILENCE_MS) return;
    // It may be we who slept: what has arrived meanwhile is read first.
    setImmediate(() => {
      if (this.#heartbeatMs !== lastMs || this.#how !== undefined) return;
      this.#silent = true;
      this.#listeners.onSilence?.(lastMs - this.#recordingOpenedMs);
    });
  }

  #toRecordingMs(proberMs: number): number {
    // To the microsecond, as the prober tells it: the digits after that come from the subtraction.
    return Math.round((proberMs - this.clock.offsetMs - this.#recordingOpenedMs) * 1000) / 1000;
  }

  #toProberMs(recordingMs: number): number {
    return recordingMs + this.#recordingOpenedMs + this.clock.offsetMs;
  }
}

/** The end of an error output, readable: a program in one line shows itself with every stack trace. */
function lastLines(output: string): string {
  return output
    .trim()
    .split('\n')
    .slice(-12)
    .map((line) => (line.length > 200 ? `${line.slice(0, 200)}…` : line))
    .join('\n');
}
