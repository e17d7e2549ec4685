import type { Container, PodSpec } from '../api/objects.ts';
import { type StatusError, unsupported } from '../api/status-error.ts';
import { resolveImage } from './image-catalogue.ts';
import { parseCommand } from './shell.ts';

/**
 * The refusal for a pod that the sandbox could not play truthfully: an image without a stand-in, a command it can not
 * read, a volume it has not. Better no run than one that means nothing.
 */
export function judgePodSpec(spec: PodSpec, path: string): StatusError | undefined {
  const volume = (spec.volumes ?? []).find(
    ({ persistentVolumeClaim, csi, ephemeral, nfs, iscsi }) =>
      persistentVolumeClaim ?? csi ?? ephemeral ?? nfs ?? iscsi,
  );
  if (volume) return unsupported(`the kind of volume that ${path}.volumes has as "${volume.name}"`);
  const containers = [...(spec.initContainers ?? []), ...spec.containers];
  for (const container of containers) {
    const why = whyNot(container);
    if (why) return unsupported(`${why}, in ${path}, container "${container.name}"`);
  }
  return undefined;
}

function whyNot(container: Container): string | undefined {
  const {
    image = '',
    command = [],
    args = [],
    volumeMounts = [],
    lifecycle,
    startupProbe,
    readinessProbe,
    livenessProbe,
  } = container;
  // What ConfigMaps hold is known only when the pod starts; that something is mounted is known now.
  const file = (path: string) =>
    volumeMounts.some(
      ({ mountPath }) =>
        mountPath === path || mountPath.startsWith(`${path}/`) || path.startsWith(`${mountPath}/`),
    )
      ? ''
      : undefined;
  const resolution = resolveImage({ image, command, args, file });
  if (resolution.kind === 'unknown') return resolution.why;
  if (resolution.kind === 'no-such-image') return undefined;
  const probes = [startupProbe, readinessProbe, livenessProbe].filter((probe) => probe !== undefined);
  if (probes.some(({ grpc }) => grpc)) return 'gRPC probes';
  if (
    probes.some(({ httpGet }) => httpGet?.scheme === 'HTTPS') ||
    [lifecycle?.preStop, lifecycle?.postStart].some((hook) => hook?.httpGet?.scheme === 'HTTPS')
  )
    return 'HTTPS';
  const commands = [...probes, lifecycle?.preStop, lifecycle?.postStart].flatMap((handler) =>
    handler?.exec ? [handler.exec.command ?? []] : [],
  );
  // Where an image has no shell every command fails, which can be played.
  const unreadable = resolution.program.hasShell
    ? commands.find((argv) => parseCommand(argv) === undefined)
    : undefined;
  return unreadable && `the command ${JSON.stringify(unreadable)}`;
}
