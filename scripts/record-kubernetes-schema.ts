// Writes src/cluster/sandbox/api/kubernetes.json: what a real API server says about the kinds the sandbox serves.
//
//   node scripts/record-kubernetes-schema.ts <kubeconfig>        (nothing is created in that cluster)
//
// Types, required fields, enums, list keys and patch strategies come from the server's own OpenAPI document. Defaults
// are not in that document, so they are observed: sample objects go through a server-side dry run, and whatever the
// server filled in is filed under the type in which it appeared.
import { writeFileSync } from 'node:fs';
import { run } from '../src/platform/process.ts';

const OUTPUT = 'src/cluster/sandbox/api/kubernetes.json';

const ROOTS = [
  'io.k8s.api.core.v1.Namespace',
  'io.k8s.api.core.v1.Node',
  'io.k8s.api.core.v1.Pod',
  'io.k8s.api.core.v1.Service',
  'io.k8s.api.core.v1.ConfigMap',
  'io.k8s.api.core.v1.Secret',
  'io.k8s.api.core.v1.ServiceAccount',
  'io.k8s.api.core.v1.Event',
  'io.k8s.api.apps.v1.Deployment',
  'io.k8s.api.apps.v1.ReplicaSet',
  'io.k8s.api.discovery.v1.EndpointSlice',
  'io.k8s.api.policy.v1.PodDisruptionBudget',
  'io.k8s.api.rbac.v1.Role',
  'io.k8s.api.rbac.v1.RoleBinding',
  'io.k8s.api.networking.v1.Ingress',
];

/** Identity, allocation and defaults that depend on other fields: those are code (`api/defaulting.ts`), not data. */
const GIVEN_BY_THE_SERVER =
  /^\.(metadata|status)\b|clusterIPs?$|nodePort$|ipFamilies$|imagePullPolicy$|targetPort$|hostPort$|serviceAccount(Name)?$|\.tolerations$|\.priority$|preemptionPolicy$|\.volumeMounts$|\.(labels|annotations|selector)$|resources\.requests$/;

interface Schema {
  type?: string;
  format?: string;
  ref?: string;
  enum?: string[];
  required?: string[];
  items?: Schema;
  values?: Schema;
  properties?: Record<string, Schema>;
  listType?: string;
  listKeys?: string[];
  mapType?: string;
  patchStrategy?: string;
  mergeKey?: string;
}

/** As the OpenAPI document has it. */
interface OpenApiSchema {
  readonly $ref?: string;
  readonly items?: OpenApiSchema;
  readonly additionalProperties?: OpenApiSchema;
  readonly properties?: Readonly<Record<string, OpenApiSchema>>;
  readonly [key: string]: unknown;
}

type Json = null | boolean | number | string | Json[] | { [key: string]: Json };

const kubeconfig = process.argv[2];
if (!kubeconfig) throw new Error('say which kubeconfig: record-kubernetes-schema.ts <kubeconfig>');
const kubectl = (...args: string[]) => run('kubectl', [`--kubeconfig=${kubeconfig}`, ...args]);
const document = JSON.parse(await kubectl('get', '--raw', '/openapi/v2'));
const version = JSON.parse(await kubectl('get', '--raw', '/version'));

const types: Record<string, Schema> = {};
for (const root of ROOTS) collect(root);
const defaults: Record<string, Record<string, Json>> = {};
for (const [root, sample] of samples()) await observe(root, sample);

const sorted = <T>(record: Record<string, T>) =>
  Object.fromEntries(Object.entries(record).sort(([a], [b]) => (a < b ? -1 : 1)));
const body = {
  version: { major: version.major, minor: version.minor, gitVersion: version.gitVersion },
  defaults: sorted(defaults),
  types: sorted(types),
};
writeFileSync(OUTPUT, `${JSON.stringify(body, null, 1)}\n`);
console.log(
  `${OUTPUT}: ${Object.keys(types).length} types of ${version.gitVersion}, defaults for ${Object.keys(defaults).length} of them`,
);

function shortName(name: string): string {
  return name.replace(/^io\.k8s\.(api|apimachinery\.pkg)\.(apis\.)?/, '');
}

function collect(name: string): void {
  if (types[shortName(name)]) return;
  types[shortName(name)] = {};
  types[shortName(name)] = reduce(document.definitions[name]);
}

function reduce(source: OpenApiSchema): Schema {
  const schema: Schema = {};
  const copy = (from: string, to: keyof Schema) => {
    if (source[from] !== undefined) Object.assign(schema, { [to]: source[from] });
  };
  copy('type', 'type');
  copy('format', 'format');
  copy('enum', 'enum');
  copy('required', 'required');
  copy('x-kubernetes-list-type', 'listType');
  copy('x-kubernetes-list-map-keys', 'listKeys');
  copy('x-kubernetes-map-type', 'mapType');
  copy('x-kubernetes-patch-strategy', 'patchStrategy');
  copy('x-kubernetes-patch-merge-key', 'mergeKey');
  if (source.$ref) {
    const name = source.$ref.replace('#/definitions/', '');
    collect(name);
    schema.ref = shortName(name);
  }
  if (source.items) schema.items = reduce(source.items);
  if (source.additionalProperties) schema.values = reduce(source.additionalProperties);
  if (source.properties) {
    schema.properties = Object.fromEntries(
      Object.entries(source.properties).map(([key, value]) => [key, reduce(value)]),
    );
  }
  return schema;
}

async function observe(root: string, sample: Json): Promise<void> {
  const answer = await run(
    'kubectl',
    [`--kubeconfig=${kubeconfig}`, 'create', '--dry-run=server', '-o', 'json', '-f', '-'],
    { input: JSON.stringify(sample) },
  );
  compare({ ref: root }, sample, JSON.parse(answer), '');
}

/** Everything that is in the answer and not in what was sent is a default of the type it stands in. */
function compare(schema: Schema, sent: Json, got: Json, path: string): void {
  if (GIVEN_BY_THE_SERVER.test(path)) return;
  if (Array.isArray(sent) && Array.isArray(got)) {
    for (const [index, item] of sent.entries())
      compare(schema.items ?? {}, item, got[index] ?? null, `${path}[]`);
    return;
  }
  if (!isObject(sent) || !isObject(got)) return;
  const type = schema.ref ? types[schema.ref] : schema;
  for (const [key, value] of Object.entries(got)) {
    const field = type?.properties?.[key] ?? type?.values;
    if (!field) continue;
    if (key in sent) compare(field, sent[key] ?? null, value, `${path}.${key}`);
    else if (schema.ref && !GIVEN_BY_THE_SERVER.test(`${path}.${key}`)) {
      const known = defaults[schema.ref] ?? {};
      defaults[schema.ref] = known;
      const before = known[key];
      if (before !== undefined && JSON.stringify(before) !== JSON.stringify(value)) {
        throw new Error(
          `two defaults for ${schema.ref}.${key}: it must be computed: ${JSON.stringify([before, value])}`,
        );
      }
      known[key] = value;
    }
  }
}

function isObject(value: Json | undefined): value is { [key: string]: Json } {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function* samples(): Generator<readonly [string, Json]> {
  const handler = { httpGet: { port: 80 } };
  const probes = {
    readinessProbe: handler,
    livenessProbe: { tcpSocket: { port: 80 } },
    startupProbe: { grpc: { port: 80 } },
  };
  const labels = { app: 'x' };
  const podSpec = {
    containers: [
      {
        name: 'x',
        image: 'x',
        ...probes,
        ports: [{ containerPort: 80 }],
        env: [{ name: 'A', valueFrom: { fieldRef: { fieldPath: 'metadata.name' } } }],
        lifecycle: { preStop: handler, postStart: handler },
      },
    ],
    volumes: [
      { name: 'a', configMap: { name: 'x' } },
      { name: 'b', secret: { secretName: 'x' } },
      { name: 'c', emptyDir: {} },
      { name: 'd', hostPath: { path: '/x' } },
      { name: 'e', downwardAPI: { items: [{ path: 'x', fieldRef: { fieldPath: 'metadata.name' } }] } },
      { name: 'f', projected: { sources: [{ serviceAccountToken: { path: 'x' } }] } },
    ],
  };
  const template = { metadata: { labels }, spec: podSpec };
  const deployment = (spec: Json): Json => ({
    apiVersion: 'apps/v1',
    kind: 'Deployment',
    metadata: { name: 'x', namespace: 'default' },
    spec: { selector: { matchLabels: labels }, template, ...(isObject(spec) ? spec : {}) },
  });
  yield ['apps.v1.Deployment', deployment({})];
  yield ['apps.v1.Deployment', deployment({ strategy: { rollingUpdate: { maxSurge: 1 } } })];
  yield ['apps.v1.Deployment', deployment({ strategy: { rollingUpdate: { maxUnavailable: 1 } } })];
  yield [
    'apps.v1.ReplicaSet',
    {
      apiVersion: 'apps/v1',
      kind: 'ReplicaSet',
      metadata: { name: 'x', namespace: 'default' },
      spec: { selector: { matchLabels: labels }, template },
    },
  ];
  yield [
    'core.v1.Pod',
    {
      apiVersion: 'v1',
      kind: 'Pod',
      metadata: { name: 'x', namespace: 'default' },
      spec: { ...podSpec, automountServiceAccountToken: false },
    },
  ];
  yield [
    'core.v1.Service',
    {
      apiVersion: 'v1',
      kind: 'Service',
      metadata: { name: 'x', namespace: 'default' },
      spec: { selector: labels, ports: [{ port: 80 }] },
    },
  ];
  yield [
    'core.v1.Secret',
    { apiVersion: 'v1', kind: 'Secret', metadata: { name: 'x', namespace: 'default' } },
  ];
  yield [
    'discovery.v1.EndpointSlice',
    {
      apiVersion: 'discovery.k8s.io/v1',
      kind: 'EndpointSlice',
      metadata: { name: 'x', namespace: 'default' },
      addressType: 'IPv4',
      endpoints: [{ addresses: ['10.0.0.1'] }],
      ports: [{ port: 80 }],
    },
  ];
}
