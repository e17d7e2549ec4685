import { describe, expect, it } from 'vitest';
import { startDriver } from '../../bench/truth/driver.ts';
import { runExact, sentRequests } from '../../bench/truth/exact.ts';
import { PLANNED_SINGLY } from '../../bench/truth/fates.ts';
import { plannedDrops, printConfusion } from '../../bench/truth/join.ts';
import { startServer } from '../../bench/truth/remote-server.ts';
import type { ConnectionMode } from '../../src/model/scenario.ts';
import type { HttpEngineName } from '../../src/prober/protocol.ts';

const WAYS: readonly (readonly [HttpEngineName, ConnectionMode])[] = [
  ['raw', 'new'],
  ['raw', 'keep-alive'],
  ['undici', 'new'],
  ['undici', 'keep-alive'],
];

describe.concurrent.each(WAYS)(
  '1,000 requests of %s over %s connections to a server that plans 100 drops',
  (engine, connection) => {
    it('are each told as what the server did to them', { timeout: 60_000 }, async () => {
      await using server = await startServer();
      await using driver = await startDriver();
      // Longer than a busy machine keeps the server from the processor: what it never saw, it cannot have planned.
      const deadlineMs = 2_000;
      const wish = {
        engine,
        connection,
        requests: 1_000,
        drops: 100,
        seed: 7,
        ratePerSecond: 200,
        deadlineMs,
      };
      const confusion = await runExact(driver, server, wish);

      expect(confusion.mismatches, printConfusion(confusion)).toEqual([]);
      // A busy machine may keep the prober from sending, or from judging; never from telling so.
      expect(sentRequests(confusion) + confusion.unsent).toBeGreaterThanOrEqual(1_000);
      expect(plannedDrops(confusion)).toBeGreaterThan(50);
      expect([...confusion.cells.keys()]).toEqual(
        expect.arrayContaining(['answered', 'answered-slowly', 'refused', ...PLANNED_SINGLY]),
      );
    });
  },
);
