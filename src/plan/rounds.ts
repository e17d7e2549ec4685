import type { MachineLimits } from '../model/machine-limits.ts';
import type { PlannedScenario, Round } from '../model/plan.ts';
import { type Scenario, SOURCE_PORT_REST_MS, steadyRatePerSecond } from '../model/scenario.ts';
import type { Settings } from '../model/settings.ts';
import { OPENS_FOR_EACH_REQUEST } from './capacity.ts';
import { reachOf } from './reach.ts';

/** `auto` goes no further: more would wait for one API server and one container runtime. */
const MOST_BY_ITSELF = 4;

/** What API server, kubelet, container runtime and Rollproof itself take while pods are replaced, in processors. */
const CLUSTER_SHARE = 1;

/** What the pods of a run and those that start and end them take, in processors. */
const ROLLOUT_SHARE = 0.4;

/** What a prober takes, in processors: for being there, and for each request of a second. */
const PROBER_SHARE = 0.05;
const REQUEST_SHARE = 0.0004;

/** What the process takes that asks pods at their own addresses, at its highest rate. */
const POD_PROBER_SHARE = 0.07;

/** What a prober with precise pacing may take, whatever it sends. */
const PRECISE_PROBER_SHARE = 1;

/** What there is to run on. */
interface Room {
  readonly parallel: Settings['parallel'];
  readonly provider: Settings['cluster']['provider'];
  readonly machine: MachineLimits;
}

/**
 * Decides which scenarios run at the same time, in the order of the plan, and for each that runs alone why. Only what
 * can not get into another's way, and has processor time of its own, is put together; whether that
 * was enough is judged afterwards from what was measured.
 */
export function roundsOf(
  scenarios: readonly PlannedScenario[],
  { parallel, cluster }: Pick<Settings, 'parallel' | 'cluster'>,
  machine: MachineLimits,
): readonly Round[] {
  const room = { parallel, provider: cluster.provider, machine };
  const most = parallel === 'auto' ? MOST_BY_ITSELF : parallel;
  const reaches = scenarios.map((planned) => (cluster.amplify ? WORSE_FOR_ALL : reachOf(planned)));
  const rounds: number[][] = [];
  for (const [index, reach] of reaches.entries()) {
    const fitting = rounds.find(
      (others) =>
        reach === undefined &&
        others.length < most &&
        others.every((other) => reaches[other] === undefined) &&
        shortage(scenariosAt(scenarios, [...others, index]), room) === undefined,
    );
    if (fitting) fitting.push(index);
    else rounds.push([index]);
  }
  return rounds.map((members) => {
    const [only = 0] = members;
    if (members.length > 1) return { scenarios: members };
    const others = reaches.flatMap((reach, other) => (reach === undefined && other !== only ? [other] : []));
    const short = others.map((other) => shortage(scenariosAt(scenarios, [only, other]), room));
    return { scenarios: members, alone: reaches[only] ?? whyNobody(short) };
  });
}

const WORSE_FOR_ALL = 'the cluster is made worse on purpose, for whatever runs on it';

/** `short`: what there is too little of for each of the others. */
function whyNobody(short: readonly (string | undefined)[]): string {
  const [first] = short;
  return first === undefined || short.includes(undefined)
    ? 'no other is left that could run beside it'
    : `there is too little ${first} for another beside it`;
}

/** What there is too little of for these to run at the same time; undefined where all of it suffices. */
function shortage(together: readonly Scenario[], { parallel, provider, machine }: Room): string | undefined {
  const { processors, trackableConnections = Number.POSITIVE_INFINITY } = machine;
  const tracked = total(together, newConnections) * (SOURCE_PORT_REST_MS / 1000);
  if (tracked > trackableConnections) return 'room in connection tracking';
  // Of somebody else's nodes nothing is known: there only a number that was given counts.
  if (provider === 'existing' || processors === undefined) {
    return parallel === 'auto' ? 'knowledge of the processors' : undefined;
  }
  // A number that was given is somebody's word on the rollouts, but not on what probers need to keep their schedules.
  const rollouts = parallel === 'auto' ? ROLLOUT_SHARE * together.length : 0;
  const needed = CLUSTER_SHARE + rollouts + total(together, proberShare);
  return needed > processors ? 'processor time' : undefined;
}

function scenariosAt(all: readonly PlannedScenario[], places: readonly number[]): readonly Scenario[] {
  return places.flatMap((place) => all[place]?.scenario ?? []);
}

/** To target and control, per second. */
function newConnections({ connection, ratePerSecond }: Scenario): number {
  return OPENS_FOR_EACH_REQUEST[connection] ? ratePerSecond + steadyRatePerSecond(ratePerSecond) : 0;
}

function proberShare({ ratePerSecond, pacing, podProbes }: Scenario): number {
  if (pacing === 'precise') return PRECISE_PROBER_SHARE;
  const beside = podProbes === false ? 0 : POD_PROBER_SHARE;
  return PROBER_SHARE + REQUEST_SHARE * (ratePerSecond + steadyRatePerSecond(ratePerSecond)) + beside;
}

function total(scenarios: readonly Scenario[], of: (scenario: Scenario) => number): number {
  return scenarios.reduce((sum, scenario) => sum + of(scenario), 0);
}
