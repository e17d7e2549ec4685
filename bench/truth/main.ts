import { parseArgs } from 'node:util';
import type { ConnectionMode } from '../../src/model/scenario.ts';
import { DEFAULT_HTTP_ENGINE, type HttpEngineName } from '../../src/prober/protocol.ts';
import { startDriver } from './driver.ts';
import { merged, runExact, sentRequests } from './exact.ts';
import { type Confusion, plannedDrops, printConfusion } from './join.ts';
import { type RemoteServer, startServer } from './remote-server.ts';

const USAGE = `node bench/truth/main.ts <what> [options]

  exact     planned drops of every kind: every request must be told as what the server did to it
              --requests 1000000 --drops 10000 --seeds 20 --first-seed 1 --connection new,keep-alive --engine raw
              --rate 2000 (new) --kept-alive-rate 5000

Exit code 1 where anything was told wrongly.`;

const { positionals, values } = parseArgs({
  allowPositionals: true,
  options: {
    requests: { type: 'string', default: '1000000' },
    drops: { type: 'string', default: '10000' },
    seeds: { type: 'string', default: '20' },
    'first-seed': { type: 'string', default: '1' },
    connection: { type: 'string', default: 'new,keep-alive' },
    engine: { type: 'string', default: DEFAULT_HTTP_ENGINE },
    rate: { type: 'string', default: '2000' },
    'kept-alive-rate': { type: 'string', default: '5000' },
    help: { type: 'boolean', default: false },
  },
});

const number = (text: string) => {
  const value = Number(text);
  if (!Number.isFinite(value) || value < 0) throw new Error(`${text} is no number of anything`);
  return value;
};
const connections = values.connection.split(',').map((word): ConnectionMode => {
  if (word !== 'new' && word !== 'keep-alive') throw new Error(`${word} is no way to use connections`);
  return word;
});

const engines = values.engine.split(',').map((word): HttpEngineName => {
  if (word !== 'raw' && word !== 'undici') throw new Error(`${word} is no engine`);
  return word;
});

switch (positionals[0]) {
  case 'exact':
    process.exitCode = (await exact()) ? 0 : 1;
    break;
  default:
    console.log(USAGE);
    process.exitCode = values.help ? 0 : 2;
}

async function exact(): Promise<boolean> {
  await using server = await startServer();
  let right = true;
  const ways = engines.flatMap((engine) => connections.map((connection) => ({ engine, connection })));
  for (const { engine, connection } of ways) {
    const ratePerSecond = number(connection === 'new' ? values.rate : values['kept-alive-rate']);
    const parts: Confusion[] = [];
    for (let index = 0; index < number(values.seeds); index++) {
      const seed = number(values['first-seed']) + index;
      // A prober of its own for every seed: each has to come up, and to account for all, anew.
      await using driver = await startDriver();
      const busy = await busyShare(server, async () => {
        const wish = { connection, engine, requests: number(values.requests), drops: number(values.drops) };
        parts.push(await runExact(driver, server, { ...wish, seed, ratePerSecond }));
      });
      const part = parts.at(-1);
      if (part) console.log(`${engine}, ${connection}, seed ${seed}: ${inWords(part)}, ${busy}`);
    }
    const all = merged(parts);
    console.log(`${engine}, ${connection}, all seeds: ${inWords(all)}\n${printConfusion(all)}`);
    for (const mismatch of all.mismatches.slice(0, 20)) console.log(`  ${mismatch}`);
    right &&= all.mismatches.length === 0;
  }
  return right;
}

function inWords(confusion: Confusion): string {
  const { mismatches, abstained, unsent } = confusion;
  return [
    `${sentRequests(confusion)} requests`,
    `${plannedDrops(confusion)} drops`,
    `${mismatches.length} told wrongly`,
    `${abstained} not judged`,
    `${unsent} not sent`,
  ].join(', ');
}

/** How much of one processor the server used: it must not be what is measured. */
async function busyShare(server: RemoteServer, work: () => Promise<void>): Promise<string> {
  const before = { cpuMs: await server.cpuMs(), atMs: performance.now() };
  await work();
  const share = ((await server.cpuMs()) - before.cpuMs) / (performance.now() - before.atMs);
  return `server at ${Math.round(share * 100)} % of one processor`;
}
