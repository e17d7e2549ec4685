import { createInterface } from 'node:readline';
import type { LoopbackCluster, NodeShell } from '../cluster/cluster-provider.ts';
import type { Note, RecordingEntry } from '../model/recording.ts';
import type { TransportProtocol } from '../model/scenario.ts';
import { type NewConnection, parseConntrackLine } from './conntrack-line.ts';

export interface RouteWatchOptions {
  /** Undefined where nodes are out of reach. */
  readonly nodeShell: NodeShell | undefined;
  /** Present where the cluster tells itself what a node's connection tracking would. */
  readonly loopback?: LoopbackCluster | undefined;
  /** Names of the nodes that translate the probed addresses: those the probes enter. */
  readonly nodes: readonly string[];
  /** What is probed. */
  readonly streams: readonly { readonly id: string; readonly address: string; readonly port: number }[];
  /** What carries the streams that are traced; absent: TCP. */
  readonly carrier?: TransportProtocol;
  /** Milliseconds since the recording opened. */
  clock(): number;
  emit(entry: RecordingEntry): void;
}

export interface RouteWatch extends AsyncDisposable {
  /** Ends the watch on every node and resolves when nothing of it is left there; idempotent. */
  [Symbol.asyncDispose](): Promise<void>;
}

/**
 * Listens on the nodes to their connection tracking, and emits to which pod each new connection of ours was sent,
 * also those that failed. Resolves when it is listening. Where it can not, a note says so and nothing else happens.
 */
export async function watchRoutes(options: RouteWatchOptions): Promise<RouteWatch> {
  const { nodeShell, loopback, nodes } = options;
  if (loopback) {
    const emitRoute = routeEmitter(options);
    const stop = loopback.observeConnections((connection) => {
      if (nodes.includes(connection.node)) emitRoute(connection);
    });
    return { [Symbol.asyncDispose]: async () => stop() };
  }
  if (!nodeShell) {
    note(options, 'info', 'which pod a request was sent to is not observed: the nodes are out of reach');
    return { async [Symbol.asyncDispose]() {} };
  }
  const closers = await Promise.all(nodes.map((node) => watchNode(options, nodeShell, node)));
  return {
    async [Symbol.asyncDispose]() {
      await Promise.all(closers.map((close) => close()));
    },
  };
}

/**
 * The listener must not outlive us in the node, and `docker exec` kills nobody when its client dies. So a companion
 * waits for the end of stdin, which comes however we end, and ends the listener (`exec` leaves it the shell's pid).
 * The large buffer lets bursts pass: with the default one the kernel drops events under load.
 */
const listen = (carrier: TransportProtocol) => `exec 3<&0; (cat <&3 >/dev/null; kill $$) & echo listening
exec conntrack -E -p ${carrier.toLowerCase()} -e NEW -b 8388608 </dev/null 3<&- 2>&1`;

const START_MS = 5_000;
const END_MS = 3_000;

async function watchNode(
  options: RouteWatchOptions,
  nodeShell: NodeShell,
  node: string,
): Promise<() => Promise<void>> {
  const process = nodeShell.spawn(node, ['sh', '-c', listen(options.carrier ?? 'TCP')]);
  const listening = Promise.withResolvers<boolean>();
  const emitRoute = routeEmitter(options);
  const complaints: string[] = [];
  let closing = false;
  process.stderr.resume();
  createInterface({ input: process.stdout }).on('line', (line) => {
    if (line === 'listening') return listening.resolve(true);
    const connection = parseConntrackLine(line);
    if (!connection) return complaints.push(line);
    emitRoute(connection);
  });
  const ended = process.ended.then(() => {
    listening.resolve(false);
    if (closing) return;
    const why = complaints.slice(-3).join(' ').slice(0, 300);
    note(options, 'warning', `the listener on node ${node} ended, routes are unknown from now on: ${why}`);
  });
  await Promise.race([listening.promise, after(START_MS)]);
  return async () => {
    closing = true;
    process.stdin.end();
    await Promise.race([ended, after(END_MS)]);
    process.kill('SIGKILL');
    await ended;
  };
}

/** Emits the route of a connection that belongs to a stream. */
function routeEmitter({ streams, clock, emit }: RouteWatchOptions): (connection: NewConnection) => void {
  // The warm-up asks the same address: its connections count for the stream that is named first.
  const ids = new Map(streams.toReversed().map(({ id, address, port }) => [`${address} ${port}`, id]));
  return ({ destination, destinationPort, sourcePort, answeredBy }) => {
    const stream = ids.get(`${destination} ${destinationPort}`);
    if (stream === undefined) return;
    emit({ kind: 'route', atMs: clock(), stream, localPort: sourcePort, podAddress: answeredBy });
  };
}

function note({ clock, emit }: RouteWatchOptions, level: Note['level'], text: string): void {
  emit({ kind: 'note', atMs: clock(), level, subject: 'route-source', text });
}

function after(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms).unref());
}
