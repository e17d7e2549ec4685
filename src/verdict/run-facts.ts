import type {
  ConnectionFact,
  End,
  EndpointsFact,
  EventFact,
  Header,
  Heartbeat,
  Mark,
  NeighbourFact,
  Note,
  PodFact,
  PodProbe,
  Probe,
  ProcessFact,
  ProxyFact,
  RecordingEntry,
  RolloutEnd,
  RolloutHeader,
  Route,
  RuntimeFact,
  StaticFindingEntry,
  Strays,
  Stream,
  TemplateFact,
  WorkloadAfter,
  WorkloadBefore,
} from '../model/recording.ts';
import { isUrlProbe } from '../model/url-probe.ts';
import type { PhaseCuts } from './phases.ts';

/** The entries of a recording, sorted by what they are about. Nothing is decided here. */
export interface RunFacts {
  readonly header: Header;
  readonly streams: readonly Stream[];
  /** In the order of the recording, by stream. */
  readonly probes: ReadonlyMap<string, readonly Probe[]>;
  /** Requests to pods' own addresses, which no account counts. */
  readonly podProbes: readonly PodProbe[];
  /** Long-lived connections, in the order in which they ended. */
  readonly connections: readonly ConnectionFact[];
  readonly strays: readonly Strays[];
  readonly heartbeats: readonly Heartbeat[];
  readonly before: WorkloadBefore | undefined;
  readonly after: WorkloadAfter | undefined;
  readonly pods: readonly PodFact[];
  readonly endpoints: readonly EndpointsFact[];
  readonly routes: readonly Route[];
  /** Before the update, then after it. */
  readonly templates: readonly TemplateFact[];
  readonly processes: readonly ProcessFact[];
  /** What container runtimes did to containers of pods that end. */
  readonly runtimes: readonly RuntimeFact[];
  readonly proxies: readonly ProxyFact[];
  readonly staticFindings: readonly StaticFindingEntry[];
  readonly events: readonly EventFact[];
  readonly neighbours: readonly NeighbourFact[];
  readonly notes: readonly Note[];
  readonly rolloutEnd: RolloutEnd | undefined;
  readonly end: End | undefined;
  readonly cuts: PhaseCuts;
  readonly probingStartedMs: number | undefined;
  /** Schedules end here; where no mark says when, it is the last instant the recording knows. */
  readonly probingStoppedMs: number;
}

/** Those of a run with an update. */
export interface RolloutFacts extends RunFacts {
  readonly header: RolloutHeader;
}

/** Whether the recording is of a run with an update; otherwise it is one of a URL that was probed. */
export function isRollout(facts: RunFacts): facts is RolloutFacts {
  return !isUrlProbe(facts.header.scenario);
}

/** Sorts the entries of a recording; undefined where it has no header. */
export function runFacts(entries: readonly RecordingEntry[]): RunFacts | undefined {
  const header = entries.find((entry) => entry.kind === 'header');
  if (!header) return undefined;
  const probes = new Map<string, Probe[]>();
  const podProbes: PodProbe[] = [];
  const connections: ConnectionFact[] = [];
  const strays: Strays[] = [];
  const heartbeats: Heartbeat[] = [];
  const pods: PodFact[] = [];
  const endpoints: EndpointsFact[] = [];
  const routes: Route[] = [];
  const templates: TemplateFact[] = [];
  const processes: ProcessFact[] = [];
  const runtimes: RuntimeFact[] = [];
  const proxies: ProxyFact[] = [];
  const staticFindings: StaticFindingEntry[] = [];
  const events: EventFact[] = [];
  const neighbours: NeighbourFact[] = [];
  const notes: Note[] = [];
  const marks = new Map<Mark['mark'], number>();
  let before: WorkloadBefore | undefined;
  let after: WorkloadAfter | undefined;
  let rolloutEnd: RolloutEnd | undefined;
  let end: End | undefined;
  let lastMs = 0;
  for (const entry of entries) {
    switch (entry.kind) {
      case 'header':
      case 'deployment':
      case 'replica-set':
        continue;
      case 'event':
        events.push(entry);
        continue;
      case 'process':
        processes.push(entry);
        break;
      case 'runtime':
        runtimes.push(entry);
        break;
      case 'proxy':
        proxies.push(entry);
        break;
      case 'template':
        templates.push(entry);
        break;
      case 'static-finding':
        staticFindings.push(entry);
        break;
      case 'probe': {
        const list = probes.get(entry.stream);
        if (list) list.push(entry);
        else probes.set(entry.stream, [entry]);
        lastMs = Math.max(lastMs, entry.endedMs ?? entry.scheduledMs);
        continue;
      }
      case 'pod-probe':
        podProbes.push(entry);
        continue;
      case 'connection':
        connections.push(entry);
        continue;
      case 'strays':
        strays.push(entry);
        continue;
      case 'heartbeat':
        heartbeats.push(entry);
        break;
      case 'mark':
        // The first of its kind cuts the phase.
        if (!marks.has(entry.mark)) marks.set(entry.mark, entry.atMs);
        break;
      case 'workload-before':
        before = entry;
        break;
      case 'workload-after':
        after = entry;
        break;
      case 'pod':
        pods.push(entry);
        break;
      case 'endpoints':
        endpoints.push(entry);
        break;
      case 'route':
        routes.push(entry);
        break;
      case 'neighbour':
        neighbours.push(entry);
        break;
      case 'note':
        notes.push(entry);
        break;
      case 'rollout-end':
        // It ends once. Where it is said to have ended twice, a good end hides no bad one.
        if (rolloutEnd === undefined || rolloutEnd.outcome === 'completed') rolloutEnd = entry;
        break;
      case 'end':
        end = entry;
        break;
    }
    lastMs = Math.max(lastMs, entry.atMs);
  }
  return {
    header,
    streams: header.streams,
    probes,
    podProbes,
    connections,
    strays,
    heartbeats,
    before,
    after,
    pods,
    endpoints,
    routes,
    templates,
    processes,
    runtimes,
    proxies,
    staticFindings,
    events,
    neighbours,
    notes,
    rolloutEnd,
    end,
    cuts: {
      ...at('triggeredMs', marks.get('update-triggered')),
      ...at('completeMs', marks.get('rollout-complete')),
      ...at('oldPodsGoneMs', marks.get('old-pods-gone')),
    },
    probingStartedMs: marks.get('probing-started'),
    probingStoppedMs: marks.get('probing-stopped') ?? lastMs,
  };
}

function at(key: keyof PhaseCuts, ms: number | undefined): PhaseCuts {
  return ms === undefined ? {} : { [key]: ms };
}
