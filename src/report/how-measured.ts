import { count, plural } from '../model/counted.ts';
import type { Environment } from '../model/recording.ts';
import { DEFAULT_PROTOCOL, type Scenario } from '../model/scenario.ts';
import { isUrlProbe, type UrlProbe } from '../model/url-probe.ts';
import type { RunResult, ScenarioResult } from '../model/verdict.ts';
import { duration } from './figures.ts';

/** On what and how scenarios were measured; those that were measured the same way are told of together. */
export interface Measured {
  /** Each place once. */
  readonly places: readonly string[];
  readonly methods: readonly {
    /** Names of the scenarios it is true of; none where it is true of all. */
    readonly names: readonly string[];
    readonly phrases: readonly string[];
  }[];
}

/** Names, versions and plugins in it are not yet inert. */
export function measured(scenarios: readonly ScenarioResult[]): Measured {
  const ran = scenarios.filter(({ runs }) => runs.length > 0);
  const groups = Map.groupBy(ran, (scenario) => measuredHow(scenario).join(PHRASE_END));
  return {
    places: [...new Set(ran.map((scenario) => measuredOn(scenario).join(PHRASE_END)).filter(Boolean))],
    methods: [...groups].map(([how, members]) => ({
      names: groups.size === 1 ? [] : members.map(({ name }) => name),
      phrases: [how, ...measuredFigures(members.flatMap(({ runs }) => runs))],
    })),
  };
}

/** Stands between phrases. */
export const PHRASE_END = ' · ';

/** What a scenario was measured on, as short phrases. Names of versions and plugins are not yet inert. */
export function measuredOn({ environment }: ScenarioResult): readonly string[] {
  if (!environment) return [];
  if (environment.cluster === 'none') return [`Node.js ${environment.node}`, environment.platform];
  return [
    ...(environment.kind === undefined ? [] : [`kind ${environment.kind}`]),
    `Kubernetes ${environment.kubernetes}`,
    environment.cni,
    `kube-proxy ${environment.kubeProxyMode}`,
    plural(environment.nodes, 'node'),
    environment.platform,
    ...amplifiedHow(environment.amplified),
  ];
}

/** What was made worse on request: nobody may take it for a plain run. */
function amplifiedHow(amplified: Environment['amplified']): readonly string[] {
  if (!amplified) return [];
  const { propagationDelayMs, busyProcesses } = amplified;
  return [
    ...(propagationDelayMs === undefined
      ? []
      : [`amplified: nodes follow changes of endpoints at most every ${duration(propagationDelayMs)}`]),
    ...(busyProcesses === undefined
      ? []
      : [`amplified: ${plural(busyProcesses, 'busy process', 'busy processes')} on each node`]),
  ];
}

/** How a scenario was measured, as short phrases. */
export function measuredHow({ scenario }: ScenarioResult): readonly string[] {
  return [
    `${Math.round(scenario.ratePerSecond * 10) / 10} requests/s, open loop${paced(scenario)}, ${pathOf(scenario)}`,
    `no retries, deadline ${duration(scenario.deadlineMs)}`,
  ];
}

/** Who keeps a processor busy for the sake of precision may disturb what is measured, and says so. */
function paced({ pacing }: Scenario | UrlProbe): string {
  return pacing === 'precise' ? ' with precise pacing' : '';
}

/** What the runs of scenarios that were measured the same way say about the measurement itself. */
export function measuredFigures(runs: readonly RunResult[]): readonly string[] {
  if (runs.length === 0) return [];
  const sent = runs.reduce((sum, run) => sum + run.steady.sent, 0);
  const dropped = runs.reduce((sum, run) => sum + run.steady.dropped, 0);
  const floor = smallestVisibleOutage(runs);
  return [
    plural(runs.length, 'run'),
    ...(sent === 0 ? [] : [`steady control dropped ${count(dropped)} of ${count(sent)}`]),
    ...(floor === undefined ? [] : [floor]),
  ];
}

/** What an outage would have had to last to be seen, over all runs; undefined where none got as far as an update. A run without requests has seen nothing, however long. */
function smallestVisibleOutage(runs: readonly RunResult[]): string | undefined {
  const floors = runs.flatMap(({ detectionFloorMs, requests }) =>
    detectionFloorMs === undefined || requests.sent === 0 ? [] : [detectionFloorMs],
  );
  if (floors.length === 0) return undefined;
  const partial = runs
    .flatMap(({ partialDetectionFloor }) => (partialDetectionFloor ? [partialDetectionFloor] : []))
    .reduce<RunResult['partialDetectionFloor']>(
      (worst, one) => (worst && worst.lengthMs >= one.lengthMs ? worst : one),
      undefined,
    );
  const ofOne = partial
    ? `, or ${duration(partial.lengthMs)} where one of ${partial.endpoints} endpoints fails (99.9 %)`
    : '';
  return `smallest outage that would have been seen: ${duration(Math.max(...floors))}${ofOne}`;
}

function pathOf(scenario: Scenario | UrlProbe): string {
  const { protocol, connection, connections } = scenario;
  // UDP has no connections: what its clients keep, or do not, is the port they send from.
  const [one, kept] =
    protocol === 'udp' ? ['source port', 'kept source port'] : ['connection', 'kept-alive connection'];
  const { idleMs, slow } = scenario;
  const rest = idleMs === undefined ? '' : `, each resting ${duration(idleMs)} between requests`;
  const number = idleMs === undefined ? plural(connections, kept) : `up to ${plural(connections, kept)}`;
  const asked = slow ? `, answers asked to take ${duration(slow.durationMs)}` : '';
  const fresh = connection === 'new' || connection === 'slow';
  const over = fresh ? `a new ${one} each${asked}` : `${number}${rest}`;
  const unverified = protocol === 'https' ? ' (certificate not verified)' : '';
  if (isUrlProbe(scenario)) return `from here to ${scenario.url}${unverified}, ${over}`;
  const { vantage, target } = scenario;
  const from = vantage === 'pod' ? 'from inside the cluster' : 'from the runner';
  const to = {
    'node-port': 'node address and node port',
    'cluster-ip': 'cluster IP',
    'host-port': 'host port',
  }[target];
  const spoken = protocol === DEFAULT_PROTOCOL ? '' : `, ${protocol}${unverified}`;
  return `${from} to the ${to}${spoken}, ${over}`;
}
