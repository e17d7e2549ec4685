import type { Cluster } from '../cluster/cluster-provider.ts';
import { CommandError, run } from '../platform/process.ts';

export interface CommandOptions {
  readonly cluster: Pick<Cluster, 'kubeconfigPath'>;
  readonly namespace: string;
  readonly workingDirectory: string;
  progress(line: string): void;
  readonly signal: AbortSignal;
}

/**
 * Runs the user's own update command in a shell, with KUBECONFIG and ROLLPROOF_NAMESPACE in its environment, and
 * tells every line it prints. Gives what went wrong, or undefined where it ended well.
 */
export async function runUpdateCommand(
  options: CommandOptions,
  command: string,
): Promise<string | undefined> {
  const { cluster, namespace, workingDirectory, progress, signal } = options;
  try {
    await run('sh', ['-c', command], {
      cwd: workingDirectory,
      env: { KUBECONFIG: cluster.kubeconfigPath, ROLLPROOF_NAMESPACE: namespace },
      onLine: progress,
      signal,
    });
    return undefined;
  } catch (error) {
    if (!(error instanceof CommandError)) throw error;
    const lastLines = error.output.trimEnd().split('\n').slice(-5).join('\n');
    return `the command ${JSON.stringify(command)} ended with exit code ${error.exitCode ?? 'none'}${lastLines ? `: ${lastLines}` : ''}`;
  }
}
