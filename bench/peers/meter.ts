// The one meter for all tools: a server that notes when each request arrives, and resets the connection of every n-th
// where it is told to. It is a process of its own, started with `fork`, and answers orders over IPC.
import { createServer, type Socket } from 'node:net';
import { goFirstInLine } from '../../src/prober/program/first-in-line.ts';
import { monotonicMs } from '../../src/prober/program/monotonic-clock.ts';

/** What the meter is told. */
export type Order = { readonly kind: 'begin'; readonly resetEvery: number } | { readonly kind: 'end' };

/** What the meter saw between `begin` and `end`. */
export interface Ledger {
  readonly kind: 'ledger';
  /** Arrivals of whole requests, milliseconds of the monotonic clock, in order. */
  readonly arrivalsMs: readonly number[];
  readonly connections: number;
  readonly resets: number;
  /** Share of one core that the meter itself used: where it is high, the meter is what was measured. */
  readonly busy: number;
}

const KEEP = Buffer.from('HTTP/1.1 200 OK\r\nContent-Length: 2\r\nContent-Type: text/plain\r\n\r\nok');
const CLOSE = Buffer.from(
  'HTTP/1.1 200 OK\r\nContent-Length: 2\r\nContent-Type: text/plain\r\nConnection: close\r\n\r\nok',
);
const HEAD_END = Buffer.from('\r\n\r\n');
const ROOM = 4_000_000;

/** Garbage is collected when a request has been answered, which leaves the time until the next: that often at most. */
const COLLECTED_EVERY_MS = 20;

let collectedMs = 0;

function collect(): void {
  globalThis.gc?.({ type: 'minor' });
}

const arrivals = new Float64Array(ROOM);
let count = 0;
let connections = 0;
let resets = 0;
let resetEvery = 0;
let beganMs = 0;
let cpuBefore = process.cpuUsage();

function serve(socket: Socket): void {
  connections++;
  let pending: Buffer | undefined;
  socket.setNoDelay(true);
  socket.on('error', () => {});
  socket.on('data', (chunk) => {
    let data = pending ? Buffer.concat([pending, chunk]) : chunk;
    pending = undefined;
    while (data.length > 0) {
      const end = data.indexOf(HEAD_END);
      if (end < 0) {
        pending = data;
        return;
      }
      const arrivedMs = monotonicMs();
      if (count < ROOM) arrivals[count] = arrivedMs;
      count++;
      if (arrivedMs - collectedMs >= COLLECTED_EVERY_MS) {
        collectedMs = arrivedMs;
        setImmediate(collect);
      }
      if (resetEvery > 0 && count % resetEvery === 0) {
        resets++;
        socket.resetAndDestroy();
        return;
      }
      const closes = data.subarray(0, end).includes('onnection: close');
      data = data.subarray(end + HEAD_END.length);
      if (closes) {
        socket.end(CLOSE);
        return;
      }
      socket.write(KEEP);
    }
  });
}

// A meter that waits for its turn tells its own lateness as that of whoever is measured.
goFirstInLine();
const server = createServer({ noDelay: true }, serve);
server.listen({ host: '127.0.0.1', port: 0, backlog: 4096 }, () => {
  const address = server.address();
  process.send?.({ kind: 'listening', port: typeof address === 'object' && address ? address.port : 0 });
});
process.on('disconnect', () => process.exit(0));
process.on('message', (order: Order) => {
  if (order.kind === 'begin') {
    count = 0;
    connections = 0;
    resets = 0;
    resetEvery = order.resetEvery;
    beganMs = monotonicMs();
    cpuBefore = process.cpuUsage();
    return;
  }
  const { user, system } = process.cpuUsage(cpuBefore);
  const busy = (user + system) / 1000 / (monotonicMs() - beganMs);
  const ledger: Ledger = {
    kind: 'ledger',
    arrivalsMs: Array.from(arrivals.subarray(0, Math.min(count, ROOM)), (ms) => Math.round(ms * 1000) / 1000),
    connections,
    resets,
    busy,
  };
  process.send?.(ledger);
});
