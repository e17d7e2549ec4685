import { stat } from 'node:fs/promises';
import path from 'node:path';
import { type FieldPath, type ManifestObject, placeText } from '../../model/manifest.ts';
import { property } from '../../model/plain-data.ts';
import { BadInputError, EnvironmentError, type Problem } from '../../model/problem.ts';
import { CommandError, run } from '../../platform/process.ts';
import { readTextFile, refuseOutside, unreadable } from '../read-text-file.ts';
import { shownValue } from '../shown-value.ts';
import { parseYaml, type YamlDocument } from '../yaml-source.ts';
import { findSources, type ManifestRoot } from './find-sources.ts';
import { parseManifests } from './parse-manifests.ts';

const RENDER_TIMEOUT_MS = 60_000;
const MAX_FOLDERS = 100;

export interface Kustomization {
  readonly folder: string;
  readonly file: string;
}

/**
 * The objects that a kustomization renders to. Everything it is made of has to be local: what it names is followed
 * first, and a remote base, a chart or a path out of the workspace is refused (RP1033, RP1024) before anything runs.
 */
export async function renderKustomization(
  { folder, file }: Kustomization,
  root: ManifestRoot,
  signal: AbortSignal,
): Promise<readonly ManifestObject[]> {
  await checkKustomization({ folder, file }, root, new Set());
  const text = await render(path.join(root.folder, folder) || '.', root.prefix + file, signal);
  return parseManifests({
    file: root.prefix + file,
    text,
    renderedFrom: { file: root.prefix + file, line: 1, column: 1 },
  });
}

async function render(folder: string, shown: string, signal: AbortSignal): Promise<string> {
  const options = { signal, timeoutMs: RENDER_TIMEOUT_MS };
  try {
    return await run('kubectl', ['kustomize', folder], options);
  } catch (error) {
    if (!(error instanceof CommandError)) throw error;
    if (!error.notFound) throw renderFailed(shown, error);
  }
  try {
    return await run('kustomize', ['build', folder], options);
  } catch (error) {
    if (!(error instanceof CommandError)) throw error;
    throw error.notFound ? toolMissing(shown, error) : renderFailed(shown, error);
  }
}

/** Fields whose entries are files or folders with resources. */
const RESOURCE_FIELDS = ['resources', 'bases', 'components'] as const;
/** Fields that hold, at some depth, paths of further files. */
const FILE_FIELDS = [
  'patches',
  'patchesStrategicMerge',
  'patchesJson6902',
  'configurations',
  'crds',
  'generators',
  'transformers',
  'validators',
  'replacements',
  'openapi',
  'configMapGenerator',
  'secretGenerator',
] as const;
const REMOTE =
  /^([a-z][a-z0-9+.-]*:\/\/|git@|git::|github\.com[/:]|gitlab\.com[/:]|bitbucket\.org[/:])|[?&]ref=/i;

async function checkKustomization(one: Kustomization, root: ManifestRoot, seen: Set<string>): Promise<void> {
  const folder = path.resolve(root.folder, one.folder);
  if (seen.has(folder) || seen.size >= MAX_FOLDERS) return;
  seen.add(folder);
  const shown = root.prefix + one.file;
  const text = await readTextFile({
    path: path.join(root.folder, one.file),
    shown,
    workspace: root.workspace,
  });
  const { documents, problems } = parseYaml({ file: shown, text, dialect: 'kubernetes' });
  if (problems.length > 0) throw new BadInputError(problems);
  for (const document of documents) {
    refuseRemote(document);
    for (const field of RESOURCE_FIELDS) {
      const entries = property(document.value, field);
      if (!Array.isArray(entries)) continue;
      for (const [index, entry] of entries.entries()) {
        const where = placeText(document.placeOf([field, index]));
        if (typeof entry === 'string') await checkResource(path.join(one.folder, entry), where, root, seen);
      }
    }
  }
}

async function checkResource(
  resource: string,
  where: string,
  root: ManifestRoot,
  seen: Set<string>,
): Promise<void> {
  const shown = root.prefix + resource;
  const file = { path: path.join(root.folder, resource), shown, workspace: root.workspace };
  await refuseOutside(file);
  const facts = await stat(file.path).catch((error: unknown) => unreadable(shown, error));
  if ('code' in facts) throw new BadInputError([{ ...facts, where }]);
  if (!facts.isDirectory()) {
    const { problems } = parseYaml({ file: shown, text: await readTextFile(file), dialect: 'kubernetes' });
    if (problems.length > 0) throw new BadInputError(problems);
    return;
  }
  const [source] = await findSources(resource, root);
  if (source?.kind !== 'kustomization') throw new BadInputError([noBaseProblem(shown, where)]);
  await checkKustomization(source, root, seen);
}

function refuseRemote(document: YamlDocument): void {
  const problems: Problem[] = [];
  for (const field of ['helmCharts', 'helmChartInflationGenerator']) {
    if (property(document.value, field) === undefined) continue;
    problems.push(remoteProblem(`${field} makes kustomize run Helm`, placeText(document.placeOf([field]))));
  }
  for (const field of [...RESOURCE_FIELDS, ...FILE_FIELDS]) {
    for (const { text, path: at } of texts(property(document.value, field), [field])) {
      if (REMOTE.test(text))
        problems.push(
          remoteProblem(`${shownValue(text)} is not a local path`, placeText(document.placeOf(at))),
        );
    }
  }
  if (problems.length > 0) throw new BadInputError(problems);
}

/** Texts on one line at any depth, with their paths; inline patches have several lines. */
function* texts(
  value: unknown,
  at: FieldPath,
): Generator<{ readonly text: string; readonly path: FieldPath }> {
  if (typeof value === 'string' && !value.includes('\n')) yield { text: value, path: at };
  if (typeof value !== 'object' || value === null) return;
  for (const [key, item] of Object.entries(value))
    yield* texts(item, [...at, Array.isArray(value) ? Number(key) : key]);
}

function remoteProblem(why: string, where: string): Problem {
  return {
    code: 'RP1033',
    what: 'The kustomization is made of more than local files.',
    where,
    why: `${why}. What is tested has to be what is checked out.`,
    remedy: 'Render it in a step of its own and give the result: kubectl kustomize … > rendered.yaml',
  };
}

function noBaseProblem(shown: string, where: string): Problem {
  return {
    code: 'RP1035',
    what: `There is no kustomization in ${shown}.`,
    where,
    why: 'A folder among the resources of a kustomization has to be a kustomization itself.',
    remedy: 'Name its files, or add a kustomization.yaml to it.',
  };
}

function renderFailed(shown: string, { command, output }: CommandError): BadInputError {
  return new BadInputError([
    {
      code: 'RP1034',
      what: `The kustomization ${shown} can not be rendered.`,
      where: shown,
      why: output.trim().slice(0, 600) || 'The command printed nothing.',
      remedy: `Make this command work: ${command}`,
    },
  ]);
}

function toolMissing(shown: string, cause: CommandError): EnvironmentError {
  return new EnvironmentError(
    {
      code: 'RP2110',
      what: 'Neither kubectl nor kustomize is installed.',
      where: shown,
      why: 'A kustomization is rendered by one of them.',
      remedy: 'Install kubectl, or render the kustomization in a step of its own.',
    },
    { cause },
  );
}
