import { realpath, stat } from 'node:fs/promises';
import path from 'node:path';
import { BadInputError, type Problem } from '../model/problem.ts';
import type { ClusterSettings, SettingPlaces, Settings } from '../model/settings.ts';
import { type ConfigFile, parseConfigFile } from './config-file.ts';
import { mergeSettings } from './merge.ts';
import type { InputValues } from './options.ts';
import { isManifestPath } from './paths-in-place.ts';
import { parseInputs, type RawInputs } from './raw-inputs.ts';
import { readTextFile, refuseOutside, unreadable } from './read-text-file.ts';
import { type TriggeringEvent, unsafeEventProblem } from './unsafe-event.ts';

/** What a face knows of its surroundings. */
export interface InputSurroundings {
  /** Folder that files may not be outside of (GITHUB_WORKSPACE); absent on a person's own machine: anywhere. */
  readonly workspace?: string | undefined;
  /** Absent outside of GitHub Actions. */
  readonly event?: TriggeringEvent | undefined;
}

export interface LoadedSettings {
  readonly settings: Settings;
  /** Those of each scenario, in the order of `settings.scenarios`. */
  readonly places: readonly SettingPlaces[];
  /** The config file that was read, as the user calls it. */
  readonly configFile?: string;
}

/**
 * From what a face was told to Settings. Paths in Settings count from the process's working directory.
 * Throws BadInputError with all that is wrong; nothing has been run or changed then.
 */
export async function loadSettings(raw: RawInputs, surroundings: InputSurroundings): Promise<LoadedSettings> {
  const { values: inputs, problems: inputProblems } = parseInputs(raw);
  const unsafe = surroundings.event && unsafeEventProblem(surroundings.event);
  if (unsafe && inputs['allow-unsafe-event'] !== true) throw new BadInputError([unsafe]);

  const inputFolder = inputs['working-directory'] ?? '';
  const file = await attempt(() => readConfigFile(inputs, inputFolder, surroundings));
  const { settings, places, problems } = mergeSettings({
    inputs,
    labelOf: (name) => raw.get(name)?.label ?? name,
    inputFolder,
    file: file.value,
    fileFolder: file.value ? folderOfConfig(file.value.file) : '',
  });
  // Without the file, what seems to be missing may well be in it.
  const merged = file.problems.length > 0 ? [] : problems;
  const all = [
    ...inputProblems,
    ...file.problems,
    ...merged,
    ...(await pathProblems(settings.cluster, surroundings)),
  ];
  if (all.length > 0) throw new BadInputError(all);
  return { settings, places, ...(file.value ? { configFile: file.value.file } : {}) };
}

const CONFIG_FILES = ['.github/rollproof.yml', '.github/rollproof.yaml', 'rollproof.yml', 'rollproof.yaml'];

async function readConfigFile(
  inputs: InputValues,
  folder: string,
  { workspace }: InputSurroundings,
): Promise<ConfigFile | undefined> {
  const named = inputs.config === undefined ? undefined : path.join(folder, inputs.config);
  const wanted = path.isAbsolute(inputs.config ?? '') ? inputs.config : named;
  const found = wanted ?? (await firstExisting(CONFIG_FILES.map((name) => path.join(folder, name))));
  if (found === undefined) return undefined;
  return parseConfigFile(found, await readTextFile({ path: found, shown: found, workspace }));
}

/** Paths in a config file count from its own folder; from the one above where that is `.github`. */
function folderOfConfig(file: string): string {
  const folder = path.dirname(file);
  return path.basename(folder) === '.github' ? path.dirname(folder) : folder;
}

async function firstExisting(files: readonly string[]): Promise<string | undefined> {
  for (const file of files) if (await exists(file)) return file;
  return undefined;
}

async function exists(file: string): Promise<boolean> {
  return await stat(file).then(
    () => true,
    () => false,
  );
}

/** The files that the cluster is made from have to be there before it is. */
async function pathProblems(
  cluster: ClusterSettings,
  { workspace }: InputSurroundings,
): Promise<readonly Problem[]> {
  const inWorkspace = [
    isManifestPath(cluster.cni) ? cluster.cni : undefined,
    cluster.cniManifest,
    cluster.cniPlugins,
    cluster.kindConfig,
  ].filter((one) => one !== undefined);
  const checks = inWorkspace.map((one) =>
    refuseOutside({ path: one, shown: one, workspace }).then(() => realpath(one)),
  );
  // A kubeconfig belongs to the machine, not to the workspace.
  if (cluster.kubeconfig !== undefined) checks.push(realpath(cluster.kubeconfig));
  const names = [...inWorkspace, cluster.kubeconfig ?? ''];
  const settled = await Promise.allSettled(checks);
  return settled.flatMap((result, index): readonly Problem[] => {
    if (result.status === 'fulfilled') return [];
    return result.reason instanceof BadInputError
      ? result.reason.problems
      : [unreadable(names[index] ?? '', result.reason)];
  });
}

async function attempt<T>(
  action: () => Promise<T>,
): Promise<{ readonly value?: T; readonly problems: readonly Problem[] }> {
  try {
    return { value: await action(), problems: [] };
  } catch (error) {
    if (error instanceof BadInputError) return { problems: error.problems };
    throw error;
  }
}
