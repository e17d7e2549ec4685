import { join } from 'node:path';
import { type ManifestObject, placeText } from '../../model/manifest.ts';
import { BadInputError, type Problem } from '../../model/problem.ts';
import { readTextFile } from '../read-text-file.ts';

import { findSources, type ManifestRoot, type ManifestSource } from './find-sources.ts';
import { renderKustomization } from './kustomization.ts';
import { parseManifests } from './parse-manifests.ts';

const MAX_OBJECTS = 1000;

export interface ManifestReading {
  readonly root: ManifestRoot;
  readonly signal: AbortSignal;
  /** May one object be there twice, as in two overlays? Only where nothing is applied. */
  readonly repeats?: 'allowed';
  /** The whole of standard input; asked for where `-` is among the manifests. */
  stdin(): Promise<string>;
}

/** All objects of the given files, folders, globs and kustomizations. Throws BadInputError with all that is wrong. */
export async function readManifests(
  given: readonly string[],
  reading: ManifestReading,
): Promise<readonly ManifestObject[]> {
  const objects: ManifestObject[] = [];
  const problems: Problem[] = [];
  const attempt = async <T>(action: () => Promise<T>): Promise<T | undefined> => {
    try {
      return await action();
    } catch (error) {
      if (!(error instanceof BadInputError)) throw error;
      problems.push(...error.problems);
      return undefined;
    }
  };
  const sources = new Map<string, ManifestSource>();
  for (const one of given) {
    const found = await attempt(() => findSources(one, reading.root));
    // A file that two patterns match is read once.
    for (const source of found ?? []) sources.set(JSON.stringify(source), source);
  }
  for (const source of sources.values())
    objects.push(...((await attempt(() => readSource(source, reading))) ?? []));
  problems.push(...(problems.length === 0 ? wholeProblems(objects, given, reading) : []));
  if (problems.length > 0) throw new BadInputError(problems);
  return objects;
}

async function readSource(
  source: ManifestSource,
  { root, signal, stdin }: ManifestReading,
): Promise<readonly ManifestObject[]> {
  switch (source.kind) {
    case 'stdin':
      return parseManifests({ file: '<stdin>', text: await stdin() });
    case 'kustomization':
      return await renderKustomization(source, root, signal);
    case 'file': {
      const shown = root.prefix + source.path;
      const path = join(root.folder, source.path);
      return parseManifests({
        file: shown,
        text: await readTextFile({ path, shown, workspace: root.workspace }),
      });
    }
  }
}

function wholeProblems(
  objects: readonly ManifestObject[],
  given: readonly string[],
  { repeats }: ManifestReading,
): Problem[] {
  if (objects.length === 0) return [nothingProblem(given)];
  if (repeats === 'allowed') return [];
  if (objects.length > MAX_OBJECTS) return [tooManyProblem(objects.length)];
  // Namespaces do not tell two objects apart: every run moves all of them into one of its own.
  const first = new Map<string, ManifestObject>();
  const problems: Problem[] = [];
  for (const object of objects) {
    const [group] = object.apiVersion.split('/');
    const identity = JSON.stringify([group, object.kind, object.name]);
    const earlier = first.get(identity);
    if (earlier) problems.push(duplicateProblem(object, earlier));
    else first.set(identity, object);
  }
  return problems;
}

function duplicateProblem(object: ManifestObject, earlier: ManifestObject): Problem {
  return {
    code: 'RP1031',
    what: `${object.kind} ${object.name} is in the manifests twice.`,
    where: placeText(object.place),
    why: `It is also at ${placeText(earlier.place)}; the second would overwrite the first.`,
    remedy:
      'Name only one of the two files. Base and overlay are joined by a kustomization: name its folder.',
  };
}

function nothingProblem(given: readonly string[]): Problem {
  const shown = given.map((path) => (path === '-' ? 'standard input' : path)).join(', ');
  return {
    code: 'RP1035',
    what: `There is no Kubernetes object in ${shown}.`,
    where: shown,
    remedy: 'Name files that hold a Deployment and its Service.',
  };
}

function tooManyProblem(count: number): Problem {
  return {
    code: 'RP1036',
    what: `The manifests hold ${count} objects.`,
    why: `No more than ${MAX_OBJECTS} are applied.`,
    remedy: 'Name the files of the workload that is updated.',
  };
}
