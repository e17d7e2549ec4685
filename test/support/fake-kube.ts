import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { KubeConfig } from '@kubernetes/client-node';

/** What a watch connection does, step by step. */
export type WatchScript =
  | { readonly refuse: number }
  /** Sends the lines, each as it is, then closes properly, tears the connection, or stays open and silent. */
  | { readonly send: readonly string[]; readonly ending: 'close' | 'tear' | 'silence' };

export interface Answer {
  readonly status: number;
  readonly body: unknown;
}

export interface SeenRequest {
  readonly method: string;
  readonly path: string;
  readonly query: URLSearchParams;
  readonly body: unknown;
}

/** A loopback API server that plays scripts. Paths without an answer are 404 as Kubernetes writes it. */
export interface FakeKube extends AsyncDisposable {
  readonly kubeConfig: KubeConfig;
  readonly seen: readonly SeenRequest[];
  /** What a LIST or GET of the path answers from now on. */
  answer(path: string, body: unknown): void;
  /** Decides about every request that is not a watch, before the answers do; undefined leaves it to them. */
  decide(decision: (request: SeenRequest) => Answer | undefined): void;
  /** Watches of the path play these scripts in turn; after the last one they are open and silent. */
  watch(path: string, ...scripts: readonly WatchScript[]): void;
  /** Resolves when so many watches of the path have been opened. */
  watched(path: string, count: number): Promise<void>;
}

export async function startFakeKube(): Promise<FakeKube> {
  const seen: SeenRequest[] = [];
  const answers = new Map<string, unknown>();
  const scripts = new Map<string, WatchScript[]>();
  const waiters = new Set<() => void>();
  let decision: (request: SeenRequest) => Answer | undefined = () => undefined;

  const server = createServer(async (incoming, response) => {
    const request = await read(incoming);
    seen.push(request);
    for (const waiter of waiters) waiter();
    if (request.query.get('watch') === 'true') return play(response, scripts.get(request.path)?.shift());
    const decided = decision(request);
    if (decided) return reply(response, decided);
    if (answers.has(request.path)) return reply(response, { status: 200, body: answers.get(request.path) });
    reply(response, refusal(404, 'NotFound', `${request.path} not found`));
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const kubeConfig = new KubeConfig();
  const { port } = server.address() as AddressInfo;
  kubeConfig.loadFromClusterAndUser(
    { name: 'fake', server: `http://127.0.0.1:${port}`, skipTLSVerify: true },
    { name: 'fake' },
  );
  const watches = (path: string) =>
    seen.filter((request) => request.path === path && request.query.get('watch') === 'true').length;
  return {
    kubeConfig,
    seen,
    answer: (path, body) => void answers.set(path, body),
    decide: (next) => {
      decision = next;
    },
    watch: (path, ...more) => void scripts.set(path, [...(scripts.get(path) ?? []), ...more]),
    watched: (path, count) =>
      new Promise((resolve) => {
        const look = () => {
          if (watches(path) < count) return;
          waiters.delete(look);
          resolve();
        };
        waiters.add(look);
        look();
      }),
    async [Symbol.asyncDispose]() {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

/** A refusal in the form of a Kubernetes Status. */
export function refusal(code: number, reason: string, message: string): Answer {
  return {
    status: code,
    body: { kind: 'Status', apiVersion: 'v1', status: 'Failure', code, reason, message },
  };
}

/** A line of a watch. */
export function event(type: string, object: unknown): string {
  return `${JSON.stringify({ type, object })}\n`;
}

async function read(incoming: IncomingMessage): Promise<SeenRequest> {
  const url = new URL(incoming.url ?? '/', 'http://fake');
  let text = '';
  for await (const chunk of incoming) text += chunk;
  return {
    method: incoming.method ?? '',
    path: url.pathname,
    query: url.searchParams,
    body: text === '' ? undefined : JSON.parse(text),
  };
}

function reply(response: ServerResponse, { status, body }: Answer): void {
  response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(body));
}

function play(response: ServerResponse, script: WatchScript = { send: [], ending: 'silence' }): void {
  if ('refuse' in script) {
    reply(response, refusal(script.refuse, 'Expired', 'too old resource version'));
    return;
  }
  response.writeHead(200, { 'content-type': 'application/json' });
  response.flushHeaders();
  const last = script.send.length - 1;
  script.send.forEach((line, index) => {
    // What is torn is torn after the last byte has left.
    response.write(line, () => {
      if (index === last && script.ending === 'tear') response.destroy();
    });
  });
  if (script.ending === 'close') response.end();
}
