import { EnvironmentError } from '../../model/problem.ts';
import type { DockerInfo, DockerTrouble } from '../kind/docker-cli.ts';

/** What kind recommends for several nodes on one machine. */
export const INOTIFY = { watches: 524_288, instances: 512 } as const;

export const INOTIFY_REMEDY = `sudo sysctl fs.inotify.max_user_watches=${INOTIFY.watches} fs.inotify.max_user_instances=${INOTIFY.instances}`;

export const REMEDIES = {
  dockerMissing:
    'Install Docker (https://docs.docker.com/engine/install/), use an existing cluster with `--context`, or try without Docker: `--cluster sandbox`.',
  dockerStopped:
    'Start Docker (`sudo systemctl start docker`, or Docker Desktop) and see that `docker info` works for this user, or try without Docker: `--cluster sandbox`.',
  kindMissing:
    'Install kind (https://kind.sigs.k8s.io/docs/user/quick-start/#installation), use an existing cluster with `--context`, or try without Docker: `--cluster sandbox`.',
} as const;

/** The engine, or an EnvironmentError with the remedy where there is none. */
export function requireDocker(docker: DockerInfo | DockerTrouble): DockerInfo {
  if (!('kind' in docker)) return docker;
  throw new EnvironmentError(
    docker.kind === 'no-client'
      ? { code: 'RP2001', what: 'There is no `docker` on this machine.', remedy: REMEDIES.dockerMissing }
      : {
          code: 'RP2002',
          what: 'The Docker engine cannot be reached.',
          why: docker.message,
          remedy: REMEDIES.dockerStopped,
        },
  );
}

/** The version of kind, or an EnvironmentError with the remedy where there is none. */
export function requireKind(version: string | undefined): string {
  if (version !== undefined) return version;
  throw new EnvironmentError({
    code: 'RP2003',
    what: 'There is no `kind` on this machine.',
    remedy: REMEDIES.kindMissing,
  });
}
