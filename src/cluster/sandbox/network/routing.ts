import type { EndpointSlice, Service } from '../api/objects.ts';

/** One address and port behind a Service port. */
export interface Endpoint {
  readonly address: string;
  readonly port: number;
  readonly node: string | undefined;
  readonly ready: boolean;
  readonly serving: boolean;
  readonly terminating: boolean;
}

/** One port of a Service, as a node's proxy sees it. */
export interface ServicePortRoute {
  /** `namespace/name:port` */
  readonly id: string;
  readonly clusterIp: string | undefined;
  readonly port: number;
  readonly nodePort: number | undefined;
  readonly endpoints: readonly Endpoint[];
  readonly externalPolicy: 'Cluster' | 'Local';
  readonly internalPolicy: 'Cluster' | 'Local';
  /** How long a client address keeps its endpoint; undefined without session affinity. */
  readonly affinityMs: number | undefined;
}

/** Every TCP port of every Service with what is behind it. */
export function routesOf(services: readonly Service[], slices: readonly EndpointSlice[]): ServicePortRoute[] {
  return services.flatMap((service) => {
    const { name, namespace } = service.metadata;
    const { spec } = service;
    const mine = slices.filter(
      ({ metadata }) =>
        metadata.namespace === namespace && metadata.labels?.['kubernetes.io/service-name'] === name,
    );
    const ports = (spec.ports ?? []).filter(({ protocol = 'TCP' }) => protocol === 'TCP');
    return ports.map((port) => ({
      id: `${namespace}/${name}:${port.port}`,
      clusterIp: spec.clusterIP && spec.clusterIP !== 'None' ? spec.clusterIP : undefined,
      port: port.port,
      nodePort: port.nodePort,
      endpoints: mine.flatMap((slice) => endpointsOf(slice, port.name ?? '')),
      externalPolicy: spec.externalTrafficPolicy === 'Local' ? 'Local' : 'Cluster',
      internalPolicy: spec.internalTrafficPolicy === 'Local' ? 'Local' : 'Cluster',
      affinityMs:
        spec.sessionAffinity === 'ClientIP'
          ? (spec.sessionAffinityConfig?.clientIP?.timeoutSeconds ?? 10_800) * 1000
          : undefined,
    }));
  });
}

/**
 * The endpoints that new connections may go to: the ready ones, and only where there is none those that terminate and
 * still serve. `localTo` leaves only one node's endpoints, before anything else is decided.
 */
export function eligible(endpoints: readonly Endpoint[], localTo: string | undefined): readonly Endpoint[] {
  const inScope = localTo === undefined ? endpoints : endpoints.filter(({ node }) => node === localTo);
  const ready = inScope.filter((endpoint) => endpoint.ready);
  return ready.length > 0 ? ready : inScope.filter(({ serving, terminating }) => serving && terminating);
}

function endpointsOf(slice: EndpointSlice, portName: string): Endpoint[] {
  const port = (slice.ports ?? []).find(({ name = '' }) => name === portName)?.port;
  if (port === undefined) return [];
  return slice.endpoints.flatMap(({ addresses, conditions, nodeName }) =>
    addresses.map((address) => ({
      address,
      port,
      node: nodeName,
      ready: conditions?.ready ?? true,
      serving: conditions?.serving ?? conditions?.ready ?? true,
      terminating: conditions?.terminating ?? false,
    })),
  );
}
