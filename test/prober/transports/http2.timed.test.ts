import {
  constants,
  createServer,
  type IncomingHttpHeaders,
  type ServerHttp2Session,
  type ServerHttp2Stream,
} from 'node:http2';
import type { AddressInfo } from 'node:net';
import { describe, expect, it } from 'vitest';
import type { StreamSpec } from '../../../src/prober/protocol.ts';
import { endOf, keptAlive, sharedTeller, testStream } from '../../support/drive-prober.ts';
import { echoPeer } from '../../support/echo-peer.ts';
import { hows, told } from '../../support/told.ts';

interface Peer extends AsyncDisposable {
  readonly port: number;
  readonly requests: readonly IncomingHttpHeaders[];
  readonly sessions: number;
}

type Behaviour = (stream: ServerHttp2Stream, session: ServerHttp2Session) => void;

async function peer(behaviourOf: (request: number) => Behaviour): Promise<Peer> {
  const requests: IncomingHttpHeaders[] = [];
  const sessions = new Set<ServerHttp2Session>();
  let opened = 0;
  const server = createServer();
  server.on('session', (session) => {
    opened++;
    sessions.add(session);
    session.on('error', () => {});
    session.on('close', () => sessions.delete(session));
  });
  server.on('stream', (stream, headers) => {
    stream.on('error', () => {});
    const { session } = stream;
    if (session) behaviourOf(requests.push(headers) - 1)(stream, session as ServerHttp2Session);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return {
    port: (server.address() as AddressInfo).port,
    requests,
    get sessions() {
      return opened;
    },
    async [Symbol.asyncDispose]() {
      for (const session of sessions) session.destroy();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

const answer: Behaviour = (stream) => {
  stream.respond({ ':status': 200 });
  stream.end('hello');
};
const hang: Behaviour = () => {};
const reset =
  (code: number): Behaviour =>
  (stream) =>
    stream.close(code);
/** Takes nothing from this request on, but ends what came before. */
const goawayBefore: Behaviour = (stream, session) => session.goaway(0, (stream.id ?? 1) - 2);
/** Says that it goes, and answers all the same. */
const goawayAndAnswer: Behaviour = (stream, session) => {
  session.goaway(0, stream.id ?? 0);
  answer(stream, session);
};
const failing: Behaviour = (_stream, session) => session.goaway(constants.NGHTTP2_INTERNAL_ERROR, 0);
const shorterThanSaid: Behaviour = (stream) => {
  stream.respond({ ':status': 200, 'content-length': 100 });
  stream.end('half');
};
const closeTcp: Behaviour = (_stream, session) => void session.socket.destroySoon();
const halfAndClose: Behaviour = (stream, session) => {
  stream.respond({ ':status': 200, 'content-length': 100 });
  stream.write('half', () => setImmediate(() => session.destroy()));
};
const resetTcp: Behaviour = (_stream, session) => {
  // The session guards its socket's methods; the handle below it is what sends the RST.
  const [, socket] = Object.getOwnPropertySymbols(session).flatMap((key) => {
    const value: unknown = Reflect.get(session, key);
    return value !== null && typeof value === 'object' && 'resetAndDestroy' in value ? [key, value] : [];
  });
  if (socket && typeof socket === 'object' && 'resetAndDestroy' in socket) {
    (socket.resetAndDestroy as () => void).call(socket);
  }
};

const tellOf = sharedTeller();
const KEPT = keptAlive('h2');

describe.concurrent('h2', () => {
  it('sends many requests at a time over its connections', async () => {
    await using server = await peer(() => (stream, session) => setTimeout(answer, 400, stream, session));
    const spec = testStream(server.port, { ...KEPT, connections: 2, path: '/a', intervalMs: 60 });
    const { probes, facts } = await tellOf(spec, 12);
    expect(probes.map(endOf)).toEqual(Array(12).fill('200'));
    expect(probes[0]?.bytes).toBe(5);
    expect(server.sessions).toBe(2);
    expect(hows(facts)).toEqual(['kept', 'kept']);
    expect(server.requests[0]).toMatchObject({
      ':method': 'GET',
      ':path': '/a',
      ':authority': 'web.example',
    });
  });

  it('takes a fresh connection for every request where it is told to', async () => {
    await using server = await peer(() => answer);
    const { probes, facts } = await tellOf(testStream(server.port, { ...KEPT, connection: 'new' }), 3);
    expect(probes.map(endOf)).toEqual(Array(3).fill('200'));
    expect(server.sessions).toBe(3);
    expect(facts).toEqual([]);
  });

  it.each<[string, Behaviour, string, string, string]>([
    ['hangs', hang, 'headers DEADLINE', 'answer-timeout', 'given-up'],
    ['refuses the stream', reset(7), 'headers RST_STREAM 7', 'stream-reset', 'kept'],
    ['cancels the stream', reset(8), 'headers RST_STREAM 8', 'stream-reset', 'kept'],
    ['turns it away with GOAWAY', goawayBefore, 'headers GOAWAY', 'goaway', 'goaway'],
    ['says GOAWAY with an error', failing, 'headers GOAWAY', 'goaway', 'goaway'],
    ['closes the connection', closeTcp, 'headers CLOSED', 'closed-before-answer', 'closed'],
    // Node's server says GOAWAY before it closes.
    ['closes it within the body', halfAndClose, 'body CLOSED', 'truncated', 'goaway'],
    [
      'ends the answer before the length it announced',
      shorterThanSaid,
      'body RST_STREAM 1',
      'stream-reset',
      'kept',
    ],
    ['resets the connection', resetTcp, 'headers ECONNRESET', 'reset-before-answer', 'reset'],
  ])('a server that %s', async (_, behaviour, end, dropped, how) => {
    await using server = await peer((request) => (request === 2 ? behaviour : answer));
    const spec = testStream(server.port, { ...KEPT, deadlineMs: 1_500 });
    const { probes, facts } = await tellOf(spec, 6);
    expect(probes.map(endOf)).toEqual([0, 1, 2, 3, 4, 5].map((seq) => (seq === 2 ? end : '200')));
    expect(probes.map(told)[2]).toBe(dropped);
    expect(hows(facts)[0]).toBe(how);
    expect(server.requests).toHaveLength(6);
  });

  it('leaves a connection whose server says GOAWAY, and what is in flight has its answer', async () => {
    await using server = await peer((request) => (request === 2 ? goawayAndAnswer : answer));
    const { probes, facts } = await tellOf(testStream(server.port, { ...KEPT }), 5);
    expect(probes.map(endOf)).toEqual(Array(5).fill('200'));
    expect(hows(facts)).toEqual(['goaway', 'kept']);
    expect(server.sessions).toBe(2);
  });

  it('tells a server that does not speak it', async () => {
    await using server = await echoPeer(() => 'echo');
    const { probes } = await tellOf(testStream(server.port, KEPT), 2);
    expect(probes.map(told)).toEqual(['malformed', 'malformed']);
  });
});

const GRPC: Partial<StreamSpec> = { ...KEPT, protocol: 'grpc', path: '/grpc.health.v1.Health/Check' };
const OK_TRAILERS = { 'grpc-status': '0' };

/** Answers a call with a message and a status. */
function call(message: Buffer, trailers: Readonly<Record<string, string>>): Behaviour {
  return (stream) => {
    stream.respond({ ':status': 200, 'content-type': 'application/grpc' }, { waitForTrailers: true });
    stream.on('wantTrailers', () => stream.sendTrailers(trailers));
    const prefix = Buffer.alloc(5);
    prefix.writeUInt32BE(message.length, 1);
    stream.end(Buffer.concat([prefix, message]));
  };
}
const serving = call(Buffer.from([8, 1]), OK_TRAILERS);
const statusOnly =
  (status: string): Behaviour =>
  (stream) =>
    stream.respond(
      { ':status': 200, 'content-type': 'application/grpc', 'grpc-status': status },
      { endStream: true },
    );

describe.concurrent('grpc', () => {
  it('calls the health check with an empty message', async () => {
    const bodies: Buffer[] = [];
    await using server = await peer(() => (stream, session) => {
      stream.on('data', (chunk: Buffer) => bodies.push(chunk));
      serving(stream, session);
    });
    const { probes } = await tellOf(testStream(server.port, GRPC), 4);
    expect(probes.map(told)).toEqual(Array(4).fill('ok'));
    expect(probes[0]).toMatchObject({ status: 200, grpcStatus: 0, bodyOk: true });
    expect(server.requests[0]).toMatchObject({
      ':method': 'POST',
      'content-type': 'application/grpc',
      te: 'trailers',
    });
    expect(Buffer.concat(bodies)).toEqual(Buffer.alloc(20));
    expect(server.sessions).toBe(1);
  });

  it.each<[string, Behaviour, string]>([
    ['says UNAVAILABLE', statusOnly('14'), 'status'],
    ['does not serve', call(Buffer.from([8, 2]), OK_TRAILERS), 'body'],
    ['ends with INTERNAL after a message', call(Buffer.from([8, 1]), { 'grpc-status': '13' }), 'status'],
    ['gives no status', call(Buffer.from([8, 1]), {}), 'malformed'],
    ['gives an empty status', call(Buffer.from([8, 1]), { 'grpc-status': '' }), 'malformed'],
    ['gives a status that is no number', call(Buffer.from([8, 1]), { 'grpc-status': '0x0' }), 'malformed'],
    ['answers 204', (stream) => stream.respond({ ':status': 204 }, { endStream: true }), 'malformed'],
    ['is no gRPC server', (stream) => stream.respond({ ':status': 503 }, { endStream: true }), 'status'],
    ['turns it away with GOAWAY', goawayBefore, 'goaway'],
    ['refuses the stream', reset(7), 'stream-reset'],
    ['hangs', hang, 'answer-timeout'],
  ])('a server that %s', async (_, behaviour, dropped) => {
    await using server = await peer((request) => (request === 1 ? behaviour : serving));
    const spec = testStream(server.port, { ...GRPC, deadlineMs: 1_500 });
    const { probes } = await tellOf(spec, 4);
    expect(probes.map(told)).toEqual(['ok', dropped, 'ok', 'ok']);
    expect(server.requests).toHaveLength(4);
  });
});
