import { isRecord } from '../model/plain-data.ts';
import type { FromProber } from './protocol.ts';

/**
 * Reads one line of the prober's. Undefined where it is not a message: what a pod prints may be anything.
 */
export function parseMessage(line: string): FromProber | undefined {
  let value: unknown;
  try {
    value = JSON.parse(line);
  } catch {
    return undefined;
  }
  return isMessage(value) ? value : undefined;
}

type Check = (value: unknown) => boolean;
type Fields = Readonly<Record<string, Check>>;

const text: Check = (value) => typeof value === 'string';
const number: Check = (value) => typeof value === 'number' && Number.isFinite(value);
const flag: Check = (value) => typeof value === 'boolean';
const oneOf =
  (...words: readonly string[]): Check =>
  (value) =>
    typeof value === 'string' && words.includes(value);
const optional =
  (check: Check): Check =>
  (value) =>
    value === undefined || check(value);
const listOf =
  (check: Check): Check =>
  (value) =>
    Array.isArray(value) && value.every(check);
const record =
  (fields: Fields): Check =>
  (value) =>
    isRecord(value) && Object.entries(fields).every(([name, check]) => check(value[name]));

/** The shape of every kind of message; the compiler sees to it that none is missing. */
const SHAPES: Readonly<Record<FromProber['kind'], Check>> = {
  hello: record({
    version: text,
    bootId: text,
    monotonicMs: number,
    addresses: (value) => Array.isArray(value) && value.every(text),
  }),
  pong: record({ id: number, monotonicMs: number }),
  started: record({ stream: text, monotonicMs: number }),
  probe: record({
    stream: text,
    seq: number,
    scheduledMs: number,
    sentMs: optional(number),
    endedMs: optional(number),
    localPort: optional(number),
    attempts: optional(number),
    connectMs: optional(number),
    remote: optional(text),
    reused: optional(flag),
    idleMs: optional(number),
    replaced: optional(flag),
    status: optional(number),
    bytes: optional(number),
    grpcStatus: optional(number),
    bodyOk: optional(flag),
    value: optional(text),
    failure: optional(
      record({
        phase: oneOf('bind', 'connect', 'tls', 'send', 'headers', 'body'),
        code: text,
        prober: optional(flag),
      }),
    ),
    unsent: optional(oneOf('overdue', 'no-source-port', 'in-flight-limit', 'stopped')),
  }),
  connection: record({
    stream: text,
    localPort: number,
    dialedMs: number,
    openedMs: optional(number),
    atMs: number,
    how: oneOf('kept', 'closed', 'reset', 'goaway', 'close-frame', 'given-up', 'failed'),
    code: optional(text),
  }),
  strays: record({ stream: text, atMs: number, late: number, duplicate: number, unknown: number }),
  heartbeat: record({
    atMs: number,
    loopStallMs: number,
    lostPackets: optional(number),
    inFlight: number,
    nextSeq: (value) => isRecord(value) && Object.values(value).every(number),
  }),
  stopped: record({ stream: text, scheduled: number, stoppedAtMs: number }),
  done: record({ nextPorts: listOf(record({ address: text, port: number, next: number })) }),
  fault: record({ message: text }),
};

function isMessage(value: unknown): value is FromProber {
  if (!isRecord(value) || typeof value.kind !== 'string' || !Object.hasOwn(SHAPES, value.kind)) return false;
  return Object.entries(SHAPES).some(([kind, check]) => kind === value.kind && check(value));
}
