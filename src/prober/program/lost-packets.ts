import { readFileSync } from 'node:fs';

/** One row for each processor, in hexadecimal; the first line names the columns. */
const STATISTICS = '/proc/net/stat/nf_conntrack';

/**
 * Counts the packets that this machine's connection tracking threw away, which it does when its table is full: to
 * whoever waits for an answer that looks like a server that hangs. Counts 0 where nothing is tracked.
 */
export class LostPackets {
  readonly #read: () => string;
  #countedBefore: number;

  constructor(read: () => string = () => readFileSync(STATISTICS, 'latin1')) {
    this.#read = read;
    this.#countedBefore = this.#count();
  }

  /** How many since this was last asked. */
  takeCount(): number {
    const counted = this.#count();
    const lost = Math.max(0, counted - this.#countedBefore);
    this.#countedBefore = counted;
    return lost;
  }

  #count(): number {
    try {
      return droppedPackets(this.#read());
    } catch {
      // No connection tracking in this network namespace.
      return 0;
    }
  }
}

/** Reads the column `drop` of all processors. */
export function droppedPackets(statistics: string): number {
  const [names = '', ...rows] = statistics.trim().split('\n');
  const column = names.trim().split(/\s+/).indexOf('drop');
  if (column < 0) return 0;
  return rows.reduce((sum, row) => {
    const count = Number.parseInt(row.trim().split(/\s+/)[column] ?? '', 16);
    return sum + (Number.isFinite(count) ? count : 0);
  }, 0);
}
