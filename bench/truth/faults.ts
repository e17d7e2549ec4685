import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import { constants, setPriority } from 'node:os';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Probe, RecordingEntry } from '../../src/model/recording.ts';
import type { ConnectionMode } from '../../src/model/scenario.ts';
import type { HttpEngineName } from '../../src/prober/protocol.ts';
import { detectionFloor } from '../../src/verdict/detection.ts';
import { judgeRun } from '../../src/verdict/judge.ts';
import { aRecording } from '../../test/support/a-recording.ts';
import { type DriveOptions, type Driver, PORTS, startDriver, truthStream } from './driver.ts';
import type { Finding } from './floor.ts';
import { type FullTable, fullTable } from './full-table.ts';
import { joinAccounts } from './join.ts';
import { type LedgerColumns, since } from './ledger.ts';
import { samplesWithin } from './outages.ts';
import { NOTHING_PLANNED } from './plan.ts';
import { judge, type Recorded } from './recording.ts';
import type { RemoteServer } from './remote-server.ts';

/** A trouble of the prober's own, and for how long it is kept up. */
export interface Fault {
  readonly name: string;
  readonly lastsMs: number;
  readonly drive?: DriveOptions;
  /** What the trouble takes beside the prober; a fault whose means are not given here is left out. */
  readonly means?: () => Promise<FullTable | undefined>;
  /** Troubles it until the time is over. */
  readonly trouble?: (
    driver: Driver,
    untilMs: number,
    random: () => number,
    table?: FullTable,
  ) => Promise<void>;
}

export interface FaultWish {
  readonly connection: ConnectionMode;
  readonly engine: HttpEngineName;
  readonly ratePerSecond: number;
  readonly random: () => number;
}

/** Allocates and throws away some hundred megabytes a second, in a heap that has no room for it. */
const CHURN = `data:text/javascript,${encodeURIComponent(
  'const kept=[];setInterval(()=>{for(let i=0;i<40;i++){kept.push(Array.from({length:2000},(_,n)=>({n})));if(kept.length>400)kept.length=0}},5).unref()',
)}`;

export const FAULTS: readonly Fault[] = [
  { name: 'none', lastsMs: 15_000 },
  {
    name: 'stopped for 5 to 500 ms',
    lastsMs: 60_000,
    trouble: async ({ process: { pid = 0 } }, untilMs, random) => {
      while (performance.now() < untilMs) {
        await sleep(200 + random() * 500);
        process.kill(pid, 'SIGSTOP');
        await sleep(5 + random() ** 2 * 495);
        process.kill(pid, 'SIGCONT');
      }
    },
  },
  {
    name: 'six busy processes before it in line',
    lastsMs: 10_000,
    // No ordinary process is before a real-time one.
    drive: { ordinary: true },
    trouble: async ({ process: { pid = 0 } }, untilMs) => {
      putLastInLine(pid);
      const hogs = Array.from({ length: 6 }, hog);
      await sleep(untilMs - performance.now());
      for (const one of hogs) one.kill('SIGKILL');
    },
  },
  {
    name: 'garbage collection',
    lastsMs: 20_000,
    drive: { nodeFlags: ['--max-semi-space-size=1', '--import', CHURN] },
  },
  {
    name: 'no file descriptors',
    lastsMs: 15_000,
    trouble: async ({ process: { pid = 0 } }, untilMs, random) => {
      const hard = hardLimit(pid);
      while (performance.now() < untilMs) {
        await sleep(300 + random() * 500);
        openFiles(pid, '5');
        await sleep(50 + random() * 300);
        openFiles(pid, hard);
      }
    },
  },
  {
    name: 'no source ports',
    lastsMs: 15_000,
    drive: { ports: { ...PORTS, last: PORTS.first + 99, restMs: 500 } },
  },
  {
    name: 'no room in connection tracking',
    lastsMs: 20_000,
    means: fullTable,
    trouble: async (_, untilMs, random, table) => {
      while (performance.now() < untilMs) {
        await sleep(300 + random() * 500);
        await table?.fill();
        await sleep(100 + random() * 900);
        await table?.empty();
      }
    },
  },
];

/** In a session of its own, as the prober is. */
function hog(): ChildProcess {
  return spawn(process.execPath, ['-e', 'for(;;);'], { detached: true, stdio: 'ignore' });
}

/** Takes back what the prober asked for: raising the others would starve the whole machine, the server with it. */
function putLastInLine(pid: number): void {
  setPriority(pid, constants.priority.PRIORITY_LOW);
  try {
    writeFileSync(`/proc/${pid}/autogroup`, String(constants.priority.PRIORITY_LOW));
  } catch {
    // Not a kernel that groups by session.
  }
}

/** The soft limit only: raising the hard one again takes root. */
function openFiles(pid: number, limit: string): void {
  execFileSync('prlimit', ['--pid', String(pid), `--nofile=${limit}:`]);
}

function hardLimit(pid: number): string {
  const limits = readFileSync(`/proc/${pid}/limits`, 'utf8');
  return /^Max open files\s+\d+\s+(\d+)/m.exec(limits)?.[1] ?? '1024';
}

/**
 * Troubles a prober whose server answers everything: whatever it tells of drops is of its own making. Gives nothing
 * where the means are missing.
 */
export async function runFault(
  server: RemoteServer,
  fault: Fault,
  wish: FaultWish,
): Promise<Finding | undefined> {
  const { connection, engine, ratePerSecond, random } = wish;
  await using table = await fault.means?.();
  if (fault.means && !table) return;
  await using driver = await startDriver(fault.drive);
  const spec = truthStream(server.port, connection, ratePerSecond, { engine });
  await server.begin(NOTHING_PLANNED, 200_000);
  const startedMs = await driver.start(spec);
  const untilMs = performance.now() + fault.lastsMs;
  await (fault.trouble ?? (() => sleep(fault.lastsMs)))(driver, untilMs, random, table);
  await sleep(500);
  const recorded = await driver.stop(spec, startedMs);
  const ledger = since(driver.openedMs, await server.settle());
  const { account, facts } = judge(recorded);
  const { mismatches, cells } = joinAccounts(recorded.probes, account.samples, ledger);
  // A server that was not given the processor itself may have read a request after the prober had rightly given up.
  const readTooLate = cells.get('read-too-late')?.get('answer-timeout') ?? 0;
  const falseDrops = account.counts.dropped - readTooLate;
  const holes = holesIn(ledger, 2 * spec.intervalMs).filter(
    (hole) => !ledger.stalls.some((stall) => overlap(hole, stall)),
  );
  const untold = holes.filter(
    ({ fromMs, toMs }) =>
      detectionFloor(samplesWithin(account.samples, fromMs, toMs), fromMs, toMs) < toMs - fromMs - GRAIN_MS,
  );
  const floorMs = detectionFloor(account.samples, facts.probingStartedMs ?? 0, facts.probingStoppedMs);
  // A floor is printed for the time of probing; the last requests may arrive after it.
  const largestMs = holes.reduce(
    (largest, { fromMs, toMs }) => Math.max(largest, Math.min(toMs, facts.probingStoppedMs) - fromMs),
    0,
  );
  const { counts, notJudged } = account;
  const faultless = falseDrops === 0 && mismatches.length === 0;
  return {
    right: faultless && untold.length === 0 && floorMs >= largestMs - GRAIN_MS && counts.sent > 0,
    text: [
      `${fault.name} (${engine}, ${connection}): ${counts.sent} sent, ${falseDrops} false drops (${readTooLate} read too late by the server),`,
      `${mismatches.length} told wrongly, not judged ${JSON.stringify(notJudged)}, ${counts.unsent} not sent;`,
      `${holes.length} holes of more than two intervals, ${untold.length} of them not told`,
      `(largest ${largestMs.toFixed(1)} ms, printed floor ${floorMs.toFixed(1)} ms)`,
      ...mismatches.slice(0, 3),
    ].join(' '),
  };
}

/** Instants are told to the microsecond. */
const GRAIN_MS = 0.01;

interface Stretch {
  readonly fromMs: number;
  readonly toMs: number;
}

function overlap(one: Stretch, other: Stretch): boolean {
  return one.fromMs < other.toMs && one.toMs > other.fromMs;
}

/** Stretches in which no request arrived, from the server's ledger alone. */
function holesIn({ rows, atMs }: LedgerColumns, longerMs: number): readonly Stretch[] {
  const holes: Stretch[] = [];
  for (let row = 1; row < rows; row++) {
    const [fromMs = 0, toMs = 0] = [atMs[row - 1], atMs[row]];
    if (toMs - fromMs > longerMs) holes.push({ fromMs, toMs });
  }
  return holes;
}

/** When things happen in the story that is told around a real prober's requests. */
const STORY = { triggeredMs: 4_000, completeMs: 7_000, goneMs: 8_000, stoppedMs: 13_500 } as const;

/** Holes longer than this, while an old pod is terminating, allow no verdict. */
const ALLOWED_HOLE_MS = 100;

/**
 * Stops a prober while an old pod is terminating, in a story in which everything else went well. The pod is drawn,
 * the requests are real.
 */
export async function runStoppedOverTermination(
  server: RemoteServer,
  stoppedForMs: number,
  wish: FaultWish,
): Promise<Finding> {
  const { connection, engine, ratePerSecond } = wish;
  await using driver = await startDriver();
  const spec = truthStream(server.port, connection, ratePerSecond, { engine });
  await server.begin(NOTHING_PLANNED, 100_000);
  const startedMs = await driver.start(spec);
  await sleep(STORY.completeMs + 300);
  const { pid = 0 } = driver.process;
  if (stoppedForMs > 0) {
    process.kill(pid, 'SIGSTOP');
    await sleep(stoppedForMs);
    process.kill(pid, 'SIGCONT');
  }
  await sleep(STORY.stoppedMs - STORY.completeMs - 300 - stoppedForMs);
  const recorded = await driver.stop(spec, startedMs, startedMs + STORY.stoppedMs);
  const { verdict, largestGapMs = 0, reasons, requests } = judgeRun(storyAround(recorded));
  const hidesTooMuch = stoppedForMs > ALLOWED_HOLE_MS || largestGapMs > ALLOWED_HOLE_MS;
  const right = requests.dropped === 0 && verdict === (hidesTooMuch ? 'inconclusive' : 'pass');
  const codes = reasons.map(({ code }) => code).join(', ');
  return {
    right,
    text: [
      `stopped for ${stoppedForMs} ms while an old pod was terminating (${engine}, ${connection}): ${verdict}`,
      `${codes === '' ? '' : `(${codes}) `}largest pause ${largestGapMs.toFixed(1)} ms`,
    ].join(' '),
  };
}

function storyAround(recorded: Recorded): readonly RecordingEntry[] {
  const { spec, startedMs, probes, heartbeats } = recorded;
  const drawn = aRecording({
    intervalMs: spec.intervalMs,
    scenario: { connection: spec.connection, expect: spec.expect },
    baselineMs: STORY.triggeredMs,
    rolloutMs: STORY.completeMs - STORY.triggeredMs,
    terminatingMs: STORY.goneMs - STORY.completeMs,
    tailMs: STORY.stoppedMs - STORY.goneMs,
    routes: false,
  });
  const moved = probes.map((probe): Probe => {
    const { scheduledMs, sentMs, endedMs } = probe;
    return {
      ...probe,
      scheduledMs: scheduledMs - startedMs,
      ...(sentMs === undefined ? {} : { sentMs: sentMs - startedMs }),
      ...(endedMs === undefined ? {} : { endedMs: endedMs - startedMs }),
    };
  });
  return drawn.flatMap((entry): readonly RecordingEntry[] => {
    if (entry.kind === 'header') return [{ ...entry, streams: entry.streams.map(atTruthServer) }];
    if (entry.kind === 'mark' && entry.mark === 'probing-started') {
      return [entry, ...moved, ...heartbeats.map((beat) => ({ ...beat, atMs: beat.atMs - startedMs }))];
    }
    return entry.kind === 'heartbeat' || (entry.kind === 'probe' && entry.stream === 'target') ? [] : [entry];
  });

  function atTruthServer<T extends { readonly role: string }>(stream: T): T {
    return stream.role === 'target' ? { ...stream, address: spec.address, port: spec.port } : stream;
  }
}
