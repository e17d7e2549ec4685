import { type AddressInfo, createServer, type Socket } from 'node:net';
import { createServer as createTlsServer } from 'node:tls';
import { describe, expect, it } from 'vitest';
import { SourcePorts } from '../../../src/prober/program/source-ports.ts';
import { transportFor } from '../../../src/prober/program/transports/open-transport.ts';
import type { SendEnd } from '../../../src/prober/program/transports/transport.ts';
import type { HttpEngineName, StreamSpec } from '../../../src/prober/protocol.ts';
import { countEnds, sharedProber, testStream } from '../../support/drive-prober.ts';
import { type Behaviour, BODY, misbehavingServer } from '../../support/misbehaving-server.ts';
import { SELF_SIGNED } from '../../support/self-signed.ts';

const ENGINES: readonly HttpEngineName[] = ['raw', 'undici'];
const COUNT = 6;

const send = sharedProber();

// A handshake is work for both sides, and a busy machine may be late by ten intervals before a request is held back.
const overTls = (port: number, spec: Partial<StreamSpec> = {}): StreamSpec =>
  testStream(port, { protocol: 'https', connections: 2, intervalMs: 100, deadlineMs: 3_000, ...spec });

/** What the prober has to say of what happens after the handshake: the same as without TLS. */
const TOLD: Readonly<Partial<Record<Behaviour, string>>> = {
  answer: '200',
  'answer-and-close': '200',
  'answer-chunked': '200',
  'answer-in-pieces': '200',
  'answer-until-close': '200',
  'wrong-status': '503',
  'wrong-body': '200 wrong body',
  hang: 'headers DEADLINE',
  'close-without-answer': 'headers CLOSED',
  'reset-before-answer': 'headers ECONNRESET',
  'reset-inside-answer': 'body ECONNRESET',
  truncate: 'body CLOSED',
};

/** Far more than it takes to hear of an end that follows an answer: a request that crosses it is dropped indeed. */
const END_HEARD = { intervalMs: 400 };

describe.concurrent.each(ENGINES)('HTTP over TLS, by %s', (engine) => {
  describe.concurrent.each(['new', 'keep-alive', 'slow'] as const)('with %s connections', (connection) => {
    it.each(Object.entries(TOLD))('every request met with "%s" is told as %s', async (behaviour, told) => {
      await using server = await misbehavingServer(() => behaviour as Behaviour, { secure: true });
      const wanted = { statusFrom: 200, statusTo: 299, bodyContains: BODY };
      const pace = behaviour === 'answer-and-close' ? END_HEARD : {};
      const spec = overTls(server.port, { engine, connection, expect: wanted, ...pace });
      const probes = await send(spec, COUNT);
      expect(countEnds(probes)).toEqual({ [told]: COUNT });
      expect(server.requests).toHaveLength(COUNT);
    });
  });

  it('rests between requests on the same connections', async () => {
    await using server = await misbehavingServer(() => 'answer', { secure: true });
    const rest = { connection: 'idle-reuse', connections: 20, idleMs: 200, intervalMs: 50 } as const;
    const probes = await send(overTls(server.port, { engine, ...rest }), 20);
    expect(countEnds(probes)).toEqual({ '200': 20 });
    expect(server.connections).toBe(probes.filter(({ reused }) => !reused).length);
    expect(server.connections).toBeLessThan(20);
  });
});

/** Where a handshake goes wrong, by what the server does with a fresh connection. */
const HANDSHAKES: readonly (readonly [string, (socket: Socket) => void, RegExp])[] = [
  ['closes', (socket) => socket.once('data', () => socket.end()), /^tls CLOSED$/],
  ['resets', (socket) => socket.once('data', () => socket.resetAndDestroy()), /^tls ECONNRESET$/],
  ['hangs', (socket) => socket.resume(), /^tls DEADLINE$/],
  [
    'speaks plain HTTP',
    (socket) => socket.once('data', () => socket.end('HTTP/1.1 400 Bad\r\n\r\n')),
    /^tls ERR_SSL_/,
  ],
  // A fatal alert: handshake_failure.
  [
    'refuses',
    (socket) => socket.once('data', () => socket.end(Buffer.from([21, 3, 3, 0, 2, 2, 40]))),
    /^tls ERR_SSL_/,
  ],
];

describe.concurrent.each(['new', 'keep-alive'] as const)('a handshake over %s connections', (connection) => {
  it.each(HANDSHAKES)('that the server %s is told as what it is', async (_, behave, told) => {
    await using server = await handshakeServer(behave);
    const probes = await send(overTls(server.port, { connection, deadlineMs: 700 }), COUNT);
    const ends = Object.entries(countEnds(probes));
    expect(ends.map(([, count]) => count)).toEqual([COUNT]);
    expect(ends[0]?.[0]).toMatch(told);
    expect(probes.every(({ localPort, reused }) => localPort !== undefined && reused === false)).toBe(true);
    expect(server.connections).toBe(COUNT);
  });
});

it('names the host in the handshake where it has a name, and speaks HTTP/1.1 only', async () => {
  const seen: unknown[] = [];
  const server = createTlsServer({ ...SELF_SIGNED, ALPNProtocols: ['h2', 'http/1.1'] }, (socket) => {
    seen.push([socket.servername, socket.alpnProtocol]);
    socket.on('error', () => {});
    socket.on('data', () => socket.end('HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n'));
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  try {
    const { port } = server.address() as AddressInfo;
    await send(overTls(port, { host: `shop.example:${port}` }), 1);
    await send(overTls(port, { host: `127.0.0.1:${port}` }), 1);
    expect(seen).toEqual([
      ['shop.example', 'http/1.1'],
      [false, 'http/1.1'],
    ]);
  } finally {
    await new Promise((resolve) => server.close(resolve));
  }
});

it('gives each source port back when its connection has ended, also after a handshake that failed', async () => {
  await using good = await misbehavingServer(() => 'answer', { secure: true });
  await using bad = await handshakeServer((socket) => socket.once('data', () => socket.end()));
  const sourcePorts = new SourcePorts({ first: 32_100, last: 32_139, next: 32_100, restMs: 0 }, 0);
  for (const { port } of [good, bad]) {
    const open = await transportFor(overTls(port, { connection: 'new' }));
    const dialer = { address: '127.0.0.1', port, sourcePorts, nowMs: () => performance.now() };
    const transport = open(dialer, () => {});
    const kinds = new Set<string>();
    for (let seq = 0; seq < 60; seq++) {
      const end = await new Promise<SendEnd>((resolve) => void transport.send(resolve, seq));
      kinds.add(end.kind);
      await new Promise((resolve) => setImmediate(resolve));
    }
    expect([...kinds]).toEqual([port === good.port ? 'answered' : 'failed']);
  }
});

async function handshakeServer(behave: (socket: Socket) => void) {
  const sockets = new Set<Socket>();
  const server = createServer((socket) => {
    sockets.add(socket);
    socket.on('error', () => {});
    behave(socket);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return {
    port: (server.address() as AddressInfo).port,
    get connections() {
      return sockets.size;
    },
    async [Symbol.asyncDispose]() {
      for (const socket of sockets) socket.destroy();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}
