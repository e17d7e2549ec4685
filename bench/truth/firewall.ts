import { execFileSync } from 'node:child_process';
import { writeFileSync } from 'node:fs';

/** What the kernel was told about one port of loopback. */
export interface Firewall extends Disposable {
  /** Absent where the kernel or our rights do not allow it. */
  readonly dropSyns?: (dropping: boolean) => void;
}

/**
 * Makes it possible to drop the SYNs to a port, and keeps its connections out of connection tracking: a table that a
 * bench has filled loses packets of everybody's, and the loss would be told as the server's. Does nothing where it
 * may not.
 *
 * A rule looks the sender up in a list of `xt_recent`, and the switch is that list's file: it takes microseconds, where
 * another rule would take milliseconds.
 */
export function firewall(address: string, port: number): Firewall {
  const list = `truth${port}`;
  const tcp = ['-p', 'tcp', '-d', address];
  const untracked = ['-j', 'CT', '--notrack'];
  const wanted = [
    ...['OUTPUT', 'PREROUTING'].flatMap((chain) =>
      ['--dport', '--sport'].map((side) => ['raw', chain, ...tcp, side, String(port), ...untracked]),
    ),
    [
      ...['filter', 'INPUT', ...tcp, '--syn', '--dport', String(port)],
      ...['-m', 'recent', '--name', list, '--rcheck', '-j', 'DROP'],
    ],
  ];
  const rules = insertRules(wanted);
  return {
    // On loopback the sender has the same address.
    ...(rules.complete && {
      dropSyns: (dropping) =>
        writeFileSync(`/proc/net/xt_recent/${list}`, dropping ? `+${address}\n` : '/\n'),
    }),
    [Symbol.dispose]() {
      rules[Symbol.dispose]();
    },
  };
}

/** Rules that go with their owner; not complete where the kernel or our rights do not allow one of them. */
export interface InsertedRules extends Disposable {
  readonly complete: boolean;
}

/** Puts rules, each a table, a chain and the rule itself, before all others. */
export function insertRules(wanted: readonly (readonly string[])[]): InsertedRules {
  const added = wanted.filter(([table = '', chain = '', ...rule]) => iptables(table, '-I', chain, rule));
  return {
    complete: added.length === wanted.length,
    [Symbol.dispose]() {
      for (const [table = '', chain = '', ...rule] of added) iptables(table, '-D', chain, rule);
    },
  };
}

function iptables(table: string, action: '-I' | '-D', chain: string, rule: readonly string[]): boolean {
  try {
    execFileSync('iptables', ['-w', '-t', table, action, chain, ...rule], { stdio: 'ignore' });
    return true;
  } catch {
    return false;
  }
}
