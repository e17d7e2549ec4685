import type { Plan } from './plan.ts';
import { type OutageWish, TruthServer } from './truth-server.ts';

/** What the driver may ask the server's process; each is answered once, in order. */
export type ToServer =
  | { readonly ask: 'begin'; readonly plan: Plan; readonly rows: number }
  | { readonly ask: 'settle' }
  | { readonly ask: 'outage'; readonly wish: OutageWish }
  | { readonly ask: 'usage' };

const server = new TruthServer();
await server.listen();

process.on('message', async (message: ToServer) => {
  process.send?.(await answerTo(message));
});
const leave = async () => {
  await server[Symbol.asyncDispose]();
  process.exit(0);
};
process.on('disconnect', leave);
// Rules of the firewall would outlive us.
process.on('SIGTERM', leave);
process.on('SIGINT', () => {});
process.send?.({ port: server.port, dropsSyns: server.dropsSyns });

async function answerTo(message: ToServer): Promise<unknown> {
  switch (message.ask) {
    case 'begin':
      server.begin(message.plan, message.rows);
      return true;
    case 'settle':
      return server.settle();
    case 'outage':
      return server.outage(message.wish);
    case 'usage': {
      const { user, system } = process.cpuUsage();
      return { cpuMs: (user + system) / 1000, loopBusy: performance.eventLoopUtilization() };
    }
  }
}
