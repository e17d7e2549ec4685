import type { KubeConfig } from '@kubernetes/client-node';
import { OUR_LABEL } from '../model/our-objects.ts';
import { applyObject } from '../platform/kube-apply.ts';
import type { KubeService, KubeServicePort } from '../platform/kube-objects.ts';
import { kubeRequest } from '../platform/kube-request.ts';

export interface NodePortTwinOptions {
  readonly cluster: { readonly kubeConfig: KubeConfig };
  readonly namespace: string;
  readonly original: KubeService;
  /** The port of the original that is probed. */
  readonly port: KubeServicePort;
  readonly signal: AbortSignal;
}

/**
 * Adds a Service of type NodePort that selects the same pods and forwards to the same target port as the original,
 * so that an unchanged ClusterIP Service can be probed from outside. Gives its name and the node port it got.
 */
export async function applyNodePortTwin(
  options: NodePortTwinOptions,
): Promise<{ readonly service: string; readonly nodePort: number }> {
  const { cluster, namespace, original, port, signal } = options;
  const { selector, sessionAffinity, sessionAffinityConfig, publishNotReadyAddresses } = original.spec;
  const service = `rollproof-${original.metadata.name}`.slice(0, 63).replace(/-+$/, '');
  const manifest = {
    apiVersion: 'v1',
    kind: 'Service',
    metadata: { name: service, namespace, labels: OUR_LABEL },
    spec: {
      type: 'NodePort',
      selector,
      ports: [
        {
          name: port.name ?? 'probed',
          protocol: 'TCP',
          port: port.port,
          targetPort: port.targetPort ?? port.port,
        },
      ],
      sessionAffinity,
      sessionAffinityConfig,
      publishNotReadyAddresses,
    },
  };
  await applyObject(cluster.kubeConfig, manifest, signal);
  const path = `/api/v1/namespaces/${namespace}/services/${service}`;
  const live = await kubeRequest<KubeService>(cluster.kubeConfig, { path, signal });
  const nodePort = live.spec.ports?.[0]?.nodePort;
  if (nodePort === undefined) throw new Error(`the API server gave Service ${service} no node port`);
  return { service, nodePort };
}
