import { CommandError, run } from '../../platform/process.ts';
import { creationFailed } from './creation-failed.ts';

/** What kind does while it creates a cluster, in its own order. */
export type KindStage =
  | 'node-image'
  | 'nodes'
  | 'configuration'
  | 'control-plane'
  | 'cni'
  | 'storage'
  | 'workers';

/** The creation of a cluster under way. All three reject with the EnvironmentError the creation failed with. */
export interface KindCreation {
  /** The node containers run, and containerd in them: images can be loaded, files copied. */
  readonly nodesUp: Promise<void>;
  /** The API server answers. Workers may still be missing. */
  readonly controlPlaneUp: Promise<void>;
  readonly finished: Promise<void>;
}

export interface CreateOptions {
  readonly name: string;
  /** Content of the configuration file. */
  readonly config: string;
  /** kind writes the cluster's kubeconfig there, mode 0600. */
  readonly kubeconfigPath: string;
  readonly signal: AbortSignal;
  onStageDone(stage: KindStage): void;
}

/** `0.33.0`; undefined where there is no kind. */
export async function kindVersion(signal?: AbortSignal): Promise<string | undefined> {
  try {
    const output = await kind(['version'], { signal });
    return /v(\d+\.\d+\.\d+\S*)/.exec(output)?.[1] ?? output.trim();
  } catch (error) {
    if (error instanceof CommandError && error.notFound) return undefined;
    throw error;
  }
}

/**
 * Starts `kind create cluster`. kind waits for nothing after the last worker has joined, and leaves the nodes of a
 * failed creation to be looked at: removing them is the caller's.
 */
export function createCluster(options: CreateOptions): KindCreation {
  const nodesUp = Promise.withResolvers<void>();
  const controlPlaneUp = Promise.withResolvers<void>();
  const args = ['create', 'cluster', '--name', options.name, '--config', '-'];
  const finished = kind([...args, '--kubeconfig', options.kubeconfigPath, '--wait', '0s', '--retain'], {
    input: options.config,
    signal: options.signal,
    onLine(line) {
      const stage = finishedStage(line);
      if (stage === undefined) return;
      options.onStageDone(stage);
      if (stage === 'nodes') nodesUp.resolve();
      if (stage === 'control-plane') controlPlaneUp.resolve();
    },
  }).then(
    () => {
      // A kind that words its progress differently only costs the overlap.
      nodesUp.resolve();
      controlPlaneUp.resolve();
    },
    (cause: unknown) => {
      const error = cause instanceof CommandError ? creationFailed(cause) : cause;
      nodesUp.reject(error);
      controlPlaneUp.reject(error);
      throw error;
    },
  );
  for (const promise of [nodesUp.promise, controlPlaneUp.promise, finished]) promise.catch(() => {});
  return { nodesUp: nodesUp.promise, controlPlaneUp: controlPlaneUp.promise, finished };
}

const STAGES: readonly (readonly [RegExp, KindStage])[] = [
  [/ensuring node image/i, 'node-image'],
  [/preparing nodes/i, 'nodes'],
  [/writing configuration/i, 'configuration'],
  [/starting control-plane/i, 'control-plane'],
  [/installing cni/i, 'cni'],
  [/installing storageclass/i, 'storage'],
  [/joining worker nodes/i, 'workers'],
];

/** Reads kind's progress: ` ✓ Preparing nodes 📦 📦` says that a stage is done, ` • Preparing nodes` that it began. */
export function finishedStage(line: string): KindStage | undefined {
  if (!line.trimStart().startsWith('✓')) return undefined;
  return STAGES.find(([pattern]) => pattern.test(line))?.[1];
}

/** The cluster's kubeconfig for this machine; there is one as soon as the control plane is up. */
export async function readKubeconfig(name: string, signal: AbortSignal): Promise<string> {
  return await kind(['get', 'kubeconfig', '--name', name], { signal });
}

/** Copies images from Docker to every node. */
export async function loadDockerImages(
  name: string,
  images: readonly string[],
  signal: AbortSignal,
): Promise<void> {
  await kind(['load', 'docker-image', '--name', name, ...images], { signal });
}

/** Copies the images of an archive to every node. */
export async function loadImageArchive(name: string, archive: string, signal: AbortSignal): Promise<void> {
  await kind(['load', 'image-archive', '--name', name, archive], { signal });
}

/** Saves the logs of nodes and pods to a folder. */
export async function exportLogs(name: string, directory: string): Promise<void> {
  await kind(['export', 'logs', '--name', name, directory], { timeoutMs: 60_000 });
}

async function kind(args: readonly string[], options: Parameters<typeof run>[2]): Promise<string> {
  // Addresses and the shell on the nodes come from Docker, so the nodes must be there.
  return await run('kind', args, { ...options, env: { KIND_EXPERIMENTAL_PROVIDER: 'docker' } });
}
