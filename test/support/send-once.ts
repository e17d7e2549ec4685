import type { AddressInfo } from 'node:net';
import { createServer } from 'node:net';
import { SourcePorts } from '../../src/prober/program/source-ports.ts';
import { transportFor } from '../../src/prober/program/transports/open-transport.ts';
import type { SendEnd } from '../../src/prober/program/transports/transport.ts';
import type { HttpEngineName } from '../../src/prober/protocol.ts';
import { testStream } from './drive-prober.ts';

/**
 * Sends one request to a server that gives this answer; connecting to it took so long, by the dialer's clock.
 */
export async function sendOnce(
  engine: HttpEngineName,
  { answer = 'HTTP/1.1 200 OK\r\nContent-Length: 2\r\nConnection: close\r\n\r\nok', connectMs = 3 },
): Promise<SendEnd> {
  const server = createServer((socket) => {
    socket.on('error', () => {});
    socket.on('data', () => socket.end(answer));
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
