import type { KubeConfig } from '@kubernetes/client-node';
import type { KubeEndpointSlice, KubeList } from '../platform/kube-objects.ts';
import { kubeRequest } from '../platform/kube-request.ts';

/** One backend of a Service. */
export interface ServiceEndpoint {
  readonly address: string;
  readonly ready: boolean;
  readonly terminating: boolean;
  readonly node?: string;
  /** Absent where the endpoint is no pod. */
  readonly pod?: { readonly uid: string; readonly name: string };
}

/** The backends of a Service, from its EndpointSlices; each address once, IPv4 and IPv6 both. */
export async function listEndpoints(options: {
  readonly kubeConfig: KubeConfig;
  readonly namespace: string;
  readonly service: string;
  readonly signal: AbortSignal;
}): Promise<readonly ServiceEndpoint[]> {
  const { kubeConfig, namespace, service, signal } = options;
  const { items = [] } = await kubeRequest<KubeList<KubeEndpointSlice>>(kubeConfig, {
    path: `/apis/discovery.k8s.io/v1/namespaces/${namespace}/endpointslices`,
    query: { labelSelector: `kubernetes.io/service-name=${service}` },
    signal,
  });
  const endpoints = items.flatMap((slice) => (slice.endpoints ?? []).map(endpointOf));
  return [...new Map(endpoints.map((endpoint) => [endpoint.address, endpoint])).values()];
}

function endpointOf(endpoint: NonNullable<KubeEndpointSlice['endpoints']>[number]): ServiceEndpoint {
  const { addresses, conditions, nodeName, targetRef } = endpoint;
  return {
    address: addresses[0] ?? '',
    ready: conditions?.ready ?? true,
    terminating: conditions?.terminating ?? false,
    ...(nodeName ? { node: nodeName } : {}),
    ...(targetRef?.kind === 'Pod' ? { pod: { uid: targetRef.uid ?? '', name: targetRef.name ?? '' } } : {}),
  };
}
