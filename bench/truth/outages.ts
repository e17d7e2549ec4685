import type { Outage } from '../../src/model/verdict.ts';
import type { Sample } from '../../src/verdict/account.ts';
import { detectionFloor } from '../../src/verdict/detection.ts';
import { foldOutages } from '../../src/verdict/outages.ts';
import type { Session } from './session.ts';
import type { OutageRecord } from './truth-server.ts';

/** What became of one outage, or of a report of none. */
export interface Measured {
  readonly truth: OutageRecord;
  /** Absent where it was not seen at all. */
  readonly reported?: Outage;
  /** How far the reported length is from what is known of the real one. */
  readonly errorMs: number;
  /** The longest pause between two requests at its edges: what an interval really was. */
  readonly intervalMs: number;
  readonly inBounds: boolean;
  /** The floor of the time around it. */
  readonly floorMs: number;
}

export interface Comparison {
  readonly measured: readonly Measured[];
  /** Outages that were reported and were none. */
  readonly invented: readonly Outage[];
  /** Outages around which the server itself did not run: what they really were is not known. */
  readonly unknown: number;
}

/** A server that is stopped this near to an outage makes it another one. */
const BESIDE_MS = 100;

/** Time around an outage that the floor is taken from: little, so that it is a sharp one. */
const AROUND_MS = 15;

/** Puts what the verdict reports beside what the server did. */
export function compareOutages(session: Session): Comparison {
  const { account, facts, spec, truths, arrivedMs, stalls } = session;
  const reported = foldOutages(account.samples, facts.probingStoppedMs);
  const used = new Set<Outage>();
  const measured = truths.map((truth): Measured => {
    const near = samplesWithin(account.samples, truth.fromMs - AROUND_MS, truth.untilMs + AROUND_MS);
    const floorMs = detectionFloor(near, truth.fromMs - AROUND_MS, truth.untilMs + AROUND_MS);
    const sentMs = sendTimes(near);
    const intervalMs = Math.max(
      spec.intervalMs,
      ...[truth.fromMs, truth.untilMs].flatMap((edgeMs) => [
        pauseAt(sentMs, edgeMs),
        pauseAt(arrivedMs, edgeMs),
      ]),
    );
    // On a busy machine there may be fewer answers between two outages than it takes to tell them apart.
    const outage = reported.find(
      (one) => (!used.has(one) || one.answered > 0) && met(account.samples, one, truth),
    );
    if (!outage) return { truth, errorMs: 0, intervalMs, inBounds: true, floorMs };
    used.add(outage);
    const { shortestMs, longestMs } = lengthOf(truth);
    const errorMs = Math.max(0, shortestMs - outage.lengthMs, outage.lengthMs - longestMs);
    const inBounds =
      outage.bounds === undefined ||
      (outage.bounds.atLeastMs <= longestMs && outage.bounds.atMostMs >= shortestMs);
    return { truth, reported: outage, errorMs, intervalMs, inBounds, floorMs };
  });
  const isKnown = ({ truth }: Measured) =>
    stalls.every(({ fromMs, toMs }) => toMs < truth.fromMs - BESIDE_MS || fromMs > truth.untilMs + BESIDE_MS);
  const known = measured.filter(isKnown);
  return {
    measured: known,
    unknown: measured.length - known.length,
    invented: reported.filter((one) => !used.has(one)),
  };
}

/** What is known of a real outage's length: closing and opening take a moment each. */
export function lengthOf(truth: OutageRecord): { readonly shortestMs: number; readonly longestMs: number } {
  return {
    shortestMs: truth.surelyUntilMs - truth.surelyFromMs,
    longestMs: truth.untilMs - truth.fromMs,
  };
}

/** In the order of sending; the samples of a schedule nearly are. */
export function samplesWithin(samples: readonly Sample[], fromMs: number, toMs: number): readonly Sample[] {
  // A request is due before it is sent, and never more than a second before.
  let low = 0;
  let high = samples.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if ((samples[middle]?.scheduledMs ?? 0) < fromMs - 1_000) low = middle + 1;
    else high = middle;
  }
  const within: Sample[] = [];
  for (let index = low; index < samples.length; index++) {
    const sample = samples[index];
    if (!sample || sample.scheduledMs > toMs) break;
    if (sample.sentMs !== undefined && sample.sentMs >= fromMs && sample.sentMs <= toMs) within.push(sample);
  }
  return within;
}

/** Was some request that the report calls dropped on its way while the outage lasted? */
function met(samples: readonly Sample[], outage: Outage, truth: OutageRecord): boolean {
  if (outage.fromMs > truth.untilMs) return false;
  return samplesWithin(samples, outage.fromMs, outage.lastDropMs).some(
    ({ end, sentMs = 0, endedMs = 0 }) =>
      end.end === 'dropped' && sentMs <= truth.untilMs && endedMs >= truth.fromMs,
  );
}

function sendTimes(samples: readonly Sample[]): readonly number[] {
  return samples.flatMap(({ sentMs, end }) =>
    sentMs !== undefined && (end.end === 'ok' || end.end === 'dropped') ? [sentMs] : [],
  );
}

/** Requests this near to an edge of an outage are those that decide about its length. */
const EDGE_MS = 3;

/** The longest pause between two of these instants, in order, at another one or next to it. */
function pauseAt(instants: ArrayLike<number>, edgeMs: number): number {
  let low = 0;
  let high = instants.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if ((instants[middle] ?? 0) < edgeMs - EDGE_MS) low = middle + 1;
    else high = middle;
  }
  let longestMs = 0;
  for (let index = Math.max(1, low); index < instants.length; index++) {
    const [before = 0, after = 0] = [instants[index - 1], instants[index]];
    if (before > edgeMs + EDGE_MS) break;
    longestMs = Math.max(longestMs, after - before);
  }
  return longestMs;
}
