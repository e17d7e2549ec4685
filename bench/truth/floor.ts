import type { StreamSpec } from '../../src/prober/protocol.ts';
import { detectionFloor, partialDetectionFloor } from '../../src/verdict/detection.ts';
import type { Driver } from './driver.ts';
import { compareOutages, lengthOf, samplesWithin } from './outages.ts';
import type { RemoteServer } from './remote-server.ts';
import { type Session, sessionsWith } from './session.ts';
import type { OutageRecord, OutageWish } from './truth-server.ts';

export interface Finding {
  readonly right: boolean;
  readonly text: string;
}

/** In intervals of the schedule: on a busy machine a floor is several. */
const LONGEST_IN_INTERVALS = 12;

/** The 99 % quantile of a normal distribution, both sides. */
const Z_99 = 2.576;

const FATES = ['refused', 'reset', 'hung'] as const;

/** Outages of all requests, of lengths around the floor: what is longer than the floor of its surroundings is seen. */
export async function injectFull(
  driver: Driver,
  server: RemoteServer,
  spec: StreamSpec,
  count: number,
  random: () => number,
): Promise<Finding> {
  const wishes = Array.from(
    { length: count },
    (_, index): OutageWish => ({
      fate: FATES[index % FATES.length] ?? 'reset',
      lengthMs: random() * LONGEST_IN_INTERVALS * spec.intervalMs,
    }),
  );
  let [above, missedAbove, below, missedBelow, invented] = [0, 0, 0, 0, 0];
  const floors: number[] = [];
  const missed: string[] = [];
  for await (const session of sessionsWith(driver, server, spec, wishes, () => 45 + random() * 10)) {
    const comparison = compareOutages(session);
    invented += comparison.invented.length;
    for (const { truth, reported, floorMs } of comparison.measured) {
      floors.push(floorMs);
      const isAbove = lengthOf(truth).shortestMs > floorMs;
      if (isAbove) above++;
      else below++;
      if (!reported && isAbove) {
        missedAbove++;
        const around = samplesWithin(session.account.samples, truth.fromMs - 15, truth.untilMs + 15);
        missed.push(JSON.stringify({ truth, floorMs, around }));
      }
      if (!reported && !isAbove) missedBelow++;
    }
  }
  floors.sort((a, b) => a - b);
  const at = (share: number) => (floors[Math.floor((floors.length - 1) * share)] ?? 0).toFixed(2);
  return {
    right: missedAbove === 0 && invented === 0,
    text: [
      `full outages: ${above} longer than the floor of their surroundings, ${missedAbove} of them missed;`,
      `${below} shorter, ${missedBelow} missed; ${invented} reported that were none`,
      `(floor p50 ${at(0.5)} ms, p99 ${at(0.99)} ms, largest ${at(1)} ms; interval ${spec.intervalMs} ms)`,
      ...missed.slice(0, 3),
    ].join(' '),
  };
}

/** Outages of one endpoint of n, chosen anew for every connection as a Service does. */
export async function injectPartial(
  driver: Driver,
  server: RemoteServer,
  spec: StreamSpec,
  count: number,
  endpoints: number,
  random: () => number,
): Promise<Finding> {
  // One and a half times what is needed at the planned rate: half of them are below the floor.
  const longestMs = 1.5 * spec.intervalMs * Math.ceil(Math.log(0.001) / Math.log(1 - 1 / endpoints));
  const wishes = Array.from(
    { length: Math.round(count) },
    (): OutageWish => ({ fate: 'reset', lengthMs: random() * longestMs, share: 1 / endpoints }),
  );
  let [seen, expected, variance, above, missedAbove, miscounted] = [0, 0, 0, 0, 0, 0];
  for await (const session of sessionsWith(driver, server, spec, wishes, () => 40 + random() * 10)) {
    for (const truth of session.truths) {
      const dropped = droppedIn(session, truth);
      const probability = 1 - (1 - 1 / endpoints) ** truth.arrived;
      expected += probability;
      variance += probability * (1 - probability);
      if (dropped > 0) seen++;
      if (dropped !== truth.met) miscounted++;
      if (lengthOf(truth).shortestMs > partialFloorAround(session, truth, endpoints)) {
        above++;
        if (dropped === 0) missedAbove++;
      }
    }
  }
  const spread = Z_99 * Math.sqrt(variance);
  // Of those above the floor one in a thousand may be missed; more than this would be chance in one run of a hundred.
  const allowed = above * 0.001 + Z_99 * Math.sqrt(above * 0.001) + 1;
  return {
    right: Math.abs(seen - expected) <= spread + 0.5 && missedAbove <= allowed && miscounted === 0,
    text: [
      `one of ${endpoints}: ${seen} of ${wishes.length} seen, ${expected.toFixed(1)} ± ${spread.toFixed(1)} expected (99 %);`,
      `${above} longer than the floor, ${missedAbove} of them missed (at most ${Math.floor(allowed)} by chance);`,
      `${miscounted} with another number of drops than the server made`,
    ].join(' '),
  };
}

/** How far from an outage requests are looked at: they may be on their way for as long. */
const ON_ITS_WAY_MS = 100;

/** A reset is read at once, so that a request that met one was on its way while the outage lasted. */
function droppedIn({ account }: Session, { fromMs, untilMs }: OutageRecord): number {
  return samplesWithin(account.samples, fromMs - ON_ITS_WAY_MS, untilMs).filter(
    ({ end, endedMs = 0 }) => end.end === 'dropped' && endedMs >= fromMs,
  ).length;
}

/** The floor of as much time around an outage as the floor needs to be one. */
function partialFloorAround({ account }: Session, truth: OutageRecord, endpoints: number): number {
  const [fromMs, toMs] = [truth.fromMs - 150, truth.untilMs + 150];
  const near = samplesWithin(account.samples, fromMs, toMs);
  return (
    partialDetectionFloor(near, fromMs, toMs, endpoints) ??
    detectionFloor(near, fromMs, toMs) * endpoints * 100
  );
}
