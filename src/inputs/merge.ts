import { didYouMean } from '../model/did-you-mean.ts';
import type { Problem } from '../model/problem.ts';
import type { Amplified } from '../model/recording.ts';
import { type ConnectionMode, DEFAULT_PROTOCOL, type Protocol } from '../model/scenario.ts';
import { sequenceOfRun } from '../model/sequence.ts';
import type {
  ClusterSettings,
  ReportSettings,
  ScenarioSettings,
  SettingPlaces,
  Settings,
} from '../model/settings.ts';
import { clusterContradictions } from './cluster-contradictions.ts';
import type { ConfigFile } from './config-file.ts';
import type { Config, ScenarioConfig } from './config-schema.ts';
import { connectionsOf } from './connections-of.ts';
import { defined, given } from './given.ts';
import { INPUT_NAMES, type InputName, type InputValues } from './options.ts';
import { configInPlace, inputsInPlace } from './paths-in-place.ts';
import { shownValue } from './shown-value.ts';
import { slowOf } from './slow-of.ts';

/** Values and the folder that paths in them count from, relative to the working directory. */
export interface SettingsSources {
  readonly inputs: InputValues;
  /** How the user calls an input: `--cni`, `input cni`. */
  labelOf(input: InputName): string;
  readonly inputFolder: string;
  readonly file?: ConfigFile | undefined;
  readonly fileFolder: string;
}

export interface MergedSettings {
  readonly settings: Settings;
  /** Those of each scenario, in the order of `settings.scenarios`. */
  readonly places: readonly SettingPlaces[];
  readonly problems: readonly Problem[];
}

/** Inputs win over the file, a scenario's own settings over its sections, and all of them over the defaults. */
export function mergeSettings(sources: SettingsSources): MergedSettings {
  const { file } = sources;
  const inputs = inputsInPlace(sources.inputs, sources.inputFolder);
  const config = file ? configInPlace(file.config, sources.fileFolder) : NO_CONFIG;
  const scenarios = expandScenarios(inputs, config);
  const chosen = chooseScenarios(scenarios, inputs.scenarios ?? [], sources.labelOf('scenarios'));
  const settings: Settings = {
    cluster: clusterSettings(inputs, config),
    scenarios: chosen.scenarios.map(({ settings }) => settings),
    parallel: inputs.parallel ?? config.parallel ?? 1,
    report: reportSettings(inputs, config),
  };
  const problems = [
    ...clusterContradictions({
      inputs,
      section: config.cluster ?? {},
      settings: settings.cluster,
      placeOf: (key) => (inputs[key] === undefined ? file?.whereIs(['cluster', key]) : sources.labelOf(key)),
    }),
    ...duplicateNames(scenarios, file),
    ...missingManifests(chosen.scenarios, file),
    ...chosen.problems,
  ];
  const places = chosen.scenarios.map(({ index }) => placesOf(index, sources));
  return { settings, places, problems };
}

/** In the order in which `effective` lets one win over the other. */
function placesOf(index: number | undefined, { inputs, labelOf, file }: SettingsSources): SettingPlaces {
  const { app, probe, update, scenarios } = file?.config ?? NO_CONFIG;
  const within = (section: object | undefined, ...path: readonly (string | number)[]) =>
    Object.keys(section ?? {}).map((key) => [key, file?.whereIs([...path, key]) ?? key]);
  return Object.fromEntries([
    ...within(app, 'app'),
    ...within(probe, 'probe'),
    ...within(update && { update }),
    ...(index === undefined ? [] : within(scenarios?.[index], 'scenarios', index)),
    ...INPUT_NAMES.filter((name) => inputs[name] !== undefined).map((name) => [name, labelOf(name)]),
  ]);
}

const NO_CONFIG: Config = { version: 1 };

function clusterSettings(inputs: InputValues, { cluster = {} }: Config): ClusterSettings {
  const existing = inputs.context ?? cluster.context;
  return {
    provider: existing === undefined ? (inputs.cluster ?? cluster.provider ?? 'kind') : 'existing',
    ...given('context', existing),
    ...given('kubeconfig', inputs.kubeconfig ?? cluster.kubeconfig),
    cni: inputs.cni ?? cluster.cni ?? 'kindnet',
    ...given('cniManifest', inputs['cni-manifest'] ?? cluster['cni-manifest']),
    ...given('cniPlugins', inputs['cni-plugins'] ?? cluster['cni-plugins']),
    kubeProxyMode: inputs['kube-proxy-mode'] ?? cluster['kube-proxy-mode'] ?? 'iptables',
    nodes: inputs.nodes ?? cluster.nodes ?? 2,
    ...given('nodeImage', inputs['node-image'] ?? cluster['node-image']),
    ...given('kubernetesVersion', inputs['kubernetes-version'] ?? cluster['kubernetes-version']),
    ...given('kindConfig', inputs['kind-config'] ?? cluster['kind-config']),
    images: inputs.images ?? cluster.images ?? [],
    keep: inputs.keep ?? cluster.keep ?? false,
    ...given('amplify', amplification(inputs, cluster)),
    proberImage: inputs['prober-image'] ?? cluster['prober-image'] ?? 'node:24-slim',
  };
}

function amplification(inputs: InputValues, cluster: NonNullable<Config['cluster']>): Amplified | undefined {
  const propagationDelayMs = inputs['amplify-propagation-delay'] ?? cluster['amplify-propagation-delay'];
  const busyProcesses = inputs['amplify-cpu'] ?? cluster['amplify-cpu'];
  if (propagationDelayMs === undefined && busyProcesses === undefined) return undefined;
  return { ...given('propagationDelayMs', propagationDelayMs), ...given('busyProcesses', busyProcesses) };
}

function reportSettings(inputs: InputValues, { report = {} }: Config): ReportSettings {
  return {
    outputDir: inputs.output ?? report.output ?? 'rollproof-report',
    comment: inputs.comment ?? report.comment ?? 'always',
    ...given('commentKey', inputs['comment-key'] ?? report['comment-key']),
    check: inputs.check ?? report.check ?? true,
    failOn: inputs['fail-on'] ?? report['fail-on'] ?? ['dropped', 'inconclusive', 'rollout-failed', 'error'],
    ...given('statsd', inputs.statsd ?? report.statsd),
    ...given('githubToken', inputs['github-token']),
  };
}

/** A scenario of the file (or the one that inputs alone make), once per connection mode. */
interface ExpandedScenario {
  /** Name in the file; `--scenario` may name it and mean all of its modes. */
  readonly family?: string;
  /** Index in the file's list. */
  readonly index?: number;
  readonly settings: ScenarioSettings;
}

const MODE_NAMES: Readonly<Record<ConnectionMode, string>> = {
  new: 'new connections',
  'keep-alive': 'keep-alive',
  'idle-reuse': 'idle connections',
  slow: 'slow requests',
};

/** What a scenario is called that has no name of its own. */
function unnamed(protocol: Protocol = DEFAULT_PROTOCOL, mode: ConnectionMode): string {
  return protocol === DEFAULT_PROTOCOL ? MODE_NAMES[mode] : `${protocol}, ${MODE_NAMES[mode]}`;
}

function expandScenarios(inputs: InputValues, config: Config): ExpandedScenario[] {
  if (!config.scenarios) {
    const own = effective(inputs, {}, config);
    return own.connection.map((mode) => ({
      settings: scenarioSettings(unnamed(own.protocol, mode), mode, own),
    }));
  }
  return config.scenarios.flatMap(({ name: family, ...row }, index) => {
    const own = effective(inputs, row, config);
    return own.connection.map((mode) => {
      const name = own.connection.length === 1 ? family : `${family}, ${MODE_NAMES[mode]}`;
      return { family, index, settings: scenarioSettings(name, mode, own) };
    });
  });
}

type Row = Omit<ScenarioConfig, 'name'>;
type EffectiveRow = Row & { readonly connection: readonly ConnectionMode[] };

/** What holds for a row, key by key: input, else its own, else its section's. */
function effective(inputs: InputValues, row: Row, { app, probe, update }: Config): EffectiveRow {
  const sections: Row = { ...app, ...probe, ...given('update', update) };
  const merged: Row = { ...sections, ...defined(row), ...defined(inputs) };
  return { ...merged, connection: merged.connection ?? ['new', 'keep-alive'] };
}

function scenarioSettings(name: string, connection: ConnectionMode, row: EffectiveRow): ScenarioSettings {
  return {
    name,
    manifests: row.manifests ?? [],
    ...given('deployment', row.deployment),
    ...given('target', row.target),
    ...given('path', row.path),
    ...given('vantage', row.vantage),
    protocol: row.protocol ?? DEFAULT_PROTOCOL,
    connection,
    update: row.update ?? { kind: 'restart' },
    ratePerSecond: row.rate ?? 100,
    ...given('pacing', row.pacing),
    ...connectionsOf(connection, { ...row, rate: row.rate ?? 100 }),
    ...slowOf(connection, row),
    baselineMs: row.baseline ?? 5000,
    tailMs: row.tail ?? 5000,
    rolloutDeadlineMs: row['rollout-timeout'] ?? 300_000,
    repeat: row.repeat ?? 1,
    ...given('tryFixRuns', row['try-fix'] ? (row['try-fix-runs'] ?? 3) : undefined),
    ...given('sensitivity', row.sensitivity || undefined),
    ...given('repeatAll', row['repeat-all'] || undefined),
    ...given('rolledControl', rolledControlOf(row)),
    ...given('podProbes', row['pod-probes'] === false ? (false as const) : undefined),
    expect: {
      ...(row['expect-status'] ?? { statusFrom: 200, statusTo: 399 }),
      ...given('bodyContains', row['expect-body']),
      ...given('json', row['expect-json']),
      ...given('sequence', row['expect-sequence'] && { ...row['expect-sequence'], ...sequenceOfRun(1) }),
    },
  };
}

function rolledControlOf({ 'rolled-control': when = 'unexplained' }: Row): ScenarioSettings['rolledControl'] {
  return when === 'never' ? undefined : when;
}

function chooseScenarios(
  all: readonly ExpandedScenario[],
  names: readonly string[],
  label: string,
): { readonly scenarios: readonly ExpandedScenario[]; readonly problems: readonly Problem[] } {
  if (names.length === 0) return { scenarios: all, problems: [] };
  const isNamed = ({ family, settings }: ExpandedScenario, name: string) =>
    settings.name === name || family === name;
  const known = all.map(({ settings }) => settings.name);
  const problems = names
    .filter((name) => !all.some((scenario) => isNamed(scenario, name)))
    .map((name): Problem => {
      const meant = didYouMean(name, known);
      return {
        code: 'RP1013',
        what: `There is no scenario ${shownValue(name)}.`,
        where: label,
        remedy: `${meant === undefined ? '' : `Did you mean ${shownValue(meant)}? `}There are: ${known.slice(0, 20).map(shownValue).join(', ')}.`,
      };
    });
  return { scenarios: all.filter((scenario) => names.some((name) => isNamed(scenario, name))), problems };
}

/** Names are compared as they are written, and as they are reported: a row may be called what another one expands to. */
function duplicateNames(scenarios: readonly ExpandedScenario[], file: ConfigFile | undefined): Problem[] {
  const written = new Map<string, ExpandedScenario>();
  const reported = new Map<string, ExpandedScenario>();
  const problems = new Map<number | undefined, Problem>();
  for (const scenario of scenarios) {
    const { family, index, settings } = scenario;
    for (const [first, name] of [
      [written, family ?? settings.name],
      [reported, settings.name],
    ] as const) {
      const earlier = first.get(name);
      if (!earlier) first.set(name, scenario);
      else if (earlier.index !== index && !problems.has(index)) {
        problems.set(index, duplicateProblem(name, { scenario, earlier, file }));
      }
    }
  }
  return [...problems.values()];
}

function duplicateProblem(
  name: string,
  {
    scenario,
    earlier,
    file,
  }: {
    readonly scenario: ExpandedScenario;
    readonly earlier: ExpandedScenario;
    readonly file: ConfigFile | undefined;
  },
): Problem {
  return {
    code: 'RP1011',
    what: `Two scenarios have the name ${shownValue(name)}.`,
    ...given('where', placeOfScenario(scenario, file, 'name')),
    why: `The other one: ${placeOfScenario(earlier, file, 'name') ?? 'the inputs'}. The report has one row for each name.`,
    remedy: 'Give one of them another name.',
  };
}

function missingManifests(scenarios: readonly ExpandedScenario[], file: ConfigFile | undefined): Problem[] {
  const without = scenarios.filter(({ settings }) => settings.manifests.length === 0);
  const [first] = without;
  if (!first) return [];
  const all = without.length === scenarios.length;
  return [
    {
      code: 'RP1014',
      what: all
        ? 'Nothing is said about what to deploy.'
        : `Scenario ${shownValue(first.settings.name)} has no manifests.`,
      ...given('where', all ? undefined : placeOfScenario(first, file)),
      why: file
        ? `Neither the input manifests nor ${file.file} names any.`
        : 'No manifests are given, and there is no config file.',
      remedy:
        'Name the files: -f k8s/ on the command line, manifests: k8s/ in a workflow, app: {manifests: [k8s]} in the config file.',
    },
  ];
}

function placeOfScenario(
  { index }: ExpandedScenario,
  file: ConfigFile | undefined,
  ...keys: readonly string[]
): string | undefined {
  return index === undefined ? undefined : file?.whereIs(['scenarios', index, ...keys]);
}
