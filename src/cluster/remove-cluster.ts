import { randomBytes } from 'node:crypto';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { CommandError, run } from '../platform/process.ts';

/** A name no cluster has yet, and that marks the cluster as ours. */
export function newClusterName(): string {
  return `rollproof-${randomBytes(4).toString('hex')}`;
}

/** Whether a cluster of this name is one that Rollproof created. No other is ever removed. */
function isOurClusterName(name: string): boolean {
  return /^rollproof-[0-9a-f]{8}$/.test(name);
}

/**
 * Deletes a kind cluster that Rollproof created, with its nodes' volumes, and no other. An absent one is no error, nor
 * is Docker's or kind's absence, since then there is none. Throws CommandError where containers are left.
 */
export async function removeCluster(name: string): Promise<void> {
  if (!isOurClusterName(name)) throw new Error(`${name} is not a cluster of ours`);
  // kind would otherwise look for the cluster in the user's own kubeconfig, and lock that file meanwhile.
  const directory = await mkdtemp(join(tmpdir(), 'rollproof-remove-'));
  try {
    const kubeconfig = join(directory, 'kubeconfig');
    await run('kind', ['delete', 'cluster', '--name', name, '--kubeconfig', kubeconfig], LIMIT);
  } catch (error) {
    if (!(error instanceof CommandError)) throw error;
    // Whatever kind's trouble is, what counts is whether anything is left, and that is looked at now.
  } finally {
    await rm(directory, { recursive: true, force: true });
  }
  const left = await containersOf(name);
  if (left.length > 0) await run('docker', ['rm', '--force', '--volumes', ...left], LIMIT);
}

/** Ids of the containers of a kind cluster, stopped ones included; none where there is no Docker. */
export async function containersOf(name: string): Promise<readonly string[]> {
  try {
    const filter = `label=io.x-k8s.kind.cluster=${name}`;
    const output = await run('docker', ['ps', '--all', '--quiet', '--filter', filter], LIMIT);
    return output.split('\n').filter((id) => id !== '');
  } catch (error) {
    if (error instanceof CommandError && (error.notFound || /cannot connect/i.test(error.output))) return [];
    throw error;
  }
}

const LIMIT = { timeoutMs: 60_000, env: { KIND_EXPERIMENTAL_PROVIDER: 'docker' } };
