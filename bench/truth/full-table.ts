import { readFileSync } from 'node:fs';
import { run } from '../../src/platform/process.ts';
import { insideOwnNetwork } from '../own-network.ts';
import { insertRules } from './firewall.ts';

/** Entries stay as long as a fault at most, should nobody take them out. */
const ENTRY_LASTS_S = 60;
/** A table that is larger than this would take too long, and too much memory. */
const LARGEST = 1_000_000;
/** Entries of others may have run out by the time we look. */
const NEARLY = 100;

/** The table of connection tracking, full or empty. */
export interface FullTable extends AsyncDisposable {
  fill(): Promise<void>;
  empty(): Promise<void>;
}

/**
 * Lets the kernel track connections, also those that the truth server keeps out of it, and fills its table on demand
 * with connections that nobody has. Absent where that would meet anybody else (outside a network namespace of one's
 * own), and without `conntrack` and `iptables`.
 */
export async function fullTable(): Promise<FullTable | undefined> {
  if (!insideOwnNetwork()) return;
  const most = figure('nf_conntrack_max');
  if (Number.isNaN(most) || most > LARGEST) return;
  const rules = insertRules([
    // Before the rules that keep the truth server's connections out of the table.
    ...['OUTPUT', 'PREROUTING'].map((chain) => ['raw', chain, '-j', 'ACCEPT']),
    // The kernel tracks nothing until somebody asks for it.
    ['filter', 'INPUT', '-m', 'conntrack', '--ctstate', 'INVALID', '-j', 'ACCEPT'],
  ]);
  const empty = async () => {
    await run('conntrack', ['-F']);
  };
  try {
    if (!rules.complete) throw new Error('a rule is not allowed here');
    await empty();
  } catch {
    rules[Symbol.dispose]();
    return;
  }
  const entries = entriesFor(most);
  return {
    async fill() {
      try {
        // It opens its input by name, which a socket has not.
        await run('sh', ['-c', 'cat | conntrack -R -'], { input: entries });
      } catch {
        // It ends with an error at the first entry for which there is no room.
      }
      const held = figure('nf_conntrack_count');
      if (held < most - NEARLY) throw new Error(`the table holds ${held} connections, not ${most}`);
    },
    empty,
    async [Symbol.asyncDispose]() {
      rules[Symbol.dispose]();
      await empty();
    },
  };
}

/** Not a number where connections are not tracked at all. */
function figure(name: string): number {
  try {
    return Number(readFileSync(`/proc/sys/net/netfilter/${name}`, 'latin1'));
  } catch {
    return Number.NaN;
  }
}

/** Established ones that have been answered: the kernel throws out others to make room. */
function entriesFor(most: number): string {
  const lines: string[] = [];
  for (let index = 0; index < most; index++) {
    const source = `127.${64 + (index >> 16)}.${(index >> 8) & 255}.${index & 255}`;
    lines.push(
      `-A -p tcp -s ${source} -d 127.63.0.1 --sport 1000 --dport 9 --state ESTABLISHED -u ASSURED,SEEN_REPLY -t ${ENTRY_LASTS_S}`,
    );
  }
  return `${lines.join('\n')}\n`;
}
