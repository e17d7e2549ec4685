import { setTimeout as sleep } from 'node:timers/promises';
import type { ClusterProvider } from '../cluster-provider.ts';
import { startReaper } from '../reaper/start-reaper.ts';
import { containersOf, newClusterName, removeCluster } from '../remove-cluster.ts';
import { drawBlueprint } from './blueprint.ts';
import { bootCluster } from './boot-cluster.ts';
import { describeCluster } from './describe-cluster.ts';
import { keepBusy } from './keep-busy.ts';
import { exportLogs } from './kind-cli.ts';
import { dockerNodeShell } from './node-shell.ts';

export interface KindProviderOptions {
  /** Folder of kind-configs/. */
  readonly kindConfigsDir: string;
  /** Entry of the reaper: dist/reaper.js. */
  readonly reaperProgram: string;
  /** Before each look for what a creation that was broken off has left behind; 300 by default. */
  readonly leftoversPauseMs?: number;
}

/**
 * Boots a kind cluster of our own and removes it again, whatever happens: on failure and abort of `acquire` before it
 * throws, at dispose, and, should this process be killed, by the reaper. No other cluster is ever touched.
 */
export function kindProvider({
  kindConfigsDir,
  reaperProgram,
  leftoversPauseMs = 300,
}: KindProviderOptions): ClusterProvider {
  return {
    async acquire(settings, context) {
      const blueprint = await drawBlueprint(settings, { kindConfigsDir, signal: context.signal });
      for (const warning of blueprint.warnings) context.progress(`warning: ${warning}`);
      const name = newClusterName();
      context.progress(`creating ${name}, node image ${blueprint.nodeImage.text}`);
      context.onCreating?.(name);
      const reaper = startReaper(reaperProgram, name);
      try {
        const booted = await bootCluster({ name, settings, blueprint, context });
        const { kubeConfig, kubeconfigPath } = booted;
        const described = await describeCluster({ settings, blueprint, booted, signal: context.signal });
        const busy = settings.amplify?.busyProcesses ?? 0;
        const nodeNames = described.nodes.map((node) => node.name);
        const load = busy === 0 ? undefined : await keepBusy(dockerNodeShell(), nodeNames, busy);
        let disposed: Promise<void> | undefined;
        return {
          ...described,
          provider: 'kind',
          name,
          kubeConfig,
          kubeconfigPath,
          nodeShell: dockerNodeShell(),
          collectLogs: (directory) => saveLogs(name, directory),
          [Symbol.asyncDispose]() {
            disposed ??= (async () => {
              await load?.[Symbol.asyncDispose]();
              if (settings.keep) context.progress(`kept: ${keepingHint(name, kubeconfigPath)}`);
              else await removeCluster(name);
              await reaper.dismiss();
            })();
            return disposed;
          },
        };
      } catch (error) {
        if (!context.signal.aborted) await saveLogs(name, context.logsDir);
        await removeLeftovers(name, leftoversPauseMs);
        await reaper.dismiss();
        throw error;
      }
    },
  };
}

function keepingHint(name: string, kubeconfigPath: string): string {
  return `kubectl --kubeconfig ${kubeconfigPath} …, and at last: kind delete cluster --name ${name}`;
}

/**
 * After a creation that was broken off: Docker may still be starting a container it was asked for, so the absence is
 * believed only when it lasts.
 */
async function removeLeftovers(name: string, pauseMs: number): Promise<void> {
  await removeCluster(name);
  for (let looks = 0; looks < 3; looks++) {
    await sleep(pauseMs);
    if ((await containersOf(name)).length === 0) continue;
    await removeCluster(name);
    looks = 0;
  }
}

async function saveLogs(name: string, directory: string): Promise<void> {
  try {
    await exportLogs(name, directory);
  } catch {
    // Logs are a help in a failure that has its own message; their absence must not hide it.
  }
}
