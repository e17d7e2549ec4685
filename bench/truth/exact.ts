import type { ConnectionMode } from '../../src/model/scenario.ts';
import type { HttpEngineName } from '../../src/prober/protocol.ts';
import { CONNECTIONS, type Driver, FRESH_PORTS, sendExactly, truthStream } from './driver.ts';
import { FATES, type Fate, PLANNED_SINGLY } from './fates.ts';
import { type Confusion, joinAccounts } from './join.ts';
import { since } from './ledger.ts';
import { makePlan, type PlanWish } from './plan.ts';
import { judge } from './recording.ts';
import type { RemoteServer } from './remote-server.ts';

export interface ExactWish {
  readonly connection: ConnectionMode;
  readonly engine: HttpEngineName;
  readonly requests: number;
  readonly drops: number;
  readonly seed: number;
  readonly ratePerSecond: number;
  /** Absent: short, so that hung requests do not pile up at a high rate. */
  readonly deadlineMs?: number;
}

/** Requests that one recording holds: more would be judged no differently, and take more memory. */
const KEPT_ALIVE_SEGMENT = 250_000;

/** Requests that a closure of the listener is to meet. */
const MET_BY_A_CLOSURE = 10;

const SLOW_MS = 60;

/**
 * Sends so many requests to a server that plans so many drops, spread over all fates, and puts both accounts side by
 * side, recording by recording.
 */
export async function runExact(driver: Driver, server: RemoteServer, wish: ExactWish): Promise<Confusion> {
  const { connection, engine, requests, drops, ratePerSecond, seed, deadlineMs } = wish;
  const own = deadlineMs === undefined ? { engine } : { engine, deadlineMs };
  const largest = connection === 'new' ? FRESH_PORTS : KEPT_ALIVE_SEGMENT;
  const segments = Math.ceil(requests / largest);
  const parts: Confusion[] = [];
  for (let segment = 0; segment < segments; segment++) {
    const part = (whole: number) =>
      Math.floor((whole * (segment + 1)) / segments) - Math.floor((whole * segment) / segments);
    const count = part(requests);
    const planned = { ...wish, requests: count, drops: part(drops), seed: seed * 1000 + segment };
    const plan = makePlan(planWish(planned, server.dropsSyns));
    await server.begin(plan, count + 100_000);
    const spec = truthStream(server.port, connection, ratePerSecond, own);
    const recorded = await sendExactly(driver, spec, count);
    const ledger = since(driver.openedMs, await server.settle());
    const { account } = judge(recorded);
    const joined = joinAccounts(recorded.probes, account.samples, ledger);
    parts.push({ ...joined, mismatches: [...account.violations, ...joined.mismatches] });
  }
  return merged(parts);
}

function planWish(wish: ExactWish, dropsSyns: boolean): PlanWish {
  const { connection, requests, drops, seed, ratePerSecond } = wish;
  const closures = dropsSyns ? (['refused', 'syn-dropped'] as const) : (['refused'] as const);
  const each = drops / (PLANNED_SINGLY.length + closures.length);
  const times = Math.round(each / MET_BY_A_CLOSURE);
  // Kept-alive connections have to be given up, one by one, before new ones are refused.
  const lasts = MET_BY_A_CLOSURE + (connection === 'keep-alive' ? CONNECTIONS / 2 : 0);
  return {
    seed,
    requests,
    drops: drops - times * closures.length * MET_BY_A_CLOSURE,
    slow: Math.round(drops / 20),
    slowMs: SLOW_MS,
    closures: closures.map((fate) => ({
      closure: { fate, lengthMs: (lasts * 1000) / ratePerSecond },
      times,
    })),
  };
}

/** Adds up what was counted in several recordings. */
export function merged(parts: readonly Confusion[]): Confusion {
  const cells = new Map<Fate, Map<string, number>>();
  for (const fate of FATES) {
    for (const part of parts) {
      for (const [word, count] of part.cells.get(fate) ?? []) {
        const row = cells.get(fate) ?? new Map<string, number>();
        row.set(word, (row.get(word) ?? 0) + count);
        cells.set(fate, row);
      }
    }
  }
  const sum = (of: (part: Confusion) => number) => parts.reduce((total, part) => total + of(part), 0);
  return {
    cells,
    mismatches: parts.flatMap(({ mismatches }) => mismatches),
    abstained: sum(({ abstained }) => abstained),
    unsent: sum(({ unsent }) => unsent),
  };
}

/** Requests in the table: those that were sent. */
export function sentRequests({ cells }: Confusion): number {
  let sum = 0;
  for (const row of cells.values()) for (const count of row.values()) sum += count;
  return sum;
}
