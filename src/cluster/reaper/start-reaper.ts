import { once } from 'node:events';
import { spawnSurvivor } from '../../platform/process.ts';

export interface Reaper {
  /** The cluster is gone, or is to stay: the reaper ends without touching it. Idempotent. */
  dismiss(): Promise<void>;
}

/**
 * Starts the process that deletes the kind cluster `name` should this process end without dismissing it, be it by
 * `kill -9`. `program` is the path of the reaper's entry.
 */
export function startReaper(program: string, name: string): Reaper {
  const { stdin, ended } = spawnSurvivor(process.execPath, [program, name]);
  let dismissed = false;
  return {
    async dismiss() {
      if (dismissed) return;
      dismissed = true;
      stdin.end('done\n');
      // The word must have left us before we may end.
      if (!stdin.writableFinished && !stdin.destroyed) await Promise.race([once(stdin, 'finish'), ended]);
    },
  };
}
