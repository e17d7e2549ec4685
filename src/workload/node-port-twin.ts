import { isDeepStrictEqual } from 'node:util';
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
 * so that an unchanged ClusterIP Service can be probed from outside. Gives its name, the node port it got and what that port is called.
 */
export async function applyNodePortTwin(
  options: NodePortTwinOptions,
): Promise<{ readonly service: string; readonly nodePort: number; readonly portName: string }> {
  const { cluster, namespace, original, port, signal } = options;
  const { targetPort, ...forwarding } = forwardingOf(original, port);
  const service = `rollproof-${original.metadata.name}`.slice(0, 63).replace(/-+$/, '');
  const portName = port.name ?? 'probed';
  const manifest = {
    apiVersion: 'v1',
    kind: 'Service',
    metadata: { name: service, namespace, labels: OUR_LABEL },
    spec: {
      type: 'NodePort',
      ports: [{ name: portName, protocol: port.protocol ?? 'TCP', port: port.port, targetPort }],
      ...forwarding,
    },
  };
  await applyObject(cluster.kubeConfig, manifest, signal);
  const path = `/api/v1/namespaces/${namespace}/services/${service}`;
  const live = await kubeRequest<KubeService>(cluster.kubeConfig, { path, signal });
  const nodePort = live.spec.ports?.[0]?.nodePort;
  if (nodePort === undefined) throw new Error(`the API server gave Service ${service} no node port`);
  return { service, nodePort, portName };
}

/** Do both Services send requests for the port the same way? An update may have changed the original meanwhile. */
export function forwardAlike(original: KubeService, twin: KubeService, servicePort: number): boolean {
  const [one, other] = [original, twin].map((service) => {
    const port = service.spec.ports?.find((port) => port.port === servicePort);
    return port && forwardingOf(service, port);
  });
  return one !== undefined && isDeepStrictEqual(one, other);
}

/** What decides where a Service sends the requests for a port. */
function forwardingOf({ spec }: KubeService, port: KubeServicePort) {
  const { selector, sessionAffinity, sessionAffinityConfig, publishNotReadyAddresses } = spec;
  const targetPort = port.targetPort ?? port.port;
  return { selector, targetPort, sessionAffinity, sessionAffinityConfig, publishNotReadyAddresses };
}
