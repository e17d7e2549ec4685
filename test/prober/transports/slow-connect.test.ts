import type { AddressInfo } from 'node:net';
import { createServer } from 'node:net';
import { describe, expect, it } from 'vitest';
import { SourcePorts } from '../../../src/prober/program/source-ports.ts';
import { transportFor } from '../../../src/prober/program/transports/open-transport.ts';
import type { SendEnd } from '../../../src/prober/program/transports/transport.ts';
import type { HttpEngineName } from '../../../src/prober/protocol.ts';
import { testStream } from '../../support/drive-prober.ts';

/** Sends one request whose connection took this long by the dialer's clock. */
async function sendAfterConnecting(connectMs: number, engine: HttpEngineName): Promise<SendEnd> {
  const server = createServer((socket) => {
    socket.on('error', () => {});
    socket.on('data', () =>
      socket.end('HTTP/1.1 200 OK\r\nContent-Length: 2\r\nConnection: close\r\n\r\nok'),
    );
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  let nowMs = 5_000;
  const open = await transportFor({ ...testStream(port), engine });
  const transport = open(
    {
      address: '127.0.0.1',
      port,
      sourcePorts: new SourcePorts({ first: 20_000, last: 29_999, next: 20_000, restMs: 0 }, nowMs),
      nowMs: () => nowMs,
    },
    () => {},
  );
  try {
    const ended = new Promise<SendEnd>((resolve) => transport.send(resolve, 0));
    // The connection is on its way, and cannot stand before this turn of the loop is over.
    nowMs += connectMs;
    return await ended;
  } finally {
    transport.close();
    await new Promise((resolve) => server.close(resolve));
  }
}

describe.each(['raw', 'undici'] as const)('the %s engine', (engine) => {
  it('tells how long a connection took that needed a second SYN', async () => {
    expect(await sendAfterConnecting(1_012, engine)).toMatchObject({
      kind: 'answered',
      facts: { status: 200, connectMs: 1_012 },
    });
  });

  it('says nothing of a connection that stood at once', async () => {
    expect(await sendAfterConnecting(3, engine)).not.toHaveProperty('facts.connectMs');
  });
});
