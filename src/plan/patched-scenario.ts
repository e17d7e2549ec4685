import type { ManifestObject } from '../model/manifest.ts';
import { type ManifestPatch, patchedContent } from '../model/manifest-patch.ts';
import { isRecord, listOf, property } from '../model/plain-data.ts';
import type { PlannedScenario } from '../model/plan.ts';

/**
 * The scenario with changed manifests, in both states where there are two: old pods end by what the first one says, new
 * ones start by what the second says. Undefined where a patch fits an object of neither.
 */
export function patchedScenario(
  planned: PlannedScenario,
  patches: readonly ManifestPatch[],
): PlannedScenario | undefined {
  const { objects, updatedObjects } = planned;
  const fits = patches.every((patch) =>
    [...objects, ...(updatedObjects ?? [])].some((object) => patched(object, patch) !== undefined),
  );
  if (!fits) return undefined;
  return {
    ...planned,
    objects: objects.map((object) => withPatches(object, patches)),
    ...(updatedObjects && {
      updatedObjects: updatedObjects.map((object) => withPatches(object, patches)),
    }),
  };
}

/** Whether manifests say already what patches would have them say: a run with them would be the same run again. */
export function saysAlready(
  { objects, updatedObjects = [] }: PlannedScenario,
  patches: readonly ManifestPatch[],
): boolean {
  return [...objects, ...updatedObjects].every(
    (object) => JSON.stringify(withPatches(object, patches).content) === JSON.stringify(object.content),
  );
}

function withPatches(object: ManifestObject, patches: readonly ManifestPatch[]): ManifestObject {
  return patches.reduce((current, patch) => patched(current, patch) ?? current, object);
}

function patched(object: ManifestObject, { kind, name, fields }: ManifestPatch): ManifestObject | undefined {
  if (object.kind !== kind || object.name !== name) return undefined;
  const content = patchedContent(object.content, fields);
  return content && { ...object, content };
}

/** The least that a pod may be given to end in. */
const GRACE_SECONDS = 1;

/**
 * What makes a Deployment deliberately bad: no container has a preStop hook, and pods have a second to end. Undefined
 * where the manifests do not hold the Deployment.
 */
export function badTwin({ scenario, objects }: PlannedScenario): ManifestPatch | undefined {
  const deployment = objects.find(({ kind, name }) => kind === 'Deployment' && name === scenario.deployment);
  if (!deployment) return undefined;
  const containers = property(deployment.content, 'spec', 'template', 'spec', 'containers');
  const hooked = listOf(containers).filter((container) =>
    isRecord(property(container, 'lifecycle', 'preStop')),
  );
  const spec = {
    terminationGracePeriodSeconds: GRACE_SECONDS,
    ...(hooked.length > 0 && {
      containers: hooked.map((container) => ({
        name: property(container, 'name'),
        lifecycle: { preStop: null },
      })),
    }),
  };
  return { kind: 'Deployment', name: scenario.deployment, fields: { spec: { template: { spec } } } };
}
