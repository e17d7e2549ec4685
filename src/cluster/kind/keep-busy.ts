import type { RunningProcess } from '../../platform/process.ts';
import type { NodeShell } from '../cluster-provider.ts';

/** Loops that end with the program's stdin, which ends with us; and by themselves, should even that fail. */
const LOOPS = `
pids=
for n in $(seq "$1"); do timeout 7200 sh -c 'while :; do :; done' & pids="$pids $!"; done
cat > /dev/null
kill $pids
`;

/**
 * Keeps processors of every node busy with so many processes each. They are gone when the promise of the function
 * returned resolves, and when this process has ended.
 */
export function keepBusy(
  nodeShell: NodeShell,
  nodes: readonly string[],
  processes: number,
): () => Promise<void> {
  const running: readonly RunningProcess[] = nodes.map((node) =>
    nodeShell.spawn(node, ['sh', '-c', LOOPS, 'busy', String(processes)]),
  );
  return async () => {
    for (const { stdin } of running) stdin.end();
    await Promise.all(running.map(({ ended }) => ended));
  };
}
