import type { LoopbackCluster, NodeShell } from '../cluster/cluster-provider.ts';
import { destinationName } from '../model/destination.ts';
import type { Note, RecordingEntry } from '../model/recording.ts';
import type { TransportProtocol } from '../model/scenario.ts';
import { type NewConnection, parseConntrackLine } from './conntrack-line.ts';
import { listenOnNodes, type NodeListener } from './node-listener.ts';

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

/**
 * Listens on the nodes to their connection tracking, and emits to which pod each new connection of ours was sent,
 * also those that failed. Resolves when it is listening. Where it can not, a note says so and nothing else happens.
 */
export async function watchRoutes(options: RouteWatchOptions): Promise<AsyncDisposable> {
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
  }
  return listenOnNodes(nodeShell, nodes, (node) => routeListener(options, node));
}

/**
 * The listener must not outlive us in the node, and `docker exec` kills nobody when its client dies. So a companion
 * waits for the end of stdin, which comes however we end, and ends the listener (`exec` leaves it the shell's pid).
 * The large buffer lets bursts pass: with the default one the kernel drops events under load.
 */
const listen = (carrier: TransportProtocol) => `exec 3<&0; (cat <&3 >/dev/null; kill $$) & echo listening
exec conntrack -E -p ${carrier.toLowerCase()} -e NEW -b 8388608 </dev/null 3<&- 2>&1`;

function routeListener(options: RouteWatchOptions, node: string): NodeListener {
  const emitRoute = routeEmitter(options);
  const complaints: string[] = [];
  return {
    argv: ['sh', '-c', listen(options.carrier ?? 'TCP')],
    hear(line) {
      if (line === 'listening') return true;
      const connection = parseConntrackLine(line);
      if (connection) emitRoute(connection);
      else complaints.push(line);
      return false;
    },
    endedUnasked() {
      const why = complaints.slice(-3).join(' ').slice(0, 300);
      note(options, 'warning', `the listener on node ${node} ended, routes are unknown from now on: ${why}`);
    },
  };
}

/** Emits the route of a connection that belongs to a stream. */
function routeEmitter({ streams, clock, emit }: RouteWatchOptions): (connection: NewConnection) => void {
  // The warm-up asks the same address: its connections count for the stream that is named first.
  const ids = new Map(streams.toReversed().map(({ id, ...to }) => [destinationName(to), id]));
  return ({ destination, destinationPort, sourcePort, answeredBy }) => {
    const stream = ids.get(destinationName({ address: destination, port: destinationPort }));
    if (stream === undefined) return;
    emit({ kind: 'route', atMs: clock(), stream, localPort: sourcePort, podAddress: answeredBy });
  };
}

function note({ clock, emit }: RouteWatchOptions, level: Note['level'], text: string): void {
  emit({ kind: 'note', atMs: clock(), level, subject: 'route-source', text });
}
