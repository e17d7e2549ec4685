import path from 'node:path';
import type { Update } from '../model/scenario.ts';
import type { Config, ScenarioConfig } from './config-schema.ts';
import { defined, given } from './given.ts';
import type { InputValues } from './options.ts';

/** Stands for the manifests as of the merge base where a path could stand. */
export const GIT_BASE = 'git:base';

/** Stands for standard input where a path could stand. */
export const STANDARD_INPUT = '-';

/** The inputs with every path counting from the working directory instead of the given folder. */
export function inputsInPlace(inputs: InputValues, folder: string): InputValues {
  return {
    ...inputs,
    ...defined(appPaths(inputs, folder)),
    ...defined(clusterPaths(inputs, folder)),
    ...given('output', inPlace(inputs.output, folder)),
  };
}

/** The same for a config file. */
export function configInPlace(config: Config, folder: string): Config {
  const { app, cluster, report, scenarios } = config;
  return {
    ...config,
    ...given('update', updateInPlace(config.update, folder)),
    ...given('app', app && { ...app, ...defined(appPaths(app, folder)) }),
    ...given('cluster', cluster && { ...cluster, ...defined(clusterPaths(cluster, folder)) }),
    ...given('report', report && { ...report, ...given('output', inPlace(report.output, folder)) }),
    ...given(
      'scenarios',
      scenarios?.map((row) => ({ ...row, ...defined(appPaths(row, folder)) })),
    ),
  };
}

/** Does this cni name a file? A word without a slash and a suffix is a name, known or not. */
export function isManifestPath(cni: string): boolean {
  return /[/\\]|\.(ya?ml|json)$/.test(cni);
}

function appPaths(
  { manifests, update }: Partial<Pick<ScenarioConfig, 'manifests' | 'update'>>,
  folder: string,
) {
  return {
    manifests: manifests?.map((one) => (one === STANDARD_INPUT ? one : fromFolder(one, folder))),
    update: updateInPlace(update, folder),
  };
}

function clusterPaths(values: NonNullable<Config['cluster']>, folder: string) {
  const { cni } = values;
  return {
    cni: cni !== undefined && isManifestPath(cni) ? fromFolder(cni, folder) : undefined,
    'cni-manifest': inPlace(values['cni-manifest'], folder),
    'cni-plugins': inPlace(values['cni-plugins'], folder),
    'kind-config': inPlace(values['kind-config'], folder),
    kubeconfig: inPlace(values.kubeconfig, folder),
  };
}

function updateInPlace(update: Update | undefined, folder: string): Update | undefined {
  if (update?.kind !== 'apply' || update.from === GIT_BASE) return update;
  return { ...update, from: fromFolder(update.from, folder) };
}

function inPlace(given: string | undefined, folder: string): string | undefined {
  return given === undefined ? undefined : fromFolder(given, folder);
}

function fromFolder(given: string, folder: string): string {
  return path.isAbsolute(given) ? given : path.join(folder, given);
}
