import { run, spawn } from '../../platform/process.ts';
import type { NodeShell } from '../cluster-provider.ts';

/** Runs programs on kind nodes: their names are their containers' names. Throws CommandError. */
export function dockerNodeShell(signal?: AbortSignal): NodeShell {
  return {
    run: (node, argv) => run('docker', ['exec', node, ...argv], { signal }),
    spawn: (node, argv) => spawn('docker', ['exec', '--interactive', node, ...argv]),
    copyTo: async (node, localPath, nodePath) => {
      await run('docker', ['cp', '--quiet', localPath, `${node}:${nodePath}`], { signal });
    },
  };
}
