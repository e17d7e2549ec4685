import type { Container, Pod } from '../api/objects.ts';
import type { JsonObject } from '../json.ts';

/**
 * Content of a file that a container gets from a ConfigMap. A directory that some volume is mounted on, or into,
 * answers with ''. Undefined where nothing is mounted there.
 */
export function mountedFile(
  path: string,
  {
    container,
    pod,
    configMap,
  }: { readonly container: Container; readonly pod: Pod; configMap(name: string): JsonObject | undefined },
): string | undefined {
  for (const { mountPath, name, subPath } of container.volumeMounts ?? []) {
    if (mountPath === path || mountPath.startsWith(`${path}/`)) return '';
    if (!path.startsWith(`${mountPath}/`)) continue;
    const source = pod.spec.volumes?.find((volume) => volume.name === name)?.configMap;
    const content = source && configMap(source.name ?? '')?.[subPath ?? path.slice(mountPath.length + 1)];
    if (typeof content === 'string') return content;
  }
  return undefined;
}
