import { setTimeout as sleep } from 'node:timers/promises';
import type { StreamSpec } from '../../src/prober/protocol.ts';
import type { Account } from '../../src/verdict/account.ts';
import type { RunFacts } from '../../src/verdict/run-facts.ts';
import { type Driver, FRESH_PORTS } from './driver.ts';
import { type LedgerColumns, since } from './ledger.ts';
import { NOTHING_PLANNED } from './plan.ts';
import { judge } from './recording.ts';
import type { RemoteServer } from './remote-server.ts';
import type { OutageRecord, OutageWish } from './truth-server.ts';

/** One recording with outages in it, and what they really were, on the recording's clock. */
export interface Session {
  readonly spec: StreamSpec;
  readonly account: Account;
  readonly facts: RunFacts;
  readonly truths: readonly OutageRecord[];
  /** When requests arrived, in order. */
  readonly arrivedMs: Float64Array;
  /** When the server itself was not given the processor. */
  readonly stalls: LedgerColumns['stalls'];
}

/** Before the first outage and after the last, so that each has answers on both sides. */
const QUIET_MS = 300;

/**
 * Lays outages on the server while a prober asks it, each after a pause of chance, in as many recordings as their
 * source ports need.
 */
export async function* sessionsWith(
  driver: Driver,
  server: RemoteServer,
  spec: StreamSpec,
  wishes: readonly OutageWish[],
  pauseMs: () => number,
): AsyncGenerator<Session> {
  const longestMs = FRESH_PORTS * spec.intervalMs * 0.9;
  let next = 0;
  while (next < wishes.length) {
    await server.begin(NOTHING_PLANNED, FRESH_PORTS * 2);
    const startedMs = await driver.start(spec);
    const beganMs = performance.now();
    await sleep(QUIET_MS);
    const truths: OutageRecord[] = [];
    for (let wish = wishes[next]; wish; wish = wishes[next]) {
      const willLastMs = wish.lengthMs + 2 * QUIET_MS + spec.deadlineMs;
      if (truths.length > 0 && performance.now() - beganMs + willLastMs > longestMs) break;
      await sleep(pauseMs());
      truths.push(onClockOf(driver.openedMs, await server.outage(wish)));
      next++;
    }
    await sleep(QUIET_MS + spec.deadlineMs);
    const { account, facts } = judge(await driver.stop(spec, startedMs));
    if (account.violations.length > 0) throw new Error(account.violations[0]);
    const { atMs, stalls } = since(driver.openedMs, await server.settle());
    yield { spec, account, facts, truths, arrivedMs: atMs, stalls };
  }
}

function onClockOf(openedMs: number, record: OutageRecord): OutageRecord {
  return {
    ...record,
    fromMs: record.fromMs - openedMs,
    surelyFromMs: record.surelyFromMs - openedMs,
    surelyUntilMs: record.surelyUntilMs - openedMs,
    untilMs: record.untilMs - openedMs,
  };
}
