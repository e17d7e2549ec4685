import { createHash, randomUUID } from 'node:crypto';
import { readFile, realpath, stat } from 'node:fs/promises';
import { basename } from 'node:path';
import type { NodeShell } from '../../cluster/cluster-provider.ts';
import { EnvironmentError } from '../../model/problem.ts';
import { run } from '../../platform/process.ts';

/** Folder on the nodes for what we put there. */
const HOME = '/var/lib/rollproof';

/**
 * Puts the Node binary that runs us, and every library it needs down to the loader, on a cluster node, unless they
 * are there already. Gives the words a command line starts with to run it. The node's own libraries are not used:
 * its image may be of another distribution, or older.
 */
export async function installNodeRuntime(shell: NodeShell, node: string): Promise<readonly string[]> {
  if (process.platform !== 'linux') {
    throw new EnvironmentError({
      code: 'RP2304',
      what: `A prober in a kind node needs Rollproof to run on Linux, not on ${process.platform}.`,
      why: 'The Node binary that runs Rollproof is what runs the prober in the node.',
      remedy: 'Run on Linux, or give the scenario `vantage: runner`.',
    });
  }
  const { size } = await stat(process.execPath);
  // Two builds of one version that are equally large would do the same.
  const directory = `${HOME}/node-${process.version}-${process.arch}-${size}`;
  const { loader, libraries } = await sharedObjects(process.execPath);
  const command = loader
    ? [`${directory}/${basename(loader)}`, '--library-path', directory, `${directory}/node`]
    : [`${directory}/node`];
  await installOnce(shell, node, {
    directory,
    files: [
      { from: process.execPath, as: 'node' },
      ...[...libraries, ...(loader ? [loader] : [])].map((path) => ({ from: path, as: basename(path) })),
    ],
  });
  return command;
}

/** Puts a program for that Node on a cluster node and gives its path there. */
export async function installProgram(shell: NodeShell, node: string, program: string): Promise<string> {
  const digest = createHash('sha256')
    .update(await readFile(program))
    .digest('hex')
    .slice(0, 16);
  const directory = `${HOME}/prober-${digest}`;
  // The extension says that it is a module: there is no package.json to say it.
  await installOnce(shell, node, { directory, files: [{ from: program, as: 'prober.mjs' }] });
  return `${directory}/prober.mjs`;
}

interface Installation {
  readonly directory: string;
  readonly files: readonly { readonly from: string; readonly as: string }[];
}

/** A directory appears with all its files or not at all, also where two do this at once. */
async function installOnce(
  shell: NodeShell,
  node: string,
  { directory, files }: Installation,
): Promise<void> {
  const there = await shell.run(node, ['sh', '-c', 'test -d "$0" && echo yes || echo no', directory]);
  if (there.trim() === 'yes') return;
  const partial = `${directory}.${randomUUID()}`;
  await shell.run(node, ['mkdir', '-p', partial]);
  // Copied from the file itself: a link would arrive as a link to nothing.
  for (const { from, as } of files) await shell.copyTo(node, await realpath(from), `${partial}/${as}`);
  const publish = 'chmod -R a+rX "$0" && { mv -T "$0" "$1" || { test -d "$1" && rm -rf "$0"; }; }';
  await shell.run(node, ['sh', '-c', publish, partial, directory]);
}

/** What the dynamic loader would load for a program: `libc.so.6 => /lib/x86_64-linux-gnu/libc.so.6 (0x…)`. */
async function sharedObjects(
  program: string,
): Promise<{ readonly loader: string | undefined; readonly libraries: readonly string[] }> {
  // ldd fails for a program that is linked statically, which then needs nothing.
  const listing = await run('ldd', [program], { env: { LC_ALL: 'C' } }).catch(() => '');
  return parseSharedObjects(listing);
}

/** Reads what `ldd` prints. */
export function parseSharedObjects(listing: string): {
  readonly loader: string | undefined;
  readonly libraries: readonly string[];
} {
  const paths = [...listing.matchAll(/^\s*(?:\S+ => )?(\/\S+)(?: \(0x[0-9a-f]+\))?$/gm)].flatMap(
    ([, path]) => path ?? [],
  );
  const isLoader = (path: string) => /^ld-(linux|musl)/.test(basename(path));
  return { loader: paths.find(isLoader), libraries: paths.filter((path) => !isLoader(path)) };
}
