import { z } from 'zod';
import { INPUT_NAMES, INPUT_OPTIONS, type InputOption, inputOption } from './options.ts';

/** The schema of an input's value, described for editors, absent allowed. */
function key<T>({ value, description, shownDefault }: InputOption<T>) {
  const byDefault = shownDefault === undefined ? '' : ` Default: ${shownDefault}.`;
  return value.schema.describe(`${description}${byDefault} Expected: ${value.expects}.`).optional();
}

const cluster = z
  .strictObject({
    provider: key(INPUT_OPTIONS.cluster),
    cni: key(INPUT_OPTIONS.cni),
    'cni-manifest': key(INPUT_OPTIONS['cni-manifest']),
    'cni-plugins': key(INPUT_OPTIONS['cni-plugins']),
    'kube-proxy-mode': key(INPUT_OPTIONS['kube-proxy-mode']),
    nodes: key(INPUT_OPTIONS.nodes),
    'node-image': key(INPUT_OPTIONS['node-image']),
    'kubernetes-version': key(INPUT_OPTIONS['kubernetes-version']),
    'kind-config': key(INPUT_OPTIONS['kind-config']),
    images: key(INPUT_OPTIONS.images),
    context: key(INPUT_OPTIONS.context),
    kubeconfig: key(INPUT_OPTIONS.kubeconfig),
    'prober-image': key(INPUT_OPTIONS['prober-image']),
    keep: key(INPUT_OPTIONS.keep),
    'amplify-propagation-delay': key(INPUT_OPTIONS['amplify-propagation-delay']),
    'amplify-cpu': key(INPUT_OPTIONS['amplify-cpu']),
  })
  .describe('Where it runs.');

const app = {
  manifests: key(INPUT_OPTIONS.manifests),
  deployment: key(INPUT_OPTIONS.deployment),
  target: key(INPUT_OPTIONS.target),
  path: key(INPUT_OPTIONS.path),
  vantage: key(INPUT_OPTIONS.vantage),
};

const probe = {
  protocol: key(INPUT_OPTIONS.protocol),
  connection: key(INPUT_OPTIONS.connection),
  rate: key(INPUT_OPTIONS.rate),
  pacing: key(INPUT_OPTIONS.pacing),
  connections: key(INPUT_OPTIONS.connections),
  idle: key(INPUT_OPTIONS.idle),
  'slow-duration': key(INPUT_OPTIONS['slow-duration']),
  'slow-header': key(INPUT_OPTIONS['slow-header']),
  timeout: key(INPUT_OPTIONS.timeout),
  baseline: key(INPUT_OPTIONS.baseline),
  tail: key(INPUT_OPTIONS.tail),
  'rollout-timeout': key(INPUT_OPTIONS['rollout-timeout']),
  repeat: key(INPUT_OPTIONS.repeat),
  'try-fix': key(INPUT_OPTIONS['try-fix']),
  'try-fix-runs': key(INPUT_OPTIONS['try-fix-runs']),
  sensitivity: key(INPUT_OPTIONS.sensitivity),
  'repeat-all': key(INPUT_OPTIONS['repeat-all']),
  'rolled-control': key(INPUT_OPTIONS['rolled-control']),
  'pod-probes': key(INPUT_OPTIONS['pod-probes']),
  'expect-status': key(INPUT_OPTIONS['expect-status']),
  'expect-body': key(INPUT_OPTIONS['expect-body']),
  'expect-json': key(INPUT_OPTIONS['expect-json']),
  'expect-sequence': key(INPUT_OPTIONS['expect-sequence']),
};

const report = z
  .strictObject({
    output: key(INPUT_OPTIONS.output),
    comment: key(INPUT_OPTIONS.comment),
    'comment-key': key(INPUT_OPTIONS['comment-key']),
    check: key(INPUT_OPTIONS.check),
    'fail-on': key(INPUT_OPTIONS['fail-on']),
    statsd: key(INPUT_OPTIONS.statsd),
  })
  .describe('What becomes of the result.');

const scenarioName = z
  .string()
  .min(1)
  .max(100)
  .regex(/^\P{Cc}*$/u)
  .describe('Name of the row in the report.');

/** A scenario's own settings win over those of the sections app, update and probe. */
const scenario = z.strictObject({ name: scenarioName, ...app, update: key(INPUT_OPTIONS.update), ...probe });

const MAX_SCENARIOS = 1000;

/** The config file. Every key is the name of an input; unknown keys are errors. */
export const configSchema = z
  .strictObject({
    version: z.literal(1).describe('Version of this format.'),
    cluster: cluster.optional(),
    app: z.strictObject(app).describe('What is deployed and asked.').optional(),
    update: key(INPUT_OPTIONS.update),
    probe: z.strictObject(probe).describe('How it is asked.').optional(),
    scenarios: z
      .array(scenario)
      .min(1)
      .max(MAX_SCENARIOS)
      .describe('Rows of the report; each may have its own settings.')
      .optional(),
    parallel: key(INPUT_OPTIONS.parallel),
    report: report.optional(),
  })
  .describe('Configuration of Rollproof: .github/rollproof.yml');

export type Config = z.output<typeof configSchema>;
export type ScenarioConfig = z.output<typeof scenario>;

/** The config file's JSON schema, for editors. */
export function configJsonSchema(): Readonly<Record<string, unknown>> {
  const { $schema, ...schema } = z.toJSONSchema(configSchema, { io: 'input', reused: 'inline' });
  return { $schema, title: 'Rollproof configuration', ...schema };
}

/** The words for what a key wants, for messages: `["probe", "rate"]`, `["scenarios", 0, "rate"]`. */
export function expectationAt(path: readonly PropertyKey[]): string | undefined {
  const keys = path.filter((step) => typeof step === 'string');
  if (keys.length === 0) return 'a mapping with version: 1';
  if (keys.length === 1) {
    const section = SECTION_EXPECTATIONS[keys[0] ?? ''];
    if (section !== undefined) return path.length > 1 ? 'a mapping with a name' : section;
  }
  const name = keys.at(-1);
  if (name === 'name') return 'text of 1 to 100 characters on one line';
  const known = INPUT_NAMES.find((input) => inputOption(input).configPath?.at(-1) === name);
  return known && inputOption(known).value.expects;
}

const SECTION_EXPECTATIONS: Readonly<Record<string, string>> = {
  version: '1',
  cluster: 'a mapping',
  app: 'a mapping',
  probe: 'a mapping',
  report: 'a mapping',
  scenarios: `a list of 1 to ${MAX_SCENARIOS} scenarios`,
};
