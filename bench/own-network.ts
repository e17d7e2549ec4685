// A bench of new connections leaves hundreds of thousands of entries in the machine's connection tracking, and a full
// table drops packets of everybody. In a network namespace of its own nothing is tracked, and who changes the
// machine's firewall meanwhile (kind does) holds no lock that the bench waits for.
import { execFileSync, spawnSync } from 'node:child_process';

const INSIDE = 'ROLLPROOF_BENCH_NETWORK';

/** Is this process in a network namespace of its own, where rules and tables are nobody else's? */
export function insideOwnNetwork(): boolean {
  return process.env[INSIDE] !== undefined;
}

/**
 * Runs this program again in a network namespace of its own and ends with it, where that is permitted (root) and it is
 * not in one already. Gives whether there is such a namespace.
 */
export function enterOwnNetwork(): boolean {
  if (insideOwnNetwork()) return true;
  try {
    execFileSync('unshare', ['--net', 'ip', 'link', 'set', 'lo', 'up'], { stdio: 'ignore' });
  } catch {
    return false;
  }
  const { status } = spawnSync(
    'unshare',
    ['--net', 'sh', '-c', 'ip link set lo up && exec "$@"', 'sh', process.execPath, ...process.argv.slice(1)],
    { stdio: 'inherit', env: { ...process.env, [INSIDE]: '1' } },
  );
  process.exit(status ?? 1);
}
