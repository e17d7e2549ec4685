import type { ManifestObject } from '../model/manifest.ts';

/** Sorts objects so that what others need comes first; equals keep the order of the manifests. */
export function inApplyOrder(objects: readonly ManifestObject[]): readonly ManifestObject[] {
  return objects.toSorted((one, other) => rank(one) - rank(other));
}

/** Kinds that come first, in this order; every other kind comes with the workloads. */
const FIRST: readonly (readonly string[])[] = [
  ['CustomResourceDefinition'],
  ['PriorityClass', 'StorageClass', 'RuntimeClass', 'IngressClass'],
  ['ResourceQuota', 'LimitRange'],
  ['ServiceAccount'],
  ['ConfigMap', 'Secret', 'PersistentVolume', 'PersistentVolumeClaim', 'NetworkPolicy'],
  ['ClusterRole', 'Role', 'ClusterRoleBinding', 'RoleBinding'],
  ['Service'],
];

/** Kinds that act on workloads or on requests to the API server: they come when everything else stands. */
const LAST = ['HorizontalPodAutoscaler', 'ValidatingWebhookConfiguration', 'MutatingWebhookConfiguration'];

function rank({ kind }: ManifestObject): number {
  const first = FIRST.findIndex((kinds) => kinds.includes(kind));
  if (first >= 0) return first;
  return LAST.includes(kind) ? FIRST.length + 1 : FIRST.length;
}
