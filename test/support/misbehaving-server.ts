import { createServer, type Socket } from 'node:net';
import { TLSSocket } from 'node:tls';
import { SELF_SIGNED } from './self-signed.ts';

/** What the server does with a request, after it has received the whole of it. */
export type Behaviour =
  | 'answer'
  | 'answer-slowly'
  | 'wrong-status'
  | 'redirect'
  | 'wrong-body'
  | 'hang'
  | 'close-without-answer'
  | 'reset-before-answer'
  | 'reset-inside-answer'
  | 'reset-inside-unframed-answer'
  | 'truncate'
  | 'truncate-chunked'
  | 'truncate-last'
  | 'truncate-last-chunked'
  | 'hang-inside-answer'
  | 'garbage'
  | 'answer-and-close'
  | 'answer-and-reset'
  | 'answer-and-garbage'
  | 'answer-chunked'
  | 'answer-in-pieces'
  | 'answer-until-close'
  | 'answer-in-http-1.0'
  | 'answer-without-body'
  | 'early-hints'
  | 'endless-head'
  | 'two-lengths';

export interface MisbehavingServer extends AsyncDisposable {
  readonly port: number;
  /** Heads of the requests received, in order. */
  readonly requests: readonly string[];
  /** Number of connections accepted. */
  readonly connections: number;
  /** Lets go of the port: from now on connections are refused, and those that exist are reset. */
  refuse(): Promise<void>;
}

export const BODY = 'hello from the server';

/** The server's end of TLS over a socket; to reset it is to reset what carries it. */
function secured(carrier: Socket): Socket {
  const socket = new TLSSocket(carrier, { isServer: true, ...SELF_SIGNED });
  socket.resetAndDestroy = () => {
    carrier.resetAndDestroy();
    return socket;
  };
  return socket;
}

/** An HTTP server on loopback, over TLS where it is `secure`, that does what it is told for each request, counted from 0 in order of arrival. */
export async function misbehavingServer(
  behaviourOf: (request: number) => Behaviour,
  { secure = false } = {},
): Promise<MisbehavingServer> {
  const requests: string[] = [];
  const sockets = new Set<Socket>();
  let connections = 0;

  const server = createServer((carrier) => {
    connections++;
    sockets.add(carrier);
    carrier.on('close', () => sockets.delete(carrier));
    carrier.on('error', () => {});
    const socket = secure ? secured(carrier) : carrier;
    socket.on('error', () => {});
    let received = '';
    socket.on('data', (chunk) => {
      received += chunk.toString('latin1');
      for (let end = received.indexOf('\r\n\r\n'); end >= 0; end = received.indexOf('\r\n\r\n')) {
        const number = requests.push(received.slice(0, end)) - 1;
        received = received.slice(end + 4);
        behave(socket, behaviourOf(number));
      }
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const address = server.address();
  if (address === null || typeof address === 'string') throw new Error('the server has no port');

  const refuse = async () => {
    for (const socket of sockets) socket.resetAndDestroy();
    await new Promise<void>((resolve) => server.close(() => resolve()));
  };
  return {
    port: address.port,
    requests,
    get connections() {
      return connections;
    },
    refuse,
    [Symbol.asyncDispose]: refuse,
  };
}

function behave(socket: Socket, behaviour: Behaviour): void {
  const whole = answer('200 OK', BODY);
  const half = whole.slice(0, -5);
  switch (behaviour) {
    case 'answer':
      socket.write(whole);
      return;
    case 'answer-slowly':
      setTimeout(() => socket.write(whole), 60);
      return;
    case 'wrong-status':
      socket.write(answer('503 Service Unavailable', BODY));
      return;
    case 'redirect':
      socket.write(answer('302 Found', BODY, 'Location: /elsewhere\r\n'));
      return;
    case 'wrong-body':
      socket.write(answer('200 OK', 'something else'));
      return;
    case 'hang':
      return;
    case 'close-without-answer':
      socket.end();
      return;
    case 'reset-before-answer':
      socket.resetAndDestroy();
      return;
    case 'reset-inside-answer':
      socket.write(half, () => socket.resetAndDestroy());
      return;
    case 'reset-inside-unframed-answer':
      socket.write(`HTTP/1.1 200 OK\r\nConnection: close\r\n\r\n${BODY}`, () => socket.resetAndDestroy());
      return;
    case 'truncate':
      socket.end(half);
      return;
    case 'truncate-chunked':
      socket.end('HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n');
      return;
    case 'truncate-last':
      socket.end(answer('200 OK', BODY, 'Connection: close\r\n').slice(0, -5));
      return;
    case 'truncate-last-chunked':
      socket.end('HTTP/1.1 200 OK\r\nConnection: close\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n');
      return;
    case 'hang-inside-answer':
      socket.write(half);
      return;
    case 'garbage':
      socket.end('this is not HTTP\r\n\r\n');
      return;
    case 'answer-and-close':
      socket.end(whole);
      return;
    case 'answer-and-reset':
      socket.write(whole, () => socket.resetAndDestroy());
      return;
    case 'answer-and-garbage':
      socket.write(`${whole}HTTP/1.1 500 Nobody asked\r\nContent-Length: 0\r\n\r\n`);
      return;
    case 'answer-chunked':
      socket.write(`${CHUNKED}${chunks(BODY, 4)}0\r\nTrailer: yes\r\n\r\n`);
      return;
    case 'answer-in-pieces':
      writeInPieces(socket, `${CHUNKED}${chunks(BODY, 9)}0;last\r\n\r\n`);
      return;
    case 'answer-until-close':
      socket.end(`HTTP/1.1 200 OK\r\n\r\n${BODY}`);
      return;
    case 'answer-in-http-1.0':
      socket.write(whole.replace('HTTP/1.1', 'HTTP/1.0'));
      return;
    case 'answer-without-body':
      socket.write('HTTP/1.1 204 No Content\r\n\r\n');
      return;
    case 'early-hints':
      socket.write(`HTTP/1.1 103 Early Hints\r\nLink: </style.css>\r\n\r\n${whole}`);
      return;
    case 'endless-head':
      socket.write(answer('200 OK', BODY, `Padding: ${'x'.repeat(1_000)}\r\n`.repeat(20)));
      return;
    case 'two-lengths':
      socket.write(answer('200 OK', BODY, 'Transfer-Encoding: chunked\r\n'));
      return;
  }
}

const CHUNKED = 'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n';

function chunks(body: string, size: number): string {
  const parts = body.match(new RegExp(`.{1,${size}}`, 'gs')) ?? [];
  return parts.map((part) => `${part.length.toString(16)}\r\n${part}\r\n`).join('');
}

/** Byte by byte, each in a turn of its own. */
function writeInPieces(socket: Socket, text: string): void {
  socket.setNoDelay(true);
  const write = (at: number) => {
    if (at >= text.length || socket.destroyed) return;
    socket.write(text.charAt(at));
    setImmediate(write, at + 1);
  };
  write(0);
}

function answer(status: string, body: string, headers = ''): string {
  return `HTTP/1.1 ${status}\r\n${headers}Content-Length: ${Buffer.byteLength(body)}\r\n\r\n${body}`;
}
