// What runs in every container of the sandbox: a server, or nothing, with the manners that its arguments describe.
import type { IncomingMessage, Server, ServerResponse } from 'node:http';
import { createServer as createTcpServer, type Socket, type Server as TcpServer } from 'node:net';
import { pageFor } from './pages.ts';
import { parsePodSettings } from './pod-settings.ts';

// Not imported: an import evaluates every export of the module, and those for WebSockets load a whole HTTP client, which
// takes as long as all the rest of a pod's start.
const { createServer } = process.getBuiltinModule('node:http');

const {
  SANDBOX_ADDRESS: address = '127.0.0.1',
  SANDBOX_PORT_SHIFT = '{}',
  HOSTNAME: pod = 'pod',
} = process.env;
const settings = parsePodSettings(process.argv.slice(2));
const shifted: Readonly<Record<string, number>> = JSON.parse(SANDBOX_PORT_SHIFT);
const startedMs = performance.now();
const servers: TcpServer[] = [];
const httpServers: Server[] = [];
const echoed = new Set<Socket>();
let requests = 0;
let stopping = false;

// The kubelet that started us is gone: so are we.
process.stdin.resume().on('close', () => process.exit(137));
process.on('SIGTERM', onSigterm);
if (settings.endAfterMs !== undefined) setTimeout(() => process.exit(settings.exitCode), settings.endAfterMs);
if (settings.startAfterMs > 0 || settings.ports.length === 0) console.log('started');
if (settings.startAfterMs > 0) setTimeout(open, settings.startAfterMs);
else open();

function open(): void {
  settings.ports.forEach(serveHttp);
  settings.echoPorts.forEach(serveEcho);
}

function serveHttp(port: number): void {
  const server = createServer({ keepAliveTimeout: settings.keepAliveMs, keepAliveTimeoutBuffer: 0 }, answer);
  httpServers.push(server);
  listen(server, port);
}

function serveEcho(port: number): void {
  const server = createTcpServer((socket) => {
    echoed.add(socket);
    socket.on('close', () => echoed.delete(socket));
    socket.on('error', () => {});
    socket.pipe(socket);
  });
  listen(server, port);
}

function listen(server: TcpServer, port: number): void {
  server.on('error', (error) => {
    console.error(`cannot listen on ${address}:${port}: ${error.message}`);
    process.exit(1);
  });
  server.listen({ host: address, port: shifted[port] ?? port, backlog: 511 }, () =>
    console.log(`listening on port ${port}`),
  );
  servers.push(server);
}

function answer(request: IncomingMessage, response: ServerResponse): void {
  requests += 1;
  const number = requests;
  if (settings.resetEvery > 0 && number % settings.resetEvery === 0)
    return void request.socket.resetAndDestroy();
  const fails = settings.failEvery > 0 && number % settings.failEvery === 0;
  const send = () => {
    const ready = performance.now() - startedMs >= settings.readyAfterMs;
    const page = fails
      ? { status: settings.failStatus, body: 'failing on purpose\n' }
      : pageFor(settings, request, { pod, ready, env: process.env });
    if (stopping || settings.keepAliveMs === 0) response.setHeader('connection', 'close');
    response.writeHead(page.status, { ...page.headers, 'content-length': Buffer.byteLength(page.body) });
    response.end(request.method === 'HEAD' ? undefined : page.body);
  };
  if (settings.latencyMs > 0) setTimeout(send, settings.latencyMs);
  else send();
}

function onSigterm(): void {
  switch (settings.onSigterm.kind) {
    case 'ignore':
      return;
    case 'exit':
      process.exit(settings.exitCode);
      return;
    case 'linger':
      setTimeout(drain, settings.onSigterm.ms);
      return;
    case 'drain':
      drain();
  }
}

/** No new connections; idle ones are closed; what is in flight is answered. */
function drain(): void {
  if (stopping) return;
  stopping = true;
  let listening = servers.length;
  if (listening === 0) process.exit(settings.exitCode);
  for (const server of servers) {
    server.close(() => {
      listening -= 1;
      if (listening === 0) process.exit(settings.exitCode);
    });
  }
  for (const server of httpServers) server.closeIdleConnections();
  for (const socket of echoed) socket.end();
}
