import type { KubeManifest } from '../platform/kube-apply.ts';
import { controlManifests, type SteadyControlShape } from './steady-control-manifests.ts';

export const ROLLED_CONTROL_NAME = 'rollproof-rolled-control';

/** A new pod is in service for this long before an old one may go: no network takes longer that works. */
const MIN_READY_SECONDS = 5;

/**
 * ConfigMap, Service and Deployment of an app that loses no request when it is rolled on a cluster that works: pods go
 * on serving for a while after SIGTERM, and end only when new ones have been ready for long.
 */
export function rolledControlManifests(
  shape: Omit<SteadyControlShape, 'namespace' | 'entryNode'> & { readonly lingerSeconds: number },
): readonly KubeManifest[] {
  return controlManifests(
    { ...shape, name: ROLLED_CONTROL_NAME },
    {
      minReadySeconds: MIN_READY_SECONDS,
      strategy: { rollingUpdate: { maxSurge: 1, maxUnavailable: 0 } },
      lingerSeconds: shape.lingerSeconds,
    },
  );
}
