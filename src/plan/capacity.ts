import type { MachineLimits } from '../model/machine-limits.ts';
import type { Problem } from '../model/problem.ts';
import {
  type ConnectionMode,
  MAX_NEW_CONNECTIONS_PER_SECOND,
  type Slow,
  SOURCE_PORT_REST_MS,
} from '../model/scenario.ts';

/** What a rate asks of the machine that probes. */
export interface Demand {
  readonly connection: ConnectionMode;
  readonly connections: number;
  readonly ratePerSecond: number;
  /** Requests per second beside those, to the control; a probe of a URL has none. */
  steadyRate(ratePerSecond: number): number;
  readonly deadlineMs: number;
  readonly slow?: Slow;
  /** How long it is kept up; absent: as long as a rollout takes, which nobody knows. */
  readonly durationMs?: number;
}

/** Something that would be used up, with the rate that would fit. */
export interface Shortage {
  readonly code: 'RP1116' | 'RP1117' | 'RP1118' | 'RP1119' | 'RP1129';
  /** What there is too little of: `source ports`. */
  readonly resource: string;
  readonly why: string;
  readonly fittingRate: number;
}

/** Whether each request may need a connection of its own, and so a source port. */
export const OPENS_FOR_EACH_REQUEST: Readonly<Record<ConnectionMode, boolean>> = {
  new: true,
  'keep-alive': false,
  // Where the server closes what rests, each request needs another one.
  'idle-reuse': true,
  slow: true,
};

/** The prober's own files: pipes, its program, what Node keeps. */
const OWN_FILES = 64;

/** More requests are never in flight: the prober holds the others back, and says so. */
const MAX_IN_FLIGHT = 4096;

/** A SYN that finds the queue full is sent again after this: what comes in meanwhile has to have room. */
const SYN_RETRY_MS = 1000;

/** Every resource that a rate would use up, before anything is started. Empty where all of them suffice. */
export function shortages(demand: Demand, limits: MachineLimits): readonly Shortage[] {
  const { ratePerSecond, connection } = demand;
  const total = (rate: number) => rate + demand.steadyRate(rate);
  const heldMs = Math.min(SOURCE_PORT_REST_MS, demand.durationMs ?? SOURCE_PORT_REST_MS);
  const ports = MAX_NEW_CONNECTIONS_PER_SECOND * (SOURCE_PORT_REST_MS / 1000);
  const isFresh = OPENS_FOR_EACH_REQUEST[connection];
  const found: Shortage[] = [];
  const check = (
    code: Shortage['code'],
    resource: string,
    available: number | undefined,
    needs: (rate: number) => number,
    why: string,
  ) => {
    if (available === undefined || needs(ratePerSecond) <= available) return;
    const needed = Math.ceil(needs(ratePerSecond));
    const fittingRate = highestFitting(ratePerSecond, (rate) => needs(rate) <= available);
    found.push({ code, resource, why: `${why}: ${needed} are needed, ${available} are there.`, fittingRate });
  };
  if (isFresh) {
    check(
      'RP1116',
      'source ports',
      ports,
      // The control is another destination, and has ports of its own.
      (rate) => (rate * heldMs) / 1000,
      `A source port rests ${SOURCE_PORT_REST_MS / 1000} s before it is used towards the same address again`,
    );
    check(
      'RP1118',
      'connection tracking entries',
      limits.trackableConnections,
      (rate) => (total(rate) * heldMs) / 1000,
      `The kernel remembers a closed connection for ${SOURCE_PORT_REST_MS / 1000} s`,
    );
    check(
      'RP1119',
      'places in the queue of a listening socket',
      limits.listenBacklog,
      (rate) => (rate * SYN_RETRY_MS) / 1000,
      'Connections of a second have to wait there while a server does not accept any (net.core.somaxconn)',
    );
  }
  const kept = connection === 'new' || connection === 'slow' ? 0 : 2 * demand.connections;
  check(
    'RP1117',
    'open files',
    limits.openFiles,
    (rate) => OWN_FILES + kept + Math.min(MAX_IN_FLIGHT, (total(rate) * demand.deadlineMs) / 1000),
    `Where nothing answers for ${demand.deadlineMs} ms, each request holds one`,
  );
  check(
    'RP1129',
    'requests in flight',
    MAX_IN_FLIGHT / 2,
    (rate) => (rate * (demand.slow?.durationMs ?? 0)) / 1000,
    'Each takes as long as slow-duration says, and half of what one prober holds is left for those that take longer',
  );
  return found;
}

const OTHER_WAYS: Readonly<Record<Shortage['code'], string>> = {
  RP1116: ', or connection: keep-alive',
  RP1117: ', or raise `ulimit -n`',
  RP1118: ', or connection: keep-alive',
  RP1119: ', or connection: keep-alive',
  RP1129: ', or a shorter slow-duration',
};

/** The shortage as a problem of an input; `name` is whose rate it is. */
export function shortageProblem(
  { code, resource, why, fittingRate }: Shortage,
  name: string,
  where: string,
): Problem {
  const fits =
    fittingRate >= 1 ? `Write ${where}: ${fittingRate} or less` : `No ${where} fits; free some first`;
  return {
    code,
    what: `${name} asks for more ${resource} than ${code === 'RP1129' ? 'one prober holds' : 'this machine has'}.`,
    where,
    why,
    remedy: `${fits}${OTHER_WAYS[code]}.`,
  };
}

/** The highest whole rate below the wanted one that fits; 0 where none does. Needs grow with the rate. */
function highestFitting(wanted: number, fits: (rate: number) => boolean): number {
  let low = 0;
  let high = Math.ceil(wanted);
  while (high - low > 1) {
    const middle = Math.floor((low + high) / 2);
    if (fits(middle)) low = middle;
    else high = middle;
  }
  return low;
}
