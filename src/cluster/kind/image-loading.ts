import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { EnvironmentError } from '../../model/problem.ts';
import { CommandError } from '../../platform/process.ts';
import { hasImage, saveImages } from './docker-cli.ts';
import { loadDockerImages, loadImageArchive } from './kind-cli.ts';

/** Throws EnvironmentError with every image that Docker does not hold. */
export async function requireImages(images: readonly string[], signal: AbortSignal): Promise<void> {
  const present = await Promise.all(images.map((image) => hasImage(image, signal)));
  const absent = images.filter((_, index) => !present[index]);
  if (absent.length === 0) return;
  throw new EnvironmentError({
    code: 'RP2105',
    what: `Docker holds no image ${absent.join(', ')}.`,
    where: 'images',
    why: 'Images that are to be loaded into the cluster must be on this machine.',
    remedy: 'Build or pull it in a step before, and compare the name with `docker image ls`.',
  });
}

export interface LoadOptions {
  readonly cluster: string;
  readonly images: readonly string[];
  /** In Docker's words: `x86_64`, `aarch64`. */
  readonly architecture: string;
  readonly workDir: string;
  readonly signal: AbortSignal;
  progress(line: string): void;
}

/**
 * Copies images from Docker to every node. Docker's containerd store lists the layers of all platforms and holds
 * those of one, on which `kind load docker-image` trips: then an archive of that one platform is loaded.
 * Throws EnvironmentError where neither works.
 */
export async function loadImages(options: LoadOptions): Promise<void> {
  const { cluster, images, workDir, signal } = options;
  if (images.length === 0) return;
  try {
    await loadDockerImages(cluster, images, signal);
  } catch (error) {
    if (!(error instanceof CommandError)) throw error;
    if (!isMissingContent(error.output)) throw loadingFailed(error);
    options.progress(
      '`kind load` trips over a multi-platform image, loading an archive of one platform instead',
    );
    const archive = join(workDir, 'images.tar');
    const platform = `linux/${PLATFORMS[options.architecture] ?? options.architecture}`;
    try {
      await saveImages(images, { archive, platform, signal });
      await loadImageArchive(cluster, archive, signal);
    } catch (second) {
      throw second instanceof CommandError ? loadingFailed(second) : second;
    } finally {
      await rm(archive, { force: true });
    }
  }
}

const PLATFORMS: Readonly<Record<string, string>> = { x86_64: 'amd64', aarch64: 'arm64' };

function isMissingContent(output: string): boolean {
  return /content digest sha256:\w+: not found/.test(output);
}

function loadingFailed(error: CommandError): EnvironmentError {
  return new EnvironmentError(
    {
      code: 'RP2106',
      what: 'The images could not be loaded into the cluster.',
      why: `${error.command}\n${error.output.trim().slice(-2_000)}`,
      remedy: 'Check the free disk space, and run the command above by hand.',
    },
    { cause: error },
  );
}
