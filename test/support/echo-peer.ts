import { createServer, type Socket } from 'node:net';

/** What the peer does with a line, after it has received the whole of it. */
export type LineBehaviour =
  | 'echo'
  | 'wrong-id'
  | 'hang'
  | 'close'
  | 'echo-and-close'
  | 'reset'
  | 'cut-short'
  | 'half-and-reset';

export interface EchoPeer extends AsyncDisposable {
  readonly port: number;
  readonly lines: readonly string[];
  readonly connections: number;
  /** Lets go of the port, and resets what is connected. */
  refuse(): Promise<void>;
}

/** A server on loopback that gives lines back, or misbehaves as it is told for each line, counted from 0. */
export async function echoPeer(behaviourOf: (line: number) => LineBehaviour): Promise<EchoPeer> {
  const lines: string[] = [];
  const sockets = new Set<Socket>();
  let connections = 0;
  const server = createServer((socket) => {
    connections++;
    sockets.add(socket);
    socket.on('close', () => sockets.delete(socket));
    socket.on('error', () => {});
    let received = '';
    socket.on('data', (chunk) => {
      received += chunk.toString('latin1');
      for (let end = received.indexOf('\n'); end >= 0; end = received.indexOf('\n')) {
        const line = received.slice(0, end);
        received = received.slice(end + 1);
        behave(socket, line, behaviourOf(lines.push(line) - 1));
      }
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const address = server.address();
  if (address === null || typeof address === 'string') throw new Error('the server has no port');
  const stop = async () => {
    const closed = new Promise<void>((resolve) => server.close(() => resolve()));
    for (const socket of sockets) socket.resetAndDestroy();
    await closed;
  };
  return {
    port: address.port,
    lines,
    get connections() {
      return connections;
    },
    refuse: stop,
    [Symbol.asyncDispose]: stop,
  };
}

function behave(socket: Socket, line: string, behaviour: LineBehaviour): void {
  switch (behaviour) {
    case 'echo':
      socket.write(`${line}\n`);
      return;
    case 'wrong-id':
      socket.write('echo somebody else\n');
      return;
    case 'hang':
      return;
    case 'close':
      socket.end();
      return;
    case 'echo-and-close':
      socket.end(`${line}\n`);
      return;
    case 'reset':
      socket.resetAndDestroy();
      return;
    case 'cut-short':
      socket.end(line.slice(0, 8));
      return;
    case 'half-and-reset':
      // The part has to have arrived: a reset overtakes what is still on its way.
      socket.write(line.slice(0, 8), () => setImmediate(() => socket.resetAndDestroy()));
  }
}
