import { readdir, stat } from 'node:fs/promises';
import path from 'node:path';
import { glob, isDynamicPattern } from 'tinyglobby';
import { BadInputError, type Problem } from '../../model/problem.ts';
import { STANDARD_INPUT } from '../paths-in-place.ts';
import { refuseOutside, unreadable } from '../read-text-file.ts';

/** The folder that paths count from, and how its files are called in messages. */
export interface ManifestRoot {
  /** Absolute, or '' for the working directory. */
  readonly folder: string;
  /** Put before a path in messages: '' or `3f2a9c1:`. */
  readonly prefix: string;
  /** Folder that no file may be outside of; absent: anywhere. */
  readonly workspace?: string | undefined;
}

/** Something that manifests are read from. Paths count from the root. */
export type ManifestSource =
  | { readonly kind: 'file'; readonly path: string }
  | { readonly kind: 'kustomization'; readonly folder: string; readonly file: string }
  | { readonly kind: 'stdin' };

const MAX_FILES = 500;
const MANIFEST = /\.(ya?ml|json)$/;
const KUSTOMIZATION = /^(kustomization\.ya?ml|Kustomization)$/;
/** Our own configuration may lie beside the manifests. */
const OWN_CONFIG = /^rollproof\.ya?ml$/;

/**
 * What one entry of `manifests` stands for: a file, the manifests directly in a folder (as `kubectl apply -f` takes
 * it, not those in its subfolders), a kustomization, the files of a glob, or standard input.
 * Throws BadInputError where that is nothing.
 */
export async function findSources(given: string, root: ManifestRoot): Promise<readonly ManifestSource[]> {
  if (given === STANDARD_INPUT) return [{ kind: 'stdin' }];
  const shown = root.prefix + given;
  await refuseOutside({ path: path.join(root.folder, given), shown, workspace: root.workspace });
  const facts = await stat(path.join(root.folder, given)).catch((error: unknown) => unreadable(shown, error));
  if ('code' in facts) {
    if (!isDynamicPattern(given)) throw new BadInputError([facts]);
    return await globbed(given, root);
  }
  if (facts.isDirectory()) return await inFolder(given, root);
  const isKustomization = KUSTOMIZATION.test(path.basename(given));
  return [
    isKustomization
      ? { kind: 'kustomization', folder: path.dirname(given), file: given }
      : { kind: 'file', path: given },
  ];
}

async function inFolder(folder: string, root: ManifestRoot): Promise<readonly ManifestSource[]> {
  const entries = await readdir(path.join(root.folder, folder), { withFileTypes: true });
  const names = entries.map(({ name }) => name).toSorted();
  const kustomization = names.find((name) => KUSTOMIZATION.test(name));
  if (kustomization) return [{ kind: 'kustomization', folder, file: path.join(folder, kustomization) }];
  if (names.includes('Chart.yaml')) throw new BadInputError([chartProblem(root.prefix + folder)]);
  const files = entries
    .filter((entry) => !entry.isDirectory() && MANIFEST.test(entry.name) && !OWN_CONFIG.test(entry.name))
    .map(({ name }) => path.join(folder, name))
    .toSorted();
  if (files.length === 0)
    throw new BadInputError([
      emptyFolderProblem(
        root.prefix + folder,
        entries.some((entry) => entry.isDirectory()),
      ),
    ]);
  return bounded(files, root.prefix + folder);
}

async function globbed(pattern: string, root: ManifestRoot): Promise<readonly ManifestSource[]> {
  const options = {
    cwd: root.folder || '.',
    onlyFiles: true,
    expandDirectories: false,
    followSymbolicLinks: false,
  };
  const files = await glob([pattern], options);
  if (files.length === 0) throw new BadInputError([noMatchProblem(root.prefix + pattern)]);
  return bounded(files.toSorted(), root.prefix + pattern);
}

function bounded(files: readonly string[], shown: string): readonly ManifestSource[] {
  if (files.length <= MAX_FILES) return files.map((file) => ({ kind: 'file', path: file }));
  throw new BadInputError([
    {
      code: 'RP1036',
      what: `${shown} stands for ${files.length} files.`,
      where: shown,
      why: `No more than ${MAX_FILES} are read.`,
      remedy: 'Name the files of the workload that is updated.',
    },
  ]);
}

function emptyFolderProblem(shown: string, hasFolders: boolean): Problem {
  return {
    code: 'RP1035',
    what: `There is no manifest in ${shown}.`,
    where: shown,
    why: 'The files directly in a folder are read: *.yaml, *.yml and *.json.',
    remedy: hasFolders
      ? `For the files in its subfolders as well, write ${path.join(shown, '**/*.yaml')}`
      : 'Name another folder.',
  };
}

function noMatchProblem(shown: string): Problem {
  return {
    code: 'RP1035',
    what: `No file matches ${shown}.`,
    where: shown,
    remedy: 'Correct the pattern; it counts from the working directory.',
  };
}

function chartProblem(shown: string): Problem {
  return {
    code: 'RP1032',
    what: `${shown} is a Helm chart, not a folder of manifests.`,
    where: shown,
    remedy: `Render it first and give the result: helm template ${shown} | rollproof run -f -`,
  };
}
