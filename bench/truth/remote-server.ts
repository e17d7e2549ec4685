import { fork } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { makeRealTime } from '../../src/prober/vantage/real-time.ts';
import type { LedgerColumns } from './ledger.ts';
import type { Plan } from './plan.ts';
import type { ToServer } from './server-process.ts';
import type { OutageRecord, OutageWish } from './truth-server.ts';

/** A truth server in a process of its own, so that nobody's loop waits for anybody else's. */
export interface RemoteServer extends AsyncDisposable {
  readonly port: number;
  readonly dropsSyns: boolean;
  begin(plan: Plan, rows: number): Promise<void>;
  settle(): Promise<LedgerColumns>;
  outage(wish: OutageWish): Promise<OutageRecord>;
  /** Processor time so far, in milliseconds. */
  cpuMs(): Promise<number>;
}

export async function startServer(): Promise<RemoteServer> {
  const child = fork(fileURLToPath(new URL('./server-process.ts', import.meta.url)), {
    serialization: 'advanced',
    execArgv: [],
  });
  const ended = once(child, 'exit');
  const gone = ended.then(([code]) => {
    throw new Error(`the truth server ended with exit code ${code}`);
  });
  gone.catch(() => {});
  const [{ port, dropsSyns }] = (await Promise.race([once(child, 'message'), gone])) as [
    { port: number; dropsSyns: boolean },
  ];
  // A server that waits for its turn does other things than it planned, and cannot say to whom.
  await makeRealTime(child.pid);
  let last: Promise<unknown> = Promise.resolve();
  const ask = <T>(message: ToServer): Promise<T> => {
    const answer = last.then(async () => {
      child.send(message);
      const [reply] = await Promise.race([once(child, 'message'), gone]);
      return reply as T;
    });
    last = answer.catch(() => {});
    return answer;
  };
  return {
    port,
    dropsSyns,
    begin: (plan, rows) => ask({ ask: 'begin', plan, rows }),
    settle: () => ask({ ask: 'settle' }),
    outage: (wish) => ask({ ask: 'outage', wish }),
    cpuMs: async () => (await ask<{ cpuMs: number }>({ ask: 'usage' })).cpuMs,
    async [Symbol.asyncDispose]() {
      if (child.connected) child.disconnect();
      await ended;
    },
  };
}
