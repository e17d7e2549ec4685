import { placeText } from '../model/manifest.ts';
import type { Update } from '../model/scenario.ts';
import type { ContainerShape, DeploymentShape } from '../model/workload-shape.ts';
import type { Findings } from './findings.ts';

/** Warns where the kubelet will not use a loaded image, and where a tag may mean two things in one rollout. */
export function checkImages(
  deployment: DeploymentShape,
  update: Update,
  loaded: readonly string[],
  findings: Findings,
): void {
  for (const [field, containers] of [
    ['containers', deployment.containers],
    ['initContainers', deployment.initContainers],
  ] as const) {
    for (const [index, container] of containers.entries()) {
      const where = placeText(deployment.object.placeOf(['spec', 'template', 'spec', field, index, 'image']));
      const isUpdated = update.kind === 'image' && update.container === container.name;
      for (const image of [container.image, isUpdated ? update.image : undefined]) {
        if (image !== undefined) checkImage(image, container, { where, loaded, findings });
      }
    }
  }
}

interface Surroundings {
  readonly where: string;
  readonly loaded: readonly string[];
  readonly findings: Findings;
}

function checkImage(
  image: string,
  { name, imagePullPolicy }: ContainerShape,
  { where, loaded, findings }: Surroundings,
): void {
  const floating = isFloating(image);
  const policy = imagePullPolicy ?? (floating ? 'Always' : 'IfNotPresent');
  if (policy === 'Always' && loaded.includes(image)) {
    const why = imagePullPolicy === undefined ? 'the default for :latest' : 'as it says';
    findings.warn(
      `container ${name}: image ${image} is loaded into the nodes, but imagePullPolicy is Always (${why}), so it is pulled all the same (${where}); write imagePullPolicy: IfNotPresent`,
    );
  } else if (floating) {
    findings.warn(
      `container ${name}: image ${image} has no fixed tag, so that old and new pods may run different code (${where})`,
    );
  }
}

/** No tag, or `latest`; a digest is as fixed as can be. */
function isFloating(image: string): boolean {
  if (image.includes('@')) return false;
  const [, tag] = /:([^/:]+)$/.exec(image) ?? [];
  return tag === undefined || tag === 'latest';
}
