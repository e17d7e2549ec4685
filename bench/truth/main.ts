import { parseArgs } from 'node:util';
import type { ConnectionMode } from '../../src/model/scenario.ts';
import { DEFAULT_HTTP_ENGINE, type HttpEngineName } from '../../src/prober/protocol.ts';
import { machineLine, watchStolen } from '../machine.ts';
import { enterOwnNetwork } from '../own-network.ts';
import { startDriver, truthStream } from './driver.ts';
import { merged, runExact, sentRequests } from './exact.ts';
import { FAULTS, runFault, runStoppedOverTermination } from './faults.ts';
import { type Finding, injectFull, injectPartial } from './floor.ts';
import { type Confusion, plannedDrops, printConfusion } from './join.ts';
import { type Comparison, compareOutages, lengthOf } from './outages.ts';
import { seededRandom, shuffled } from './random.ts';
import { type RemoteServer, startServer } from './remote-server.ts';
import { sessionsWith } from './session.ts';
import type { OutageFate, OutageWish } from './truth-server.ts';

const USAGE = `node bench/truth/main.ts <what> [options]

  exact     planned drops of every kind: every request must be told as what the server did to it
              --requests 1000000 --drops 10000 --seeds 20 --first-seed 1 --connection new,keep-alive --engine raw
              --rate 2000 (new) --kept-alive-rate 5000

  outages   outages of 2 to 2000 ms: the reported length errs by two intervals at most, the bounds hold the truth
              --times 100 --lengths 2,5,10,20,50,100,500,2000 --how refused,reset,hung,syn-dropped --rate 1000
              --connection new --engine raw

  floor     outages of random length and phase: none longer than the printed floor is missed, and one of n
            endpoints is seen as often as the formula says
              --injections 5000 --rate 1000

  faults    troubles of the prober's own: no false drop, every hole told, no verdict over a terminating pod
              --rate 500 --connection new,keep-alive --engine raw --only 'file descriptors'

With root, all of it runs in a network namespace of its own.

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
    rate: { type: 'string' },
    'kept-alive-rate': { type: 'string', default: '5000' },
    times: { type: 'string', default: '100' },
    lengths: { type: 'string', default: '2,5,10,20,50,100,500,2000' },
    how: { type: 'string', default: 'refused,reset,hung,syn-dropped' },
    injections: { type: 'string', default: '5000' },
    only: { type: 'string', default: '' },
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

const BENCHES: Readonly<Record<string, () => Promise<boolean>>> = { exact, outages, floor, faults };
const bench = BENCHES[positionals[0] ?? ''];
if (bench) {
  enterOwnNetwork();
  const stolen = watchStolen();
  console.log(machineLine());
  process.exitCode = (await bench()) ? 0 : 1;
  console.log(stolen());
} else {
  console.log(USAGE);
  process.exitCode = values.help ? 0 : 2;
}

async function exact(): Promise<boolean> {
  await using server = await startServer();
  let right = true;
  const ways = engines.flatMap((engine) => connections.map((connection) => ({ engine, connection })));
  for (const { engine, connection } of ways) {
    const ratePerSecond = number(connection === 'new' ? (values.rate ?? '2000') : values['kept-alive-rate']);
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
      for (const mismatch of part?.mismatches.slice(0, 5) ?? []) console.log(`  ${mismatch}`);
    }
    const all = merged(parts);
    console.log(`${engine}, ${connection}, all seeds: ${inWords(all)}\n${printConfusion(all)}`);
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

async function outages(): Promise<boolean> {
  await using server = await startServer();
  await using driver = await startDriver();
  const random = seededRandom(number(values['first-seed']));
  const ratePerSecond = number(values.rate ?? '1000');
  const wishes = values.how.split(',').flatMap((word) => {
    const fate = outageFate(word);
    if (fate === 'syn-dropped' && !server.dropsSyns) {
      console.log('syn-dropped is left out: it takes root and a kernel with xt_recent');
      return [];
    }
    return values.lengths
      .split(',')
      .flatMap((length) =>
        Array.from({ length: number(values.times) }, (): OutageWish => ({ fate, lengthMs: number(length) })),
      );
  });
  let right = true;
  const comparisons: Comparison[] = [];
  const spec = truthStream(server.port, connections[0] ?? 'new', ratePerSecond, {
    engine: engines[0] ?? 'raw',
  });
  const pauseMs = () => 60 + random() * 20;
  for await (const session of sessionsWith(driver, server, spec, shuffled(wishes, random), pauseMs)) {
    comparisons.push(compareOutages(session));
  }
  const all = comparisons.flatMap(({ measured }) => measured);
  const invented = comparisons.flatMap((comparison) => comparison.invented);
  console.log(
    'how          wanted  times  missed  error p50  p99   max    > 2 intervals (as planned, as sent)  out of bounds',
  );
  for (const word of values.how.split(',')) {
    for (const length of values.lengths.split(',')) {
      const row = all.filter(({ truth }) => truth.fate === word && truth.wantedMs === number(length));
      const errors = row
        .flatMap(({ reported, errorMs }) => (reported ? [errorMs] : []))
        .toSorted((a, b) => a - b);
      const at = (share: number) =>
        (errors[Math.min(errors.length - 1, Math.floor(errors.length * share))] ?? 0).toFixed(2);
      const missed = row.filter(({ reported }) => !reported);
      const missedAbove = missed.filter(({ truth, floorMs }) => lengthOf(truth).shortestMs > floorMs);
      const beyondPlan = row.filter(({ errorMs }) => errorMs > 2 * spec.intervalMs);
      const beyond = row.filter(({ errorMs, intervalMs }) => errorMs > 2 * intervalMs);
      const outside = row.filter(({ inBounds }) => !inBounds);
      console.log(
        `${word.padEnd(12)} ${length.padStart(6)}  ${String(row.length).padStart(5)}  ${String(missed.length).padStart(6)}  ${at(0.5).padStart(9)}  ${at(0.99)}  ${at(1)}  ${beyondPlan.length}, ${beyond.length}  ${outside.length}${missedAbove.length > 0 ? `  MISSED ABOVE THE FLOOR: ${missedAbove.length}` : ''}`,
      );
      for (const { truth, reported, errorMs, intervalMs } of [...beyond, ...outside].slice(0, 3)) {
        console.log('   ', JSON.stringify({ truth: lengthOf(truth), reported, errorMs, intervalMs }));
      }
      right &&= missedAbove.length + beyond.length + outside.length === 0;
    }
  }
  const unknown = comparisons.reduce((sum, comparison) => sum + comparison.unknown, 0);
  console.log(
    `${all.length} outages, ${invented.length} reported that were none; ${unknown} more left out, because the server itself did not run`,
  );
  for (const outage of invented.slice(0, 5)) console.log('   ', JSON.stringify(outage));
  return right && invented.length === 0;
}

function outageFate(word: string): OutageFate {
  if (word !== 'refused' && word !== 'reset' && word !== 'hung' && word !== 'syn-dropped') {
    throw new Error(`${word} is no kind of outage`);
  }
  return word;
}

async function floor(): Promise<boolean> {
  await using server = await startServer();
  await using driver = await startDriver();
  const random = seededRandom(number(values['first-seed']));
  const ratePerSecond = number(values.rate ?? '1000');
  const spec = truthStream(server.port, 'new', ratePerSecond, { engine: engines[0] ?? 'raw' });
  const full = await injectFull(driver, server, spec, number(values.injections), random);
  console.log(full.text);
  let right = full.right;
  for (const endpoints of [3, 10]) {
    const partial = await injectPartial(
      driver,
      server,
      spec,
      number(values.injections) / 5,
      endpoints,
      random,
    );
    console.log(partial.text);
    right &&= partial.right;
  }
  return right;
}

async function faults(): Promise<boolean> {
  await using server = await startServer();
  let right = true;
  const tell = (finding: Finding) => {
    console.log(`${finding.right ? '' : 'WRONG: '}${finding.text}`);
    right &&= finding.right;
  };
  const ways = engines.flatMap((engine) => connections.map((connection) => ({ engine, connection })));
  for (const way of ways) {
    const random = seededRandom(number(values['first-seed']));
    const wish = { ...way, ratePerSecond: number(values.rate ?? '500'), random };
    for (const fault of FAULTS.filter(({ name }) => name.includes(values.only))) {
      const finding = await runFault(server, fault, wish);
      if (finding) tell(finding);
      else
        console.log(
          `${fault.name}: left out, its means are not given here (root, its own network, conntrack)`,
        );
    }
    if (values.only !== '') continue;
    for (const stoppedForMs of [0, 110, 150, 250, 500]) {
      tell(await runStoppedOverTermination(server, stoppedForMs, wish));
    }
  }
  return right;
}
