import { createSocket, type RemoteInfo } from 'node:dgram';
import { describe, expect, it } from 'vitest';
import { endOf, keptAlive, sharedTeller, testStream } from '../../support/drive-prober.ts';
import { told } from '../../support/told.ts';

type Send = (text: string | Buffer) => void;
type Answer = (send: Send, message: Buffer) => void;

interface Peer extends AsyncDisposable {
  readonly port: number;
  /** Source ports of the datagrams, in the order of their coming. */
  readonly senders: readonly number[];
}

async function peer(answerTo: (datagram: number) => Answer): Promise<Peer> {
  const senders: number[] = [];
  const socket = createSocket('udp4');
  let open = true;
  socket.on('message', (message, from: RemoteInfo) => {
    const send: Send = (text) => {
      if (open) socket.send(text, from.port, from.address);
    };
    answerTo(senders.push(from.port) - 1)(send, message);
  });
  await new Promise<void>((resolve) => socket.bind(0, '127.0.0.1', resolve));
  return {
    port: socket.address().port,
    senders,
    async [Symbol.asyncDispose]() {
      open = false;
      await new Promise<void>((resolve) => socket.close(resolve));
    },
  };
}

const echo: Answer = (send, message) => send(message);
const lose: Answer = () => {};
const twice: Answer = (send, message) => {
  send(message);
  send(message);
};
const somebodyElses: Answer = (send) => send('rollproof-1-1.');
const late: Answer = (send, message) => void setTimeout(send, 900, message);

const tellOf = sharedTeller();
const KEPT = keptAlive('udp');

describe.concurrent('udp', () => {
  it('sends from the same source ports again and again', async () => {
    await using server = await peer(() => echo);
    const { probes, facts } = await tellOf(testStream(server.port, { ...KEPT, connections: 2 }), 6);
    expect(probes.map(told)).toEqual(Array(6).fill('ok'));
    expect(new Set(server.senders).size).toBe(2);
    expect(probes.map(({ localPort }) => localPort)).toEqual(server.senders);
    expect(facts).toEqual([]);
  });

  it('sends each from a fresh source port where it is told to', async () => {
    await using server = await peer(() => echo);
    const { probes } = await tellOf(testStream(server.port, { ...KEPT, connection: 'new' }), 6);
    expect(probes.map(told)).toEqual(Array(6).fill('ok'));
    expect(new Set(server.senders).size).toBe(6);
  });

  it.each<[string, Answer, string, object]>([
    ['loses one', lose, 'answer-timeout', {}],
    ['answers one too late', late, 'answer-timeout', { late: 1, duplicate: 0, unknown: 0 }],
    ['answers one twice', twice, 'ok', { late: 0, duplicate: 1, unknown: 0 }],
    [
      'answers one with the id of another',
      somebodyElses,
      'answer-timeout',
      { late: 0, duplicate: 0, unknown: 1 },
    ],
  ])('a server that %s', async (_, answer, end, strays) => {
    await using server = await peer((datagram) => (datagram === 1 ? answer : echo));
    const spec = testStream(server.port, { ...KEPT, deadlineMs: 600, intervalMs: 300 });
    const { probes, facts } = await tellOf(spec, 6);
    expect(probes.map(told)).toEqual(['ok', end, 'ok', 'ok', 'ok', 'ok']);
    expect(facts).toMatchObject('late' in strays ? [{ kind: 'strays', ...strays }] : []);
    expect(server.senders).toHaveLength(6);
  });

  it.each(['keep-alive', 'new'] as const)(
    'tells a refusal with the datagram it is about: %s',
    async (connection) => {
      const server = await peer(() => echo);
      await server[Symbol.asyncDispose]();
      const { probes } = await tellOf(testStream(server.port, { ...KEPT, connection }), 3);
      expect(probes.map(endOf)).toEqual(Array(3).fill('headers ECONNREFUSED'));
      expect(probes.map(told)).toEqual(Array(3).fill('refused'));
    },
  );
});
