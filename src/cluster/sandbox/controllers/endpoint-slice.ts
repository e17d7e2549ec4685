import type { ContainerPort, ServicePort } from 'kubernetes-types/core/v1.js';
import type { Endpoint, EndpointPort } from 'kubernetes-types/discovery/v1.js';
import {
  controlledBy,
  type EndpointSlice,
  isControlledBy,
  isPodActive,
  isPodReady,
  type Pod,
  type Service,
} from '../api/objects.ts';
import { ENDPOINT_SLICES, NODES, PODS, SERVICES } from '../api/resources.ts';
import { canonicalJson, isJsonObject, sameJson } from '../json.ts';
import { type ControllerContext, type ControllerLoop, keyOf, parseKey } from './controller.ts';

const MANAGER = 'endpointslice-controller.k8s.io';

/** Writes down, for every Service with a selector, which pods are behind it and whether they serve. */
export function endpointSliceLoop({ api }: ControllerContext): ControllerLoop {
  return {
    concerns({ resource, object, before }) {
      if (resource === SERVICES) return [keyOf(object)];
      if (resource !== PODS) return [];
      const { namespace } = object.metadata;
      return api.store
        .list(SERVICES, namespace)
        .filter((service) => selects(service, object) || (before && selects(service, before)))
        .map(keyOf);
    },
    reconcile(key) {
      const { namespace, name } = parseKey(key);
      const service = api.find(SERVICES, namespace, name);
      if (!service?.spec.selector || service.spec.type === 'ExternalName') return undefined;
      const pods = api.store
        .list(PODS, namespace)
        .filter((pod) => selects(service, pod) && isPodActive(pod) && pod.status?.podIP);
      const slices = api.store
        .list(ENDPOINT_SLICES, namespace)
        .filter((slice) => isControlledBy(slice, service));
      const groups = groupByPorts(service, pods);
      const spare = slices.filter(
        (slice) => ![...groups.keys()].some((ports) => ports === canonicalJson(slice.ports)),
      );
      for (const [ports, { endpoints, resolved }] of groups) {
        const slice = slices.find((known) => canonicalJson(known.ports) === ports) ?? spare.shift();
        if (slice) update(slice, endpoints, resolved);
        else create(service, endpoints, resolved);
      }
      for (const { metadata } of spare)
        api.delete({ resource: ENDPOINT_SLICES, namespace, name: metadata.name });
      return undefined;
    },
  };

  function groupByPorts(service: Service, pods: readonly Pod[]) {
    const groups = new Map<string, { resolved: EndpointPort[]; endpoints: Endpoint[] }>();
    for (const pod of pods) {
      const resolved = (service.spec.ports ?? []).flatMap((port) => resolvePort(port, pod));
      const key = canonicalJson(resolved);
      const group = groups.get(key) ?? { resolved, endpoints: [] };
      group.endpoints.push(endpointOf(service, pod));
      groups.set(key, group);
    }
    // A Service without pods has one slice without endpoints and ports.
    if (groups.size === 0) groups.set('[]', { resolved: [], endpoints: [] });
    return groups;
  }

  /**
   * A pod that is being deleted is not ready any more (but under `publishNotReadyAddresses`), yet serves while its Ready
   * condition holds: balancers fall back to such endpoints where nothing is ready (`eligible` in network/routing.ts).
   */
  function endpointOf({ spec }: Service, pod: Pod): Endpoint {
    const serving = isPodReady(pod);
    const terminating = pod.metadata.deletionTimestamp !== undefined;
    const { nodeName } = pod.spec;
    const zone = nodeName && api.find(NODES, '', nodeName)?.metadata.labels?.['topology.kubernetes.io/zone'];
    const { name, namespace, uid } = pod.metadata;
    return {
      addresses: [pod.status?.podIP ?? ''],
      conditions: {
        ready: spec.publishNotReadyAddresses === true || (serving && !terminating),
        serving,
        terminating,
      },
      ...(nodeName && { nodeName }),
      ...(zone && { zone }),
      targetRef: { kind: 'Pod', name, namespace, uid },
    };
  }

  function create(service: Service, endpoints: Endpoint[], ports: EndpointPort[]): void {
    const { name, namespace, labels } = service.metadata;
    const body: unknown = {
      metadata: {
        generateName: `${name}-`,
        labels: {
          ...labels,
          'kubernetes.io/service-name': name,
          'endpointslice.kubernetes.io/managed-by': MANAGER,
        },
        ownerReferences: [controlledBy(service)],
      },
      addressType: 'IPv4',
      endpoints,
      ports,
    };
    api.create(ENDPOINT_SLICES, namespace, isJsonObject(body) ? body : {}, {
      manager: 'kube-controller-manager',
    });
  }

  function update(
    { metadata, endpoints, ports }: EndpointSlice,
    wanted: Endpoint[],
    resolved: EndpointPort[],
  ): void {
    if (sameJson(endpoints, wanted) && sameJson(ports, resolved)) return;
    api.update({ resource: ENDPOINT_SLICES, namespace: metadata.namespace, name: metadata.name }, (draft) => {
      draft.endpoints = wanted;
      draft.ports = resolved;
    });
  }
}

function selects(
  { spec }: Service,
  { metadata }: { readonly metadata: { readonly labels?: Record<string, string> } },
): boolean {
  return (
    spec.selector !== undefined &&
    Object.entries(spec.selector).every(([key, value]) => metadata.labels?.[key] === value)
  );
}

/** The pod's port behind a Service port; none where a named port does not exist in this pod. */
function resolvePort(
  { name = '', targetPort, port, protocol = 'TCP', appProtocol }: ServicePort,
  pod: Pod,
): EndpointPort[] {
  const resolved =
    typeof targetPort === 'string'
      ? containerPorts(pod).find((candidate) => candidate.name === targetPort)?.containerPort
      : (targetPort ?? port);
  return resolved === undefined
    ? []
    : [{ name, port: resolved, protocol, ...(appProtocol && { appProtocol }) }];
}

function containerPorts({ spec }: Pod): ContainerPort[] {
  return spec.containers.flatMap(({ ports = [] }) => ports);
}
