import { createInterface } from 'node:readline';
import type { NodeShell } from '../cluster/cluster-provider.ts';

export interface NodeListener {
  /** What the node runs. It has to end by itself when its stdin does, which comes however we end. */
  readonly argv: readonly string[];
  /** Is given each line of its stdout, and says whether that is the one that tells that it listens. */
  hear(line: string): boolean;
  /** It has ended though nobody asked it to. */
  endedUnasked?(): void;
}

const START_MS = 5_000;
const END_MS = 3_000;

/**
 * Starts a listener on every node and resolves when each of them listens, has ended, or has taken too long to say so.
 * Disposing ends them and resolves when they have ended. Where nodes are out of reach, nothing is listened to.
 */
export async function listenOnNodes(
  nodeShell: NodeShell | undefined,
  nodes: readonly string[],
  listenerOn: (node: string) => NodeListener,
): Promise<AsyncDisposable> {
  const stops = nodeShell
    ? await Promise.all(nodes.map((node) => listen(nodeShell, node, listenerOn(node))))
    : [];
  return {
    async [Symbol.asyncDispose]() {
      await Promise.all(stops.map((stop) => stop()));
    },
  };
}

async function listen(
  nodeShell: NodeShell,
  node: string,
  listener: NodeListener,
): Promise<() => Promise<void>> {
  const shell = nodeShell.spawn(node, listener.argv);
  const listening = Promise.withResolvers<void>();
  let asked = false;
  shell.stderr.resume();
  createInterface({ input: shell.stdout }).on('line', (line) => {
    if (listener.hear(line)) listening.resolve();
  });
  const ended = shell.ended.then(() => {
    listening.resolve();
    if (!asked) listener.endedUnasked?.();
  });
  await Promise.race([listening.promise, after(START_MS)]);
  return async () => {
    asked = true;
    shell.stdin.end();
    await Promise.race([ended, after(END_MS)]);
    shell.kill('SIGKILL');
    await ended;
  };
}

function after(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms).unref());
}
