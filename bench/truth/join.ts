import type { Probe } from '../../src/model/recording.ts';
import type { Sample } from '../../src/verdict/account.ts';
import { FATES, type Fate, fateOf, MUST_BE_TOLD } from './fates.ts';
import type { ClosureRecord, LedgerColumns } from './ledger.ts';

/** How a request was judged, in one word. */
export type Told = string;

/** Client and server put side by side, request for request. */
export interface Confusion {
  /** Number of requests by what the server did and how the client told it. */
  readonly cells: ReadonlyMap<Fate, ReadonlyMap<Told, number>>;
  /** Requests whose telling does not fit their fate, and rows and requests without a partner; one sentence each. */
  readonly mismatches: readonly string[];
  /** Sent, and not judged: nothing was said that could be wrong. */
  readonly abstained: number;
  readonly unsent: number;
}

/** Everything that is not an answer. */
export function plannedDrops({ cells }: Confusion): number {
  let sum = 0;
  for (const [fate, row] of cells) {
    if (!MUST_BE_TOLD[fate].includes('ok')) for (const count of row.values()) sum += count;
  }
  return sum;
}

/** A clock is read before and after; what lies closer than this can not be told apart. */
const GRAIN_MS = 0.01;

/**
 * Joins the two accounts by source port, instant and number on the connection. A port is the client's alone from the
 * start of a connection to its end, so that a row belongs to the last request that began on its port before it. No
 * request has to carry anything for that, and requests are told apart that the server never saw.
 */
export function joinAccounts(
  probes: readonly Probe[],
  samples: readonly Sample[],
  ledger: LedgerColumns,
): Confusion {
  const cells = new Map<Fate, Map<Told, number>>();
  const mismatches: string[] = [];
  let abstained = 0;
  let unsent = 0;
  const rowsOf = rowsByPort(ledger);
  const told = new Map(samples.map(({ seq, end }) => [seq, wordFor(end)]));

  for (const [port, uses] of probesByPort(probes)) {
    const rows = rowsOf.get(port) ?? [];
    let next = 0;
    for (const [index, probe] of uses.entries()) {
      const untilMs = uses[index + 1]?.sentMs ?? Number.POSITIVE_INFINITY;
      const row = rows[next];
      const isSeen = row !== undefined && (ledger.atMs[row] ?? 0) < untilMs;
      if (isSeen) next++;
      const fate = isSeen ? seenFate(probe, row, ledger) : unseenFate(probe, ledger.closures);
      const word = told.get(probe.seq) ?? 'nothing';
      if (isSeen && !belongs(probe, row, ledger)) {
        mismatches.push(`request ${probe.seq} and row ${row} of the ledger are on one port and do not fit`);
      }
      if (fate === undefined) {
        if (isAbstention(word)) abstained++;
        else mismatches.push(`request ${probe.seq} was told as ${word}; the server never saw it`);
        continue;
      }
      const line = cells.get(fate) ?? new Map<Told, number>();
      line.set(word, (line.get(word) ?? 0) + 1);
      cells.set(fate, line);
      if (isAbstention(word)) abstained++;
      else if (!MUST_BE_TOLD[fate].some((right) => right === word)) {
        mismatches.push(`request ${probe.seq} was ${fate} and told as ${word}${factsOf(probe)}`);
      }
    }
    for (; next < rows.length; next++) {
      mismatches.push(
        `row ${rows[next]} of the ledger (port ${port}) is no request that the client tells of`,
      );
    }
    rowsOf.delete(port);
  }
  for (const [port, rows] of rowsOf) {
    mismatches.push(`the ledger has ${rows.length} rows of port ${port}, of which the client tells nothing`);
  }
  for (const sample of samples) if (sample.end.end === 'unsent') unsent++;
  return { cells, mismatches, abstained, unsent };
}

/** What a failed request was told by: ` (headers ECONNRESET)`. */
function factsOf({ failure }: Probe): string {
  return failure ? ` (${failure.phase} ${failure.code})` : '';
}

function wordFor(end: Sample['end']): Told {
  return 'class' in end ? end.class : end.end;
}

const ABSTENTIONS: ReadonlySet<Told> = new Set([
  'prober-fault',
  'prober-stall',
  'stale-source-port',
  'indeterminate',
]);

function isAbstention(told: Told): boolean {
  return ABSTENTIONS.has(told);
}

function rowsByPort({ rows, ports }: LedgerColumns): Map<number, number[]> {
  const byPort = new Map<number, number[]>();
  for (let row = 0; row < rows; row++) {
    const port = ports[row] ?? 0;
    const list = byPort.get(port);
    if (list) list.push(row);
    else byPort.set(port, [row]);
  }
  return byPort;
}

function probesByPort(probes: readonly Probe[]): ReadonlyMap<number, readonly Probe[]> {
  const byPort = new Map<number, Probe[]>();
  for (const probe of probes) {
    if (probe.localPort === undefined) continue;
    const list = byPort.get(probe.localPort);
    if (list) list.push(probe);
    else byPort.set(probe.localPort, [probe]);
  }
  for (const uses of byPort.values()) uses.sort((a, b) => (a.sentMs ?? 0) - (b.sentMs ?? 0));
  return byPort;
}

/** Do a request and a row of the same port agree in all that both know? */
function belongs(probe: Probe, row: number, ledger: LedgerColumns): boolean {
  const { sentMs = 0, reused = false, seq } = probe;
  const nth = ledger.nths[row] ?? 0;
  const claimed = ledger.seqs[row] ?? -1;
  const isFirst = nth <= 1;
  return (
    (ledger.atMs[row] ?? 0) >= sentMs - GRAIN_MS && isFirst === !reused && (claimed === -1 || claimed === seq)
  );
}

/** What the server did, unless the client had given up before it came to read the request. */
function seenFate({ endedMs = 0 }: Probe, row: number, { atMs, fates }: LedgerColumns): Fate {
  return (atMs[row] ?? 0) > endedMs ? 'read-too-late' : fateOf(fates[row] ?? 0);
}

/** The fate of a request that the server never saw: some closure overlaps the time from its sending to its end. */
function unseenFate(
  { sentMs = 0, endedMs = 0 }: Probe,
  closures: readonly ClosureRecord[],
): Fate | undefined {
  const closure = closures.find(({ fromMs, untilMs }) => sentMs <= untilMs && endedMs >= fromMs);
  if (!closure) return undefined;
  // Sent before the listener was surely closed: whether it got into the backlog is the kernel's secret.
  if (closure.fate === 'refused' && sentMs < closure.surelyFromMs) return 'caught-by-the-close';
  return closure.fate;
}

/** Rows are fates, columns what was told: `x` on the right place, everything else is a mistake. */
export function printConfusion({ cells }: Confusion): string {
  const lines = FATES.flatMap((fate) => {
    const row = cells.get(fate);
    if (!row) return [];
    const parts = [...row].toSorted().map(([word, count]) => {
      const right = MUST_BE_TOLD[fate].some((one) => one === word);
      return `${right ? '' : isAbstention(word) ? 'not judged: ' : 'WRONG: '}${word} ${count}`;
    });
    return [`  ${fate.padEnd(22)} ${parts.join(', ')}`];
  });
  return lines.join('\n');
}
