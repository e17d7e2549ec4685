import { access, mkdir, readdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { BadInputError, EnvironmentError } from '../../model/problem.ts';
import { DownloadError, download } from '../../platform/download.ts';
import { CommandError, run } from '../../platform/process.ts';
import type { NodeShell } from '../cluster-provider.ts';
import { CNI_PLUGINS } from './cni-table.ts';

export interface CniPluginsOptions {
  readonly nodeShell: NodeShell;
  readonly nodes: readonly string[];
  /** Whether the CNI calls `bridge`, which kind's node image lacks. */
  readonly needsBridge: boolean;
  /** The user's folder of plugins, all of which are wanted on the nodes. */
  readonly folder?: string;
  /** In Docker's words: `x86_64`, `aarch64`. */
  readonly architecture: string;
  readonly workDir: string;
  readonly signal: AbortSignal;
  progress(line: string): void;
}

const FOLDER_IN_NODE = '/opt/cni/bin';
const USUAL_FOLDERS = ['/opt/cni/bin', '/usr/lib/cni', '/usr/libexec/cni'];
const MAX_BYTES = 128 * 1024 * 1024;

/**
 * Puts CNI plugin binaries on every node: those of the user's folder; and `bridge`, where the CNI needs it and it is
 * still missing, from this machine if it has it, else from the release of containernetworking/plugins.
 * Throws EnvironmentError where that cannot be had or does not run on the nodes.
 */
export async function installCniPlugins(options: CniPluginsOptions): Promise<void> {
  const { nodeShell, nodes, folder, needsBridge } = options;
  if (folder !== undefined) {
    await Promise.all(nodes.map((node) => nodeShell.copyTo(node, `${folder}/.`, FOLDER_IN_NODE)));
    options.progress(`CNI plugins of ${folder} are on the nodes`);
  }
  if (!needsBridge) return;
  const present = await Promise.all(nodes.map((node) => bridgeRuns(nodeShell, node)));
  const lacking = nodes.filter((_, index) => !present[index]);
  if (lacking.length === 0) return;
  const plugin = (await localBridgePlugin()) ?? (await downloadBridge(options));
  await Promise.all(
    lacking.map(async (node) => {
      await nodeShell.copyTo(node, plugin, `${FOLDER_IN_NODE}/bridge`);
      if (!(await bridgeRuns(nodeShell, node)))
        throw unavailable(`The file ${plugin} does not run on node ${node}.`);
    }),
  );
  options.progress(`CNI plugin ${plugin} is on the nodes`);
}

/** Throws BadInputError where the user's folder of plugins is none. */
export async function requirePluginFolder(folder: string): Promise<void> {
  const files = await readdir(folder).catch(() => []);
  if (files.length > 0) return;
  throw new BadInputError([
    {
      code: 'RP1807',
      what: `The folder of CNI plugins ${folder} is empty or cannot be read.`,
      where: 'cni-plugins',
      remedy: 'Name a folder that holds the plugin binaries, such as /opt/cni/bin.',
    },
  ]);
}

/** Path of a `bridge` plugin on this machine that can run on the nodes; undefined: there is none. */
export async function localBridgePlugin(): Promise<string | undefined> {
  // Elsewhere the nodes run in a Linux machine of Docker's, and the plugins of this one are not theirs.
  if (process.platform !== 'linux') return undefined;
  for (const folder of USUAL_FOLDERS) {
    const path = join(folder, 'bridge');
    const exists = await access(path).then(
      () => true,
      () => false,
    );
    if (exists) return path;
  }
  return undefined;
}

async function bridgeRuns(nodeShell: NodeShell, node: string): Promise<boolean> {
  try {
    await nodeShell.run(node, ['env', 'CNI_COMMAND=VERSION', `${FOLDER_IN_NODE}/bridge`]);
    return true;
  } catch (error) {
    if (error instanceof CommandError) return false;
    throw error;
  }
}

async function downloadBridge({ architecture, workDir, signal }: CniPluginsOptions): Promise<string> {
  const file = CNI_PLUGINS.files[architecture];
  if (!file) throw unavailable(`There is no pinned release of it for ${architecture}.`);
  try {
    const archive = await download({ ...file, maxBytes: MAX_BYTES, signal });
    const folder = join(workDir, `cni-plugins-${CNI_PLUGINS.version}`);
    await mkdir(folder, { recursive: true });
    const path = join(folder, 'plugins.tgz');
    await writeFile(path, archive);
    await run('tar', ['-xzf', path, '-C', folder, './bridge'], { signal });
    return join(folder, 'bridge');
  } catch (error) {
    if (!(error instanceof DownloadError)) throw error;
    throw unavailable(`${file.url}: ${error.message}`, error);
  }
}

function unavailable(why: string, cause?: unknown): EnvironmentError {
  return new EnvironmentError(
    {
      code: 'RP2204',
      what: 'The CNI needs the plugin `bridge`, which kind nodes lack, and it cannot be had.',
      why,
      remedy:
        'Install the package containernetworking-plugins, or name a folder that holds `bridge` in `cni-plugins`.',
    },
    { cause },
  );
}
