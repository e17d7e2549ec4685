import { CommandError, run } from '../../platform/process.ts';

/** What `docker info` says of the engine, as far as it matters here. */
export interface DockerInfo {
  readonly serverVersion: string;
  readonly cgroupVersion: 1 | 2;
  /** Folder on the engine's machine. */
  readonly rootDir: string;
  /** `x86_64`, `aarch64` */
  readonly architecture: string;
  readonly kernel: string;
  readonly operatingSystem: string;
}

/** Why there is no engine to talk to. */
export type DockerTrouble =
  | { readonly kind: 'no-client' }
  | { readonly kind: 'no-engine'; readonly message: string };

/** Asks client and engine in one call. Throws nothing but what is unexpected. */
export async function dockerInfo(signal?: AbortSignal): Promise<DockerInfo | DockerTrouble> {
  try {
    const options = { timeoutMs: 30_000, signal };
    const info = JSON.parse(await run('docker', ['info', '--format', '{{json .}}'], options));
    // Older clients exit with 0 where only the engine is missing.
    const complaint = info.ServerErrors?.[0];
    if (complaint || !info.ServerVersion)
      return { kind: 'no-engine', message: String(complaint ?? 'no answer') };
    return {
      serverVersion: String(info.ServerVersion),
      cgroupVersion: info.CgroupVersion === '1' ? 1 : 2,
      rootDir: String(info.DockerRootDir ?? ''),
      architecture: String(info.Architecture ?? ''),
      kernel: String(info.KernelVersion ?? ''),
      operatingSystem: String(info.OperatingSystem ?? ''),
    };
  } catch (error) {
    if (!(error instanceof CommandError)) throw error;
    if (error.notFound) return { kind: 'no-client' };
    return { kind: 'no-engine', message: engineComplaint(error.output) };
  }
}

function engineComplaint(output: string): string {
  const lines = output.split('\n').filter((line) => line.trim() !== '' && !line.startsWith('{'));
  return lines.at(-1)?.trim() ?? 'no answer';
}

/** Whether the engine holds an image under this reference. */
export async function hasImage(reference: string, signal?: AbortSignal): Promise<boolean> {
  try {
    await run('docker', ['image', 'inspect', '--format', '{{.Id}}', reference], { signal });
    return true;
  } catch (error) {
    if (error instanceof CommandError && /no such image/i.test(error.output)) return false;
    throw error;
  }
}

/** Tags the engine holds of a repository: `['v1.34.3']`. */
export async function localTags(repository: string, signal?: AbortSignal): Promise<readonly string[]> {
  const args = ['image', 'ls', repository, '--format', '{{.Tag}}'];
  const output = await run('docker', args, { signal });
  return output.split('\n').filter((tag) => tag !== '' && tag !== '<none>');
}

/** Writes images with all their layers to one archive, for one platform where the engine can tell them apart. */
export async function saveImages(
  images: readonly string[],
  {
    archive,
    platform,
    signal,
  }: { readonly archive: string; readonly platform: string; readonly signal: AbortSignal },
): Promise<void> {
  try {
    await run('docker', ['save', '--platform', platform, '--output', archive, ...images], { signal });
  } catch (error) {
    // `--platform` came with engine 28; before, there was only one platform to save.
    const unknown = error instanceof CommandError && /unknown flag|requires API version/i.test(error.output);
    if (!unknown) throw error;
    await run('docker', ['save', '--output', archive, ...images], { signal });
  }
}

/** A container that is a node (or the load balancer in front of several control planes) of a kind cluster. */
export interface NodeContainer {
  readonly name: string;
  readonly role: string;
  readonly image: string;
}

/** The containers of a kind cluster, in the order of their names; stopped ones included. */
export async function nodeContainers(
  cluster: string,
  signal?: AbortSignal,
): Promise<readonly NodeContainer[]> {
  const format = '{{.Names}}\t{{.Label "io.x-k8s.kind.role"}}\t{{.Image}}';
  const args = ['ps', '--all', '--filter', `label=io.x-k8s.kind.cluster=${cluster}`, '--format', format];
  const output = await run('docker', args, { signal });
  return output
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => {
      const [name = '', role = '', image = ''] = line.split('\t');
      return { name, role, image };
    })
    .sort((one, other) => one.name.localeCompare(other.name));
}
