import { EnvironmentError } from '../../model/problem.ts';
import type { NodeShell } from '../cluster-provider.ts';

const STARTED = 'started';

/**
 * Loops that are ended with the program's stdin, which ends with us, or after two hours. Each also looks all the time
 * whether the program is still there: one that was ended otherwise leaves none behind.
 */
const LOOPS = `
pids=
for n in $(seq "$1"); do (while kill -0 $$ 2>/dev/null; do :; done) & pids="$pids $!"; done
kill -0 $pids && echo ${STARTED}
timeout 7200 cat > /dev/null
kill $pids
`;

/** Processors that are kept busy until this is disposed. */
export type BusyNodes = AsyncDisposable;

/**
 * Keeps processors of every node busy, with so many processes each. They are gone when this is disposed, and when this
 * process has ended. Throws EnvironmentError where a node does not run them: the run would pass for a harder one.
 */
export async function keepBusy(
  nodeShell: Pick<NodeShell, 'spawn'>,
  nodes: readonly string[],
  processes: number,
): Promise<BusyNodes> {
  const running = nodes.map((node) => ({
    node,
    program: nodeShell.spawn(node, ['sh', '-c', LOOPS, 'busy', String(processes)]),
  }));
  const dispose = async () => {
    for (const { program } of running) program.stdin.end();
    await Promise.all(running.map(({ program }) => program.ended));
  };
  const started = await Promise.all(
    running.map(async ({ node, program }) => ({
      node,
      busy: await Promise.race([says(program.stdout, STARTED), program.ended.then(() => false)]),
    })),
  );
  const idle = started.filter(({ busy }) => !busy).map(({ node }) => node);
  if (idle.length === 0) return { [Symbol.asyncDispose]: dispose };
  await dispose();
  throw new EnvironmentError({
    code: 'RP2104',
    what: `The processors of ${idle.join(', ')} could not be kept busy.`,
    where: 'amplify-cpu',
    why: 'The node image has no `sh`, `seq` or `timeout`, or ends what it runs.',
    remedy: 'Remove amplify-cpu, or use a node image of kind.',
  });
}

async function says(output: AsyncIterable<Uint8Array | string>, word: string): Promise<boolean> {
  let text = '';
  for await (const part of output) {
    text += String(part);
    if (text.includes(word)) return true;
  }
  return false;
}
