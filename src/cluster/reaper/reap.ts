import { setTimeout as sleep } from 'node:timers/promises';
import { run } from '../../platform/process.ts';
import { containersOf, removeCluster } from '../remove-cluster.ts';

/**
 * Deletes a cluster whose creator is dead. A `kind create` it left behind is ended first, and nothing is believed
 * until the cluster has been absent for a while: a container that was just being started may come late.
 */
export async function reap(name: string): Promise<void> {
  await killCreation(name);
  const giveUpAt = performance.now() + PATIENCE_MS;
  for (let absentSince = performance.now(); performance.now() < giveUpAt; await sleep(1_000)) {
    try {
      if ((await containersOf(name)).length > 0) {
        await removeCluster(name);
        absentSince = performance.now();
      }
      if (performance.now() - absentSince > ABSENT_MS) return;
    } catch {
      // Nobody is left to tell; the next turn tries again.
    }
  }
}

const ABSENT_MS = 5_000;
const PATIENCE_MS = 120_000;

/** The name is random and ours alone, so a command line that creates a cluster of this name is the one. */
async function killCreation(name: string): Promise<void> {
  const listing = await run('ps', ['-eo', 'pid=,args=']).catch(() => '');
  for (const line of listing.split('\n')) {
    const match = /^\s*(\d+)\s+\S*kind create cluster\b.*--name (\S+)/.exec(line);
    if (match?.[2] !== name) continue;
    try {
      process.kill(Number(match[1]), 'SIGKILL');
    } catch {
      // It ended by itself.
    }
  }
}
