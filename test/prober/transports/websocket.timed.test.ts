import { createServer, type IncomingMessage, type Server } from 'node:http';
import type { AddressInfo, Socket } from 'node:net';
import { describe, expect, it } from 'vitest';
import type WebSocket from 'ws';
import { WebSocketServer } from 'ws';
import { endOf, keptAlive, sharedTeller, testStream } from '../../support/drive-prober.ts';
import { hows, told } from '../../support/told.ts';

type Behaviour =
  | 'echo'
  | 'wrong-id'
  | 'hang'
  | 'close-frame'
  | 'end'
  | 'reset'
  | 'cut-frame'
  | 'bad-frame'
  | 'echo-twice';

interface Peer extends AsyncDisposable {
  readonly port: number;
  readonly messages: readonly string[];
  readonly handshakes: readonly IncomingMessage[];
}

async function listening(server: Server): Promise<number> {
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return (server.address() as AddressInfo).port;
}

async function peer(behaviourOf: (message: number) => Behaviour): Promise<Peer> {
  const messages: string[] = [];
  const handshakes: IncomingMessage[] = [];
  const server = createServer();
  const sockets = new WebSocketServer({ server });
  sockets.on('connection', (socket, request) => {
    handshakes.push(request);
    socket.on('error', () => {});
    socket.on('message', (data) => {
      const text = String(data);
      behave(socket, request.socket, text, behaviourOf(messages.push(text) - 1));
    });
  });
  const port = await listening(server);
  return {
    port,
    messages,
    handshakes,
    async [Symbol.asyncDispose]() {
      for (const socket of sockets.clients) socket.terminate();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

function behave(socket: WebSocket, raw: Socket, text: string, behaviour: Behaviour): void {
  switch (behaviour) {
    case 'echo':
      socket.send(text);
      return;
    case 'echo-twice':
      socket.send(text);
      socket.send(text);
      return;
    case 'wrong-id':
      socket.send('somebody else');
      return;
    case 'hang':
      return;
    case 'close-frame':
      socket.close(1001, 'going away');
      return;
    case 'end':
      raw.end();
      return;
    case 'reset':
      raw.resetAndDestroy();
      return;
    case 'cut-frame':
      // A text frame of 20 bytes that ends after three.
      raw.end(Buffer.from([0x81, 20, 0x61, 0x62, 0x63]));
      return;
    case 'bad-frame':
      // Reserved bits are set.
      raw.write(Buffer.from([0xf1, 1, 0x61]));
      return;
  }
}

const tellOf = sharedTeller();
const KEPT = keptAlive('websocket');

describe.concurrent('websocket', () => {
  it('makes one handshake a connection and gets every message back', async () => {
    await using server = await peer(() => 'echo');
    const spec = testStream(server.port, { ...KEPT, connections: 2, path: '/chat?room=1' });
    const { probes, facts } = await tellOf(spec, 6);
    expect(probes.map(told)).toEqual(Array(6).fill('ok'));
    expect(hows(facts)).toEqual(['kept', 'kept']);
    expect(server.handshakes.map(({ url, headers }) => [url, headers.host])).toEqual(
      Array(2).fill(['/chat?room=1', 'web.example']),
    );
    expect(new Set(server.messages).size).toBe(6);
  });

  it('makes a handshake for every message where it is told to', async () => {
    await using server = await peer(() => 'echo');
    const { probes } = await tellOf(testStream(server.port, { ...KEPT, connection: 'new' }), 3);
    expect(probes.map(told)).toEqual(Array(3).fill('ok'));
    expect(server.handshakes).toHaveLength(3);
  });

  it('takes a second answer for nobody’s', async () => {
    await using server = await peer((message) => (message === 1 ? 'echo-twice' : 'echo'));
    const { probes } = await tellOf(testStream(server.port, KEPT), 4);
    expect(probes.map(told)).toEqual(Array(4).fill('ok'));
  });

  it.each<[Behaviour, string, string, string]>([
    ['wrong-id', 'undefined wrong body', 'body', 'kept'],
    ['hang', 'headers DEADLINE', 'answer-timeout', 'given-up'],
    ['close-frame', 'headers CLOSE_FRAME 1001', 'close-frame', 'close-frame'],
    ['end', 'headers CLOSED', 'closed-before-answer', 'closed'],
    ['reset', 'headers ECONNRESET', 'reset-before-answer', 'reset'],
    ['cut-frame', 'body CLOSED', 'truncated', 'closed'],
    ['bad-frame', 'body WS_ERR_UNEXPECTED_RSV_2_3', 'malformed', 'reset'],
  ])('a server that does %s: %s', async (behaviour, end, dropped, how) => {
    await using server = await peer((message) => (message === 2 ? behaviour : 'echo'));
    const spec = testStream(server.port, { ...KEPT, deadlineMs: 1_500 });
    const { probes, facts } = await tellOf(spec, 6);
    expect(probes.map((probe) => (told(probe) === 'ok' ? 'ok' : endOf(probe)))).toEqual(
      [0, 1, 2, 3, 4, 5].map((seq) => (seq === 2 ? end : 'ok')),
    );
    expect(probes.map(told)[2]).toBe(dropped);
    expect(hows(facts)[0]).toBe(how);
    expect(server.messages).toHaveLength(6);
  });

  it.each([
    [503, '503', 'status'],
    [200, 'headers NOT_UPGRADED', 'malformed'],
  ])('tells a handshake that is answered with %i', async (status, end, dropped) => {
    const server = createServer((_, response) => void response.writeHead(status).end());
    server.on('upgrade', (_, socket) => {
      socket.end(`HTTP/1.1 ${status} No\r\nContent-Length: 0\r\nConnection: close\r\n\r\n`);
    });
    const port = await listening(server);
    const { probes } = await tellOf(testStream(port, KEPT), 2);
    server.close();
    expect(probes.map(endOf)).toEqual([end, end]);
    expect(probes.map(told)).toEqual([dropped, dropped]);
  });
});
