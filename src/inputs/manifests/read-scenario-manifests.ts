import type { ManifestObject } from '../../model/manifest.ts';
import type { ScenarioManifests } from '../../model/plan.ts';
import { BadInputError, type Problem } from '../../model/problem.ts';
import type { ScenarioSettings } from '../../model/settings.ts';
import { type BaseHints, type BaseTree, checkOutMergeBase } from '../git-base.ts';
import { GIT_BASE, STANDARD_INPUT } from '../paths-in-place.ts';
import { readWhole } from '../read-whole.ts';
import { readManifests } from './read-manifests.ts';

export interface ManifestSurroundings {
  /** Folder that files may not be outside of (GITHUB_WORKSPACE); absent on a person's own machine: anywhere. */
  readonly workspace?: string | undefined;
  readonly base: BaseHints;
  /** Standard input; read only where `-` is among the manifests. */
  readonly stdin: AsyncIterable<Uint8Array | string>;
  readonly signal: AbortSignal;
}

/**
 * The manifests of every scenario, in the order of the scenarios; what several of them name is read once.
 * Throws BadInputError with everything that is wrong in any of them.
 */
export async function readScenarioManifests(
  scenarios: readonly ScenarioSettings[],
  surroundings: ManifestSurroundings,
): Promise<readonly ScenarioManifests[]> {
  await using reader = new ScenarioManifestReader(surroundings);
  const manifests: ScenarioManifests[] = [];
  const problems = new Map<string, Problem>();
  for (const scenario of scenarios) {
    try {
      manifests.push(await reader.read(scenario));
    } catch (error) {
      if (!(error instanceof BadInputError)) throw error;
      for (const problem of error.problems) problems.set(JSON.stringify(problem), problem);
    }
  }
  if (problems.size > 0) throw new BadInputError([...problems.values()]);
  return manifests;
}

class ScenarioManifestReader implements AsyncDisposable {
  readonly #surroundings: ManifestSurroundings;
  readonly #read = new Map<string, Promise<readonly ManifestObject[]>>();
  #stdin: Promise<string> | undefined;
  #baseTree: Promise<BaseTree> | undefined;

  constructor(surroundings: ManifestSurroundings) {
    this.#surroundings = surroundings;
  }

  async read({ manifests, update }: ScenarioSettings): Promise<ScenarioManifests> {
    if (update.kind !== 'apply') return { objects: await this.#now(manifests) };
    if (update.from !== GIT_BASE) {
      return { objects: await this.#now(manifests), updatedObjects: await this.#now([update.from]) };
    }
    return { objects: await this.#before(manifests), updatedObjects: await this.#now(manifests) };
  }

  #now(given: readonly string[]): Promise<readonly ManifestObject[]> {
    const { workspace, signal } = this.#surroundings;
    const root = { folder: '', prefix: '', workspace };
    return this.#once(JSON.stringify(['now', ...given]), () =>
      readManifests(given, { root, signal, stdin: () => this.#standardInput() }),
    );
  }

  #before(given: readonly string[]): Promise<readonly ManifestObject[]> {
    return this.#once(JSON.stringify(['before', ...given]), async () => {
      const { base, signal } = this.#surroundings;
      if (given.includes(STANDARD_INPUT)) throw new BadInputError([stdinHasNoPast()]);
      this.#baseTree ??= checkOutMergeBase(base, signal);
      const tree = await this.#baseTree;
      const root = { folder: tree.folder, prefix: `${tree.commit}:`, workspace: tree.folder };
      try {
        return await readManifests(given.map(tree.pathOf), {
          root,
          signal,
          stdin: () => this.#standardInput(),
        });
      } catch (error) {
        const isAbsent =
          error instanceof BadInputError && error.problems.every(({ code }) => ABSENT.includes(code));
        throw isAbsent ? new BadInputError([firstIntroduction(given, tree.commit)]) : error;
      }
    });
  }

  #standardInput(): Promise<string> {
    this.#stdin ??= readWhole(this.#surroundings.stdin);
    return this.#stdin;
  }

  #once(key: string, read: () => Promise<readonly ManifestObject[]>): Promise<readonly ManifestObject[]> {
    const earlier = this.#read.get(key) ?? read();
    this.#read.set(key, earlier);
    return earlier;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    const tree = await this.#baseTree?.catch(() => undefined);
    await tree?.[Symbol.asyncDispose]();
  }
}

/** Problems that say that there is nothing at a path: RP1020 no file, RP1035 no manifest in it. */
const ABSENT = ['RP1020', 'RP1035'];

function firstIntroduction(given: readonly string[], commit: string): Problem {
  return {
    code: 'RP1041',
    what: `The merge base ${commit} does not have the manifests ${given.join(', ')}.`,
    where: 'update: apply:git:base',
    why: 'There is no old version to update from: this branch is the first that has them.',
    remedy: 'Use update: restart in the pull request that introduces the manifests.',
  };
}

function stdinHasNoPast(): Problem {
  return {
    code: 'RP1041',
    what: 'Manifests from standard input have no version at the merge base.',
    where: 'update: apply:git:base',
    remedy: 'Name files, or give both versions as paths: -f old.yaml --update apply:new.yaml',
  };
}
