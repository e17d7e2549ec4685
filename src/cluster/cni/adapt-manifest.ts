import type { PlainRecord } from '../../model/plain-data.ts';
import type { KubeManifest } from '../../platform/kube-apply.ts';
import { mapOf, mapsOf } from '../plain-data.ts';

/** What the objects of a named CNI must agree with. */
export interface ClusterNetwork {
  /** Range the cluster's pods get their addresses from: `10.244.0.0/16`. */
  readonly podSubnet: string;
}

/**
 * Fits the manifest of a named CNI, as its project publishes it, to the cluster. What already fits is left alone, so
 * that a manifest the user has fitted comes through unchanged. Other CNIs' manifests are given back as they are.
 */
export function adaptManifest(
  cni: string,
  objects: readonly KubeManifest[],
  network: ClusterNetwork,
): readonly KubeManifest[] {
  if (cni === 'calico') return objects.map((object) => adaptCalico(object, network));
  if (cni === 'flannel') return objects.map((object) => adaptFlannel(object, network));
  return objects;
}

/**
 * VXLAN everywhere, also where the kernel could do IPIP, Calico's default: results of two machines can only be
 * compared where packets go the same way. BIRD has nothing to do then, so its health is not asked for.
 */
function adaptCalico(object: KubeManifest, { podSubnet }: ClusterNetwork): KubeManifest {
  if (object.kind === 'ConfigMap' && object.metadata.name === 'calico-config')
    return withData(object, { calico_backend: 'vxlan' });
  if (object.kind !== 'DaemonSet' || object.metadata.name !== 'calico-node') return object;
  return mapContainers(object, 'calico-node', (container) => ({
    ...withEnv(container, {
      CALICO_IPV4POOL_CIDR: podSubnet,
      CALICO_IPV4POOL_IPIP: 'Never',
      CALICO_IPV4POOL_VXLAN: 'Always',
    }),
    ...withoutProbeArgument(container, 'livenessProbe', '-bird-live'),
    ...withoutProbeArgument(container, 'readinessProbe', '-bird-ready'),
  }));
}

function adaptFlannel(object: KubeManifest, { podSubnet }: ClusterNetwork): KubeManifest {
  if (object.kind !== 'ConfigMap' || object.metadata.name !== 'kube-flannel-cfg') return object;
  const configuration = parseMap(mapOf(object.data)['net-conf.json']);
  return withData(object, { 'net-conf.json': JSON.stringify({ ...configuration, Network: podSubnet }) });
}

function withData(object: KubeManifest, data: Readonly<Record<string, string>>): KubeManifest {
  return { ...object, data: { ...mapOf(object.data), ...data } };
}

function mapContainers(
  object: KubeManifest,
  name: string,
  change: (container: PlainRecord) => PlainRecord,
): KubeManifest {
  const spec = mapOf(object.spec);
  const template = mapOf(spec.template);
  const podSpec = mapOf(template.spec);
  const containers = mapsOf(podSpec.containers).map((container) =>
    container.name === name ? change(container) : container,
  );
  return { ...object, spec: { ...spec, template: { ...template, spec: { ...podSpec, containers } } } };
}

function withEnv(container: PlainRecord, values: Readonly<Record<string, string>>): PlainRecord {
  const others = mapsOf(container.env).filter(({ name }) => !(String(name) in values));
  const ours = Object.entries(values).map(([name, value]) => ({ name, value }));
  return { ...container, env: [...others, ...ours] };
}

function withoutProbeArgument(container: PlainRecord, probe: string, argument: string): PlainRecord {
  const before = mapOf(container[probe]);
  const exec = mapOf(before.exec);
  const command = exec.command;
  if (!Array.isArray(command) || !command.includes(argument)) return {};
  return { [probe]: { ...before, exec: { ...exec, command: command.filter((word) => word !== argument) } } };
}

function parseMap(json: unknown): PlainRecord {
  return typeof json === 'string' ? mapOf(JSON.parse(json)) : {};
}
