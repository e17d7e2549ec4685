import { CAUSES } from '../model/finding.ts';
import { isRecord } from '../model/plain-data.ts';
import type { RecordingEntry } from '../model/recording.ts';
import { SEVERITIES } from '../model/static-finding.ts';

/** What is wrong with a value, as `path: expectation`; undefined where nothing is. */
type Check = (value: unknown, path: string) => string | undefined;

const text: Check = (value, path) => (typeof value === 'string' ? undefined : `${path}: a text is expected`);
const number: Check = (value, path) => (Number.isFinite(value) ? undefined : `${path}: a number is expected`);
const count: Check = (value, path) =>
  Number.isSafeInteger(value) && Number(value) >= 0 ? undefined : `${path}: a count is expected`;
const flag: Check = (value, path) =>
  typeof value === 'boolean' ? undefined : `${path}: true or false is expected`;
const oneOf =
  (...allowed: readonly string[]): Check =>
  (value, path) =>
    allowed.some((one) => one === value) ? undefined : `${path}: one of ${allowed.join(', ')} is expected`;
const optional =
  (check: Check): Check =>
  (value, path) =>
    value === undefined ? undefined : check(value, path);
const listOf =
  (check: Check): Check =>
  (value, path) =>
    Array.isArray(value)
      ? firstOf(value.map((item, index) => () => check(item, `${path}[${index}]`)))
      : `${path}: a list is expected`;
const mapOf =
  (check: Check): Check =>
  (value, path) =>
    isRecord(value)
      ? firstOf(
          Object.entries(value).map(
            ([key, item]) =>
              () =>
                check(item, `${path}.${key}`),
          ),
        )
      : `${path}: an object is expected`;
/** Fields that are not named may be there: newer minor additions are ignored, not refused. */
const shape =
  (fields: Readonly<Record<string, Check>>): Check =>
  (value, path) =>
    isRecord(value)
      ? firstOf(
          Object.entries(fields).map(
            ([key, check]) =>
              () =>
                check(value[key], path === '' ? key : `${path}.${key}`),
          ),
        )
      : `${path === '' ? 'entry' : path}: an object is expected`;

const change = oneOf('listed', 'added', 'modified', 'deleted');

const podIdentity = shape({
  uid: text,
  name: text,
  node: optional(text),
  address: optional(text),
  templateHash: text,
  terminating: flag,
});

const expectation = shape({
  statusFrom: count,
  statusTo: count,
  bodyContains: optional(text),
  json: optional(shape({ path: text, equals: text })),
  sequence: optional(shape({ path: optional(text), from: count, to: count })),
});

const rollout = shape({
  name: text,
  // Absent from recordings that were made when there was only one.
  protocol: optional(oneOf('http', 'https', 'h2', 'grpc', 'tcp', 'websocket', 'udp')),
  connection: oneOf('new', 'keep-alive', 'idle-reuse', 'slow'),
  vantage: oneOf('runner', 'pod'),
  target: oneOf('node-port', 'cluster-ip', 'host-port'),
  deployment: text,
  service: text,
  servicePort: count,
  path: text,
  update: shape({ kind: text }),
  ratePerSecond: number,
  connections: count,
  idleMs: optional(number),
  slow: optional(shape({ durationMs: number, header: optional(text) })),
  deadlineMs: number,
  baselineMs: number,
  tailMs: number,
  rolloutDeadlineMs: number,
  podProbes: optional(flag),
  expect: expectation,
});

/** A probe of a URL stands where a rollout has its scenario. */
const urlProbe = shape({
  name: text,
  kind: oneOf('probe'),
  protocol: text,
  connection: text,
  url: text,
  ratePerSecond: number,
  connections: count,
  idleMs: optional(number),
  slow: optional(shape({ durationMs: number, header: optional(text) })),
  deadlineMs: number,
  durationMs: number,
  expect: expectation,
});

const scenario: Check = (value, path) =>
  (isRecord(value) && value.kind === 'probe' ? urlProbe : rollout)(value, path);

const clusterEnvironment = shape({
  cluster: oneOf('kind', 'existing', 'sandbox'),
  fallback: optional(flag),
  kubernetes: text,
  kind: optional(text),
  nodeImage: optional(text),
  cni: text,
  kubeProxyMode: text,
  nodes: count,
  platform: text,
  node: text,
  amplified: optional(shape({ propagationDelayMs: optional(number), busyProcesses: optional(count) })),
});

const patch = shape({ kind: oneOf('Deployment', 'Service'), name: text, fields: mapOf(() => undefined) });

const trial = shape({
  kind: oneOf('fix', 'sensitivity', 'rolled-control'),
  causes: listOf(text),
  patches: listOf(patch),
  runs: count,
});

const hostEnvironment = shape({ cluster: oneOf('none'), platform: text, node: text });

const environment: Check = (value, path) =>
  (isRecord(value) && value.cluster === 'none' ? hostEnvironment : clusterEnvironment)(value, path);

const place = shape({ file: text, line: count, column: count });

/** What is told of a request, whoever it was for. */
const request = {
  scheduledMs: number,
  sentMs: optional(number),
  endedMs: optional(number),
  localPort: optional(count),
  attempts: optional(number),
  connectMs: optional(number),
  remote: optional(text),
  reused: optional(flag),
  idleMs: optional(number),
  replaced: optional(flag),
  status: optional(count),
  bytes: optional(count),
  grpcStatus: optional(count),
  bodyOk: optional(flag),
  value: optional(text),
  failure: optional(
    shape({
      phase: oneOf('bind', 'connect', 'tls', 'send', 'headers', 'body'),
      code: text,
      prober: optional(flag),
    }),
  ),
  unsent: optional(oneOf('overdue', 'no-source-port', 'in-flight-limit', 'stopped')),
};

const SHAPES: Readonly<Record<RecordingEntry['kind'], Check>> = {
  header: shape({
    rollproof: text,
    startedAt: text,
    run: count,
    repeat: optional(shape({ runs: count, all: flag })),
    scenario,
    trial: optional(trial),
    environment,
    streams: listOf(
      shape({
        id: text,
        role: oneOf('target', 'steady', 'warm-up'),
        url: text,
        address: text,
        port: count,
        intervalMs: number,
        expect: expectation,
      }),
    ),
  }),
  probe: shape({ stream: text, seq: count, ...request }),
  'pod-probe': shape({ pod: text, ...request }),
  connection: shape({
    stream: text,
    localPort: count,
    dialedMs: number,
    openedMs: optional(number),
    atMs: number,
    how: oneOf('kept', 'closed', 'reset', 'goaway', 'close-frame', 'given-up', 'failed'),
    code: optional(text),
  }),
  strays: shape({ stream: text, atMs: number, late: count, duplicate: count, unknown: count }),
  heartbeat: shape({
    atMs: number,
    loopStallMs: number,
    lostPackets: optional(count),
    inFlight: count,
    nextSeq: mapOf(count),
  }),
  mark: shape({
    atMs: number,
    mark: oneOf(
      'probing-started',
      'update-triggered',
      'rollout-complete',
      'old-pods-gone',
      'probing-stopped',
      'cancelled',
    ),
  }),
  'workload-before': shape({
    atMs: number,
    generation: count,
    replicas: count,
    templateHash: text,
    pods: listOf(podIdentity),
  }),
  'workload-after': shape({
    atMs: number,
    generation: count,
    observedGeneration: count,
    replicas: count,
    updatedReplicas: count,
    availableReplicas: count,
    templateHash: text,
    pods: listOf(podIdentity),
  }),
  template: shape({
    atMs: number,
    templateHash: text,
    hostNetwork: flag,
    gracePeriodSeconds: count,
    strategy: shape({ type: text, maxSurge: optional(text), maxUnavailable: optional(text) }),
    containers: listOf(
      shape({
        name: text,
        ports: listOf(shape({ name: optional(text), containerPort: count })),
        preStop: optional(shape({ how: oneOf('sleep', 'exec', 'http', 'other'), seconds: optional(number) })),
        readiness: optional(shape({ how: oneOf('http', 'tcp', 'grpc', 'exec'), path: optional(text) })),
      }),
    ),
    serving: optional(text),
    service: optional(
      shape({
        externalTrafficPolicy: optional(text),
        internalTrafficPolicy: optional(text),
        entryNode: optional(text),
      }),
    ),
    places: optional(
      shape({
        container: place,
        podSpec: place,
        lifecycle: optional(place),
        preStop: optional(place),
        preStopLines: optional(listOf(text)),
        gracePeriod: optional(place),
        spec: place,
        strategy: optional(place),
      }),
    ),
  }),
  'static-finding': shape({
    atMs: number,
    finding: shape({
      cause: oneOf(...Object.keys(CAUSES)),
      severity: oneOf(...SEVERITIES),
      object: shape({ kind: text, name: text }),
      place,
      text,
      suggestion: optional(
        shape({ text, yaml: listOf(text), diff: optional(shape({ place, lines: listOf(text) })) }),
      ),
    }),
  }),
  pod: shape({
    atMs: number,
    change,
    uid: text,
    name: text,
    node: optional(text),
    address: optional(text),
    templateHash: text,
    phase: text,
    ready: flag,
    deletionTimestamp: optional(text),
    deletionGracePeriodSeconds: optional(number),
    held: optional(flag),
    containers: listOf(shape({ name: text, state: text, ready: flag, restarts: count })),
  }),
  deployment: shape({ atMs: number, change, generation: count, observedGeneration: count, replicas: count }),
  'replica-set': shape({ atMs: number, change, uid: text, name: text, templateHash: text, replicas: count }),
  endpoints: shape({
    atMs: number,
    change,
    slice: text,
    ports: optional(listOf(text)),
    portNumbers: optional(listOf(count)),
    endpoints: listOf(
      shape({
        address: text,
        pod: optional(text),
        node: optional(text),
        ready: flag,
        serving: flag,
        terminating: flag,
      }),
    ),
  }),
  process: shape({
    atMs: number,
    pod: text,
    container: text,
    sigterm: oneOf('caught', 'ignored', 'default'),
    first: flag,
    ended: optional(flag),
  }),
  runtime: shape({
    atMs: number,
    withinMs: number,
    pod: text,
    container: text,
    what: oneOf('program-started', 'program-ended', 'signalled', 'ended'),
    program: optional(text),
    exitCode: optional(number),
    signal: optional(text),
  }),
  proxy: shape({
    atMs: number,
    node: text,
    syncs: count,
    syncSeconds: number,
    programmed: listOf(shape({ withinSeconds: number, count })),
  }),
  event: shape({ atMs: number, object: text, reason: text, type: text, message: text }),
  route: shape({ atMs: number, stream: text, localPort: count, podAddress: text }),
  neighbour: shape({
    atMs: number,
    scenario: text,
    run: count,
    state: oneOf('present', 'update-triggered', 'gone'),
  }),
  'rollout-end': shape({
    atMs: number,
    outcome: oneOf(
      'completed',
      'nothing-replaced',
      'image-pull-failed',
      'crash-loop',
      'unschedulable',
      'create-failed',
      'not-ready',
      'paused',
      'timed-out',
      'update-rejected',
      'command-failed',
      'foreign-change',
      'cancelled',
    ),
    detail: optional(text),
  }),
  note: shape({ atMs: number, level: oneOf('info', 'warning'), subject: text, text }),
  end: shape({
    atMs: number,
    reason: oneOf(
      'finished',
      'workload-unavailable',
      'baseline-failing',
      'prober-lost',
      'cancelled',
      'failed',
    ),
    detail: optional(text),
  }),
};

/** Whether a parsed line is an entry of this version: its kind is known and its fields have the right types. */
export function isEntry(value: unknown): value is RecordingEntry {
  return faultOf(value) === undefined;
}

/** What keeps a parsed line from being an entry; undefined where nothing does. */
export function faultOf(value: unknown): string | undefined {
  if (!isRecord(value)) return 'entry: an object is expected';
  const { kind } = value;
  if (typeof kind !== 'string' || !Object.hasOwn(SHAPES, kind))
    return `kind: ${JSON.stringify(kind)} is not known`;
  return Object.entries(SHAPES).find(([name]) => name === kind)?.[1](value, '');
}

function firstOf(checks: readonly (() => string | undefined)[]): string | undefined {
  for (const check of checks) {
    const fault = check();
    if (fault !== undefined) return fault;
  }
  return undefined;
}
