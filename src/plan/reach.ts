import type { ManifestObject } from '../model/manifest.ts';
import { listOf, property } from '../model/plain-data.ts';
import type { PlannedScenario } from '../model/plan.ts';

/**
 * What of a scenario reaches beyond its own namespace, so that others beside it could be disturbed by it or get in its
 * way; undefined where nothing is known to.
 */
export function reachOf({
  scenario,
  objects,
  updatedObjects = [],
  ...planned
}: PlannedScenario): string | undefined {
  // What a bad twin or a fix shows has to be compared with a run under the same conditions.
  if (planned.sensitivity || planned.tryFixRuns !== undefined) return 'its trials are compared with its runs';
  if (scenario.update.kind === 'command') return 'its update is a command, which may change anything';
  if (scenario.target === 'host-port') return 'it is probed at a port of its node';
  for (const object of [...objects, ...updatedObjects]) {
    const reach = reachOfObject(object);
    if (reach !== undefined) return reach;
  }
  return undefined;
}

/** Kinds that live in a namespace, by their group. What is not among them may be there once for the whole cluster. */
const NAMESPACED: ReadonlySet<string> = new Set([
  ...[
    'ConfigMap',
    'Endpoints',
    'LimitRange',
    'PersistentVolumeClaim',
    'Pod',
    'PodTemplate',
    'ReplicationController',
  ],
  ...['ResourceQuota', 'Secret', 'Service', 'ServiceAccount'],
  ...['DaemonSet', 'Deployment', 'ReplicaSet', 'StatefulSet'].map((kind) => `apps/${kind}`),
  ...['CronJob', 'Job'].map((kind) => `batch/${kind}`),
  ...['Ingress', 'NetworkPolicy'].map((kind) => `networking.k8s.io/${kind}`),
  ...['Role', 'RoleBinding'].map((kind) => `rbac.authorization.k8s.io/${kind}`),
  'autoscaling/HorizontalPodAutoscaler',
  'coordination.k8s.io/Lease',
  'discovery.k8s.io/EndpointSlice',
  'policy/PodDisruptionBudget',
]);

function reachOfObject({ apiVersion, kind, name, content }: ManifestObject): string | undefined {
  // Namespaces of the manifests are not made.
  if (apiVersion === 'v1' && kind === 'Namespace') return undefined;
  const group = apiVersion.includes('/') ? `${apiVersion.split('/')[0]}/` : '';
  if (!NAMESPACED.has(`${group}${kind}`)) return `${kind} ${name} may be in no namespace`;
  const what = kind === 'Service' ? reachOfService(content) : reachOfPods(podSpecIn(content));
  return what === undefined ? undefined : `${kind} ${name} ${what}`;
}

function reachOfService(content: unknown): string | undefined {
  const spec = property(content, 'spec');
  const clusterIp = property(spec, 'clusterIP');
  if (clusterIp !== undefined && clusterIp !== 'None' && clusterIp !== '')
    return 'asks for a fixed cluster IP';
  const isFixed = (port: unknown) => Number(property(port, 'nodePort') ?? 0) !== 0;
  if (listOf(property(spec, 'ports')).some(isFixed)) return 'asks for a fixed node port';
  return listOf(property(spec, 'externalIPs')).length > 0 ? 'asks for external addresses' : undefined;
}

/** Of whatever makes pods, and of a pod itself. */
function podSpecIn(content: unknown): unknown {
  const spec = property(content, 'spec');
  return (
    property(spec, 'jobTemplate', 'spec', 'template', 'spec') ?? property(spec, 'template', 'spec') ?? spec
  );
}

function reachOfPods(podSpec: unknown): string | undefined {
  if (property(podSpec, 'hostNetwork') === true) return 'uses the network of its nodes';
  if (property(podSpec, 'hostPID') === true || property(podSpec, 'hostIPC') === true)
    return 'sees the processes of its nodes';
  const priority = property(podSpec, 'priorityClassName') ?? property(podSpec, 'priority');
  if (priority !== undefined && priority !== '') return 'has a priority, by which it may displace others';
  if (listOf(property(podSpec, 'volumes')).some((volume) => property(volume, 'hostPath') !== undefined))
    return 'uses files of its nodes';
  const containers = ['containers', 'initContainers'].flatMap((key) => listOf(property(podSpec, key)));
  const takesHostPort = (container: unknown) =>
    listOf(property(container, 'ports')).some((port) => Number(property(port, 'hostPort') ?? 0) !== 0);
  if (containers.some(takesHostPort)) return 'takes a port of its nodes';
  const isPrivileged = (container: unknown) => property(container, 'securityContext', 'privileged') === true;
  return containers.some(isPrivileged) ? 'has the rights of its nodes' : undefined;
}
