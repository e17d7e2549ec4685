import type { ServicePort } from 'kubernetes-types/core/v1.js';
import type { AddressBlock } from '../network/address-block.ts';
import type { Random } from '../random.ts';
import type { Service } from './objects.ts';
import { SERVICES } from './resources.ts';
import { invalid } from './status-error.ts';
import type { Store } from './store.ts';

/** Where node ports are taken from, as in Kubernetes. */
const NODE_PORTS = { first: 30_000, last: 32_767 } as const;

/**
 * Gives a Service its cluster IP and node ports, keeping those it has or asks for. Throws 422 for one that is taken.
 */
export function allocateService(
  store: Store,
  service: Service,
  options: { readonly addresses: AddressBlock; readonly random: Random },
): Service {
  const { spec } = service;
  if (spec.type === 'ExternalName') return service;
  const others = store.list(SERVICES).filter(({ metadata }) => metadata.uid !== service.metadata.uid);
  const wantsNodePorts = spec.type === 'NodePort' || spec.type === 'LoadBalancer';
  const taken = new Set(others.flatMap((other) => (other.spec.ports ?? []).map(({ nodePort }) => nodePort)));
  const ports = (spec.ports ?? []).map((port, index) => {
    if (!wantsNodePorts) return withoutNodePort(port);
    if (port.nodePort && taken.has(port.nodePort)) {
      const cause = {
        field: `spec.ports[${index}].nodePort`,
        message: `Invalid value: ${port.nodePort}: provided port is already allocated`,
      };
      throw invalid(SERVICES, service.metadata.name, [cause]);
    }
    if (port.nodePort && (port.nodePort < NODE_PORTS.first || port.nodePort > NODE_PORTS.last)) {
      const message = `Invalid value: ${port.nodePort}: provided port is not in the valid range. The range of valid ports is ${NODE_PORTS.first}-${NODE_PORTS.last}`;
      throw invalid(SERVICES, service.metadata.name, [{ field: `spec.ports[${index}].nodePort`, message }]);
    }
    const nodePort = port.nodePort ?? freePort(taken, options.random);
    taken.add(nodePort);
    return { ...port, nodePort };
  });
  return {
    ...service,
    spec: { ...spec, ports, ...clusterIp(service, others, options.addresses), ipFamilies: ['IPv4'] },
  };
}

function clusterIp(
  { spec, metadata }: Service,
  others: readonly Service[],
  addresses: AddressBlock,
): Pick<Service['spec'], 'clusterIP' | 'clusterIPs'> {
  const taken = new Set(others.map((other) => other.spec.clusterIP));
  const wanted = spec.clusterIP;
  if (wanted === 'None') return { clusterIP: 'None', clusterIPs: ['None'] };
  if (wanted && (taken.has(wanted) || !addresses.isServiceAddress(wanted))) {
    const why = taken.has(wanted)
      ? 'provided IP is already allocated'
      : 'the provided IP is not in the valid range';
    throw invalid(SERVICES, metadata.name, [
      {
        field: 'spec.clusterIPs',
        message: `Invalid value: ["${wanted}"]: failed to allocate IP ${wanted}: ${why}`,
      },
    ]);
  }
  const address = wanted || addresses.freeServiceAddress((candidate) => taken.has(candidate));
  return { clusterIP: address, clusterIPs: [address] };
}

function freePort(taken: ReadonlySet<number | undefined>, random: Random): number {
  const span = NODE_PORTS.last - NODE_PORTS.first + 1;
  const start = Math.floor(random() * span);
  for (let step = 0; step < span; step += 1) {
    const port = NODE_PORTS.first + ((start + step) % span);
    if (!taken.has(port)) return port;
  }
  throw new Error('every node port is taken');
}

function withoutNodePort({ nodePort: _, ...rest }: ServicePort): ServicePort {
  return rest;
}
