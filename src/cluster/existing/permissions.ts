import type { KubeConfig } from '@kubernetes/client-node';
import { kubeRequest } from '../../platform/kube-request.ts';

interface Permission {
  readonly verb: string;
  readonly group: string;
  readonly resource: string;
  readonly subresource?: string;
}

/** What the gate does in a cluster that is not its own, in namespaces it makes. */
const NEEDED: readonly Permission[] = [
  { verb: 'create', group: '', resource: 'namespaces' },
  { verb: 'delete', group: '', resource: 'namespaces' },
  { verb: 'patch', group: 'apps', resource: 'deployments' },
  { verb: 'watch', group: 'apps', resource: 'deployments' },
  { verb: 'watch', group: 'apps', resource: 'replicasets' },
  { verb: 'create', group: '', resource: 'pods' },
  { verb: 'create', group: '', resource: 'pods', subresource: 'exec' },
  { verb: 'watch', group: '', resource: 'pods' },
  { verb: 'patch', group: '', resource: 'services' },
  { verb: 'patch', group: '', resource: 'configmaps' },
  { verb: 'watch', group: 'discovery.k8s.io', resource: 'endpointslices' },
  { verb: 'list', group: '', resource: 'events' },
];

/** What the user of the current context may not do, in words: `create namespaces`. */
export async function missingPermissions(
  kubeConfig: KubeConfig,
  signal: AbortSignal,
): Promise<readonly string[]> {
  const answers = await Promise.all(NEEDED.map((permission) => isAllowed(kubeConfig, permission, signal)));
  return NEEDED.filter((_, index) => !answers[index]).map(
    ({ verb, resource, subresource }) => `${verb} ${resource}${subresource ? `/${subresource}` : ''}`,
  );
}

async function isAllowed(
  kubeConfig: KubeConfig,
  resourceAttributes: Permission,
  signal: AbortSignal,
): Promise<boolean> {
  const review = await kubeRequest<{ readonly status?: { readonly allowed?: boolean } }>(kubeConfig, {
    method: 'POST',
    path: '/apis/authorization.k8s.io/v1/selfsubjectaccessreviews',
    body: {
      apiVersion: 'authorization.k8s.io/v1',
      kind: 'SelfSubjectAccessReview',
      spec: { resourceAttributes },
    },
    // It is a question, whatever its method.
    repeatable: true,
    signal,
  });
  return review.status?.allowed ?? false;
}
