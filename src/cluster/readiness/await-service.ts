import { setTimeout as sleep } from 'node:timers/promises';
import { EnvironmentError } from '../../model/problem.ts';
import { CommandError } from '../../platform/process.ts';
import type { NodeShell } from '../cluster-provider.ts';

export interface AwaitServiceOptions {
  readonly nodeShell: NodeShell;
  readonly nodes: readonly string[];
  /** A Service backed by pods on the cluster network. */
  readonly service: { readonly name: string; readonly url: string };
  readonly deadlineMs: number;
  readonly signal: AbortSignal;
}

/**
 * Resolves once every node has had an answer from a Service's cluster address: kube-proxy's rules stand, and packets
 * reach pods of other nodes. Throws EnvironmentError with the node that has not.
 */
export async function awaitService(options: AwaitServiceOptions): Promise<void> {
  await Promise.all(options.nodes.map((node) => awaitFrom(node, options)));
}

async function awaitFrom(node: string, options: AwaitServiceOptions): Promise<void> {
  const { nodeShell, service, signal } = options;
  const giveUpAt = performance.now() + options.deadlineMs;
  const request = [
    'curl',
    '--silent',
    '--show-error',
    '--output',
    '/dev/null',
    '--noproxy',
    '*',
    '--max-time',
    '2',
  ];
  for (;;) {
    try {
      await nodeShell.run(node, [...request, service.url]);
      return;
    } catch (error) {
      if (!(error instanceof CommandError)) throw error;
      if (performance.now() > giveUpAt) {
        throw new EnvironmentError(
          {
            code: 'RP2103',
            what: `The Service ${service.name} does not answer on node ${node}.`,
            where: service.url,
            why: error.output.trim(),
            remedy: 'Look at the logs of kube-proxy and of the CNI beside the report.',
          },
          { cause: error },
        );
      }
      await sleep(250, undefined, { signal });
    }
  }
}
