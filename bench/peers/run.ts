// `npm run bench`: Rollproof's prober beside its peers, in one run, judged by the meter's own log. Tools take turns in
// alternating order, so that what the machine does besides hits all of them. `--repeats`, `--hold` (seconds of an
// attempt at a rate), `--budget` (seconds of a search for one), `--tools` and `--only rate,drops,pace,start` make it
// shorter.
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { machineLine, watchStolen } from '../machine.ts';
import { enterOwnNetwork } from '../own-network.ts';
import { findPeers } from './find-peers.ts';
import { type Pace, paceOf } from './grid.ts';
import { highestHeldRate } from './honest-rate.ts';
import { measure, type Run } from './measure.ts';
import { type Meter, startMeter } from './meter.ts';
import { round, spread, table } from './tables.ts';
import { type Connection, type Tool, toolsOf } from './tools.ts';

const { values } = parseArgs({
  options: {
    repeats: { type: 'string', default: '5' },
    hold: { type: 'string', default: '5' },
    budget: { type: 'string', default: '60' },
    only: { type: 'string', default: 'start,drops,pace,rate' },
    tools: { type: 'string' },
  },
});
const repeats = Number(values.repeats);
const holdSeconds = Number(values.hold);
const CONNECTIONS: readonly Connection[] = ['new', 'keep-alive'];

/** Within these bounds a rate is searched for, requests per second. */
const LOWEST_RATE = 250;
const HIGHEST_RATE = 64_000;
const FIRST_RATE = 1_000;

/** What a run has to be for its rate to count as held. */
const STANDARDS = {
  honest: { title: 'p99.9 at most 1 ms late, no gap over 5 ms', p999LateMs: 1, largestGapMs: 5, share: 1 },
  whole: {
    title: '99.9 % sent, at most 100 ms late, no gap over 100 ms',
    p999LateMs: 100,
    largestGapMs: 100,
    share: 0.999,
  },
} as const;

const { bin, missing } = findPeers();
const isAlone = enterOwnNetwork();
const folder = mkdtempSync(join(tmpdir(), 'rollproof-bench-'));
try {
  const wanted = values.tools?.split(',');
  const tools = toolsOf(bin, folder).filter(
    ({ name }) => !missing.has(name) && (wanted === undefined || wanted.includes(name)),
  );
  console.log(
    `${new Date().toISOString().slice(0, 10)}, ${machineLine()}, ${repeats} repeats in alternating order, ${isAlone ? 'in a network namespace of their own' : "in the machine's network"}`,
  );
  for (const [name, why] of missing) console.log(`left out: ${name} (${why})`);
  await using meter = await startMeter();
  const parts: Readonly<Record<string, (tools: readonly Tool[], meter: Meter) => Promise<void>>> = {
    start: startTable,
    drops: dropsTable,
    pace: paceTable,
    rate: rateTable,
  };
  for (const part of values.only.split(',')) {
    if (!parts[part]) throw new Error(`there is no part ${part}; there are ${Object.keys(parts).join(', ')}`);
    const stolen = watchStolen();
    await parts[part](tools, meter);
    console.log(`\n${part}: ${stolen()}`);
  }
} finally {
  rmSync(folder, { recursive: true });
}

/** Every tool once in each repeat, forth and back. Tools that cannot send the load are left out. */
async function inTurns<T>(
  tools: readonly Tool[],
  attempt: (tool: Tool) => Promise<T | undefined>,
): Promise<ReadonlyMap<string, readonly T[]>> {
  const results = new Map<string, T[]>();
  for (let repeat = 0; repeat < repeats; repeat++) {
    for (const tool of repeat % 2 === 0 ? tools : tools.toReversed()) {
      const result = await attempt(tool);
      if (result !== undefined) results.set(tool.name, [...(results.get(tool.name) ?? []), result]);
    }
  }
  return new Map(tools.flatMap(({ name }) => (results.has(name) ? [[name, results.get(name) ?? []]] : [])));
}

async function startTable(tools: readonly Tool[], meter: Meter): Promise<void> {
  const runs = await inTurns(tools, (tool) =>
    measure(tool, meter, { ratePerSecond: 100, seconds: 1, connection: 'new' }).then(
      (run) => run ?? measure(tool, meter, { ratePerSecond: 100, seconds: 1, connection: 'keep-alive' }),
    ),
  );
  table('Start of the process to first request on the wire', ['tool', 'ms'], runs, (some) => [
    spread(some.map(({ startMs }) => startMs)),
  ]);
}

async function dropsTable(tools: readonly Tool[], meter: Meter): Promise<void> {
  const runs = await inTurns(tools, (tool) =>
    measure(tool, meter, { ratePerSecond: 200, seconds: 5, connection: 'keep-alive' }, 10),
  );
  table(
    'Kept-alive connections, every tenth request reset by the server: drops reported of drops made',
    ['tool', 'made', 'reported', 'seen'],
    runs,
    (some) => [
      spread(some.map(({ ledger }) => ledger.resets)),
      spread(some.map(({ report }) => report.failed)),
      spread(
        some.map(({ ledger, report }) => (100 * report.failed) / ledger.resets),
        ' %',
      ),
    ],
  );
}

async function paceTable(tools: readonly Tool[], meter: Meter): Promise<void> {
  for (const connection of CONNECTIONS) {
    const runs = await inTurns(
      tools.filter(({ keepsRate }) => keepsRate),
      (tool) => measure(tool, meter, { ratePerSecond: 1_000, seconds: 10, connection }),
    );
    const columns: readonly (readonly [string, (pace: Pace) => number])[] = [
      ['p50', (pace) => pace.p50LateMs],
      ['p99', (pace) => pace.p99LateMs],
      ['p99.9', (pace) => pace.p999LateMs],
      ['largest gap', (pace) => pace.largestGapMs],
    ];
    table(
      `1,000 requests/s, ${connection}: lateness at the server in ms, and cores used`,
      ['tool', ...columns.map(([title]) => title), 'cores', 'arrived'],
      runs,
      (some) => {
        const paces = some.map(({ ledger }) => paceOf(ledger.arrivalsMs, 1_000));
        return [
          ...columns.map(([, figure]) => spread(paces.map(figure))),
          spread(some.map(({ cores }) => cores)),
          spread(paces.map(({ arrived }) => arrived)),
        ];
      },
    );
  }
}

type Standard = keyof typeof STANDARDS;

interface Shown {
  readonly held: boolean;
  readonly busy: number;
}

/**
 * The highest rate at which all that was planned arrived, none of it failed, and arrivals were as even as a standard
 * wants: the honest one, and one that only asks for everything to be sent. The meter's own load stands beside it: near
 * 100 % it is the meter that was measured.
 */
async function rateTable(tools: readonly Tool[], meter: Meter): Promise<void> {
  for (const connection of CONNECTIONS) {
    for (const standard of ['honest', 'whole'] as const) {
      const before = new Map<string, number>();
      const runs = await inTurns(
        tools.filter(({ keepsRate }) => keepsRate),
        async (tool) => {
          const search = {
            lowest: LOWEST_RATE,
            highest: HIGHEST_RATE,
            begin: before.get(tool.name) ?? FIRST_RATE,
            nearness: 1.08,
            budgetMs: Number(values.budget) * 1000,
            nowMs: () => performance.now(),
          };
          const found = await highestHeldRate<Shown>(search, (rate) =>
            attempt(tool, meter, { rate, connection, standard }),
          );
          if (found === undefined) return undefined;
          before.set(tool.name, Math.max(LOWEST_RATE, found.heldRate));
          const busy = found.attempts.filter(({ held }) => held).map((shown) => shown.busy);
          return { rate: found.heldRate, missed: found.missedRate, busiest: Math.max(0, ...busy) };
        },
      );
      table(
        `Highest rate, ${connection}, ${STANDARDS[standard].title}: requests/s`,
        ['tool', 'held', 'missed', 'meter busy'],
        runs,
        (some) => [
          spread(some.map(({ rate }) => rate)),
          spread(some.map(({ missed }) => missed)),
          spread(
            some.map(({ busiest }) => 100 * busiest),
            ' %',
          ),
        ],
      );
    }
  }
}

async function attempt(
  tool: Tool,
  meter: Meter,
  {
    rate,
    connection,
    standard,
  }: { readonly rate: number; readonly connection: Connection; readonly standard: Standard },
): Promise<Shown | undefined> {
  const load = { ratePerSecond: rate, seconds: holdSeconds, connection };
  const stolen = watchStolen();
  const run = await measure(tool, meter, load).catch((error: Error) => error);
  if (!run) return undefined;
  if (run instanceof Error) {
    console.log(`  ${tool.name} ${connection} ${rate}/s: not held (${run.message.trim()})`);
    return { held: false, busy: 0 };
  }
  const pace = paceOf(run.ledger.arrivalsMs, rate);
  const held = isWhole(run, rate, standard) && keeps(pace, standard);
  console.log(
    `  ${tool.name} ${connection} ${rate}/s: ${held ? 'held' : 'not held'} (${pace.arrived} of ${Math.round(rate * holdSeconds)}, failed ${run.report.failed}, unsent ${run.report.unsent}, p99.9 ${round(pace.p999LateMs)} ms, gap ${round(pace.largestGapMs)} ms, meter ${round(100 * run.ledger.busy)} %, ${stolen()})`,
  );
  return { held, busy: run.ledger.busy };
}

/** Whether the very last one falls into the time is a matter of rounding. */
function isWhole({ ledger, report }: Run, rate: number, standard: Standard): boolean {
  const planned = Math.round(rate * holdSeconds * STANDARDS[standard].share);
  return ledger.arrivalsMs.length >= planned - 1 && report.failed === 0 && report.unsent === 0;
}

function keeps(pace: Pace, standard: Standard): boolean {
  const { p999LateMs, largestGapMs } = STANDARDS[standard];
  return pace.p999LateMs <= p999LateMs && pace.largestGapMs <= largestGapMs;
}
