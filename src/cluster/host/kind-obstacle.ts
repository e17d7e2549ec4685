import { dockerInfo } from '../kind/docker-cli.ts';
import { kindVersion } from '../kind/kind-cli.ts';

/** Why no kind cluster can be made here, as a clause (`kind is not installed`); undefined where nothing is missing. */
export async function kindObstacle(signal?: AbortSignal): Promise<string | undefined> {
  const [docker, kind] = await Promise.all([dockerInfo(signal), kindVersion(signal)]);
  if ('kind' in docker)
    return docker.kind === 'no-client' ? 'Docker is not installed' : 'Docker does not answer';
  return kind === undefined ? 'kind is not installed' : undefined;
}
