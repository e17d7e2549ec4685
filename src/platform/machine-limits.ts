import { readFile } from 'node:fs/promises';
import { availableParallelism } from 'node:os';
import type { MachineLimits } from '../model/machine-limits.ts';

/** Reads what Linux tells about itself; elsewhere only the processors are known. */
export async function machineLimits(): Promise<MachineLimits> {
  const [limits, tracked, trackable, backlog] = await Promise.all([
    readText('/proc/self/limits'),
    readNumber('/proc/sys/net/netfilter/nf_conntrack_count'),
    readNumber('/proc/sys/net/netfilter/nf_conntrack_max'),
    readNumber('/proc/sys/net/core/somaxconn'),
  ]);
  // Node raises its own soft limit to the hard one, which stands second.
  const openFiles = Number(/^Max open files\s+\S+\s+(\d+)/m.exec(limits ?? '')?.[1]);
  return {
    ...(Number.isSafeInteger(openFiles) ? { openFiles } : {}),
    ...(tracked === undefined || trackable === undefined || trackable === 0
      ? {}
      : { trackableConnections: Math.max(0, trackable - tracked) }),
    ...(backlog === undefined ? {} : { listenBacklog: backlog }),
    processors: availableParallelism(),
  };
}

async function readNumber(path: string): Promise<number | undefined> {
  const value = Number(await readText(path));
  return Number.isSafeInteger(value) ? value : undefined;
}

/** Undefined where there is no such file. */
async function readText(path: string): Promise<string | undefined> {
  return await readFile(path, 'utf8').catch(() => undefined);
}
