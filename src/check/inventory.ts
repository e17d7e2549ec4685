import type { FieldPath, ManifestObject } from '../model/manifest.ts';
import { property } from '../model/plain-data.ts';
import {
  type DeploymentShape,
  isSubset,
  type Labels,
  readDeployment,
  type ServicePortShape,
  type ServiceShape,
  selects,
  servicesIn,
} from '../model/workload-shape.ts';
import { type Container, containersOf } from './container.ts';
import { leastReplicas, type RollingNumbers, rollingNumbers } from './rolling-numbers.ts';

/** What the manifests hold, with what belongs together found. */
export interface Inventory {
  readonly objects: readonly ManifestObject[];
  readonly deployments: readonly CheckedDeployment[];
  readonly services: readonly CheckedService[];
  /** What is not checked: workloads behind a Service that are rolled in another way, Deployments of other APIs. */
  readonly notCovered: readonly ManifestObject[];
}

/** A Deployment as the rules look at it. */
export interface CheckedDeployment extends Omit<DeploymentShape, 'containers' | 'initContainers'> {
  readonly containers: readonly Container[];
  /** Containers that the Services' ports lead to; empty where that cannot be told. */
  readonly serving: readonly Container[];
  /** `perhaps`: no Service here selects it, but it declares ports, and the Service may be in another file. */
  readonly served: 'yes' | 'perhaps' | 'no';
  readonly services: readonly ServiceShape[];
  readonly graceSeconds: number;
  /** The least that there may be: what is written, or the autoscaler's minimum. */
  readonly replicas: number;
  readonly autoscaler: ManifestObject | undefined;
  /** Absent where the strategy is not RollingUpdate, or its numbers cannot be read. */
  readonly rolling: RollingNumbers | undefined;
  readonly spec: unknown;
  readonly podSpec: unknown;
}

export interface CheckedService extends ServiceShape {
  readonly workloads: readonly Workload[];
}

/** Something with a pod template. */
export interface Workload {
  readonly object: ManifestObject;
  readonly labels: Labels;
  readonly containers: readonly Container[];
}

export const POD_SPEC: FieldPath = ['spec', 'template', 'spec'];

/** Kinds whose pods live in a template of theirs. */
const WORKLOADS: readonly string[] = ['Deployment', 'StatefulSet', 'DaemonSet', 'ReplicaSet'];
const NOT_COVERED: readonly string[] = ['StatefulSet', 'DaemonSet'];

/** Sorts the objects of one or several files; whatever is no Deployment of apps/v1 and no Service is only looked up. */
export function takeInventory(objects: readonly ManifestObject[]): Inventory {
  const workloads = objects
    .filter(({ apiVersion, kind }) => apiVersion.startsWith('apps/') && WORKLOADS.includes(kind))
    .filter(isWhole)
    .map((object) => ({
      object,
      labels: readDeployment(object).templateLabels,
      containers: containersOf(object),
    }));
  const services = servicesIn(objects).map((service) => ({
    ...service,
    workloads: distinct(
      workloads.filter(
        ({ object, labels }) => selects(service, labels) && sameNamespace(service.object, object),
      ),
    ),
  }));
  return {
    objects,
    services,
    deployments: workloads
      .filter(({ object }) => object.kind === 'Deployment')
      .map(({ object }) => checkedDeployment(object, objects, services)),
    notCovered: [
      ...workloads
        .map(({ object }) => object)
        .filter(
          (object) =>
            NOT_COVERED.includes(object.kind) &&
            services.some((service) => selects(service, readDeployment(object).templateLabels)),
        ),
      ...objects.filter(({ apiVersion, kind }) => kind === 'Deployment' && !apiVersion.startsWith('apps/')),
    ],
  };
}

/** A workload without a selector is a part of one: a patch that lies beside the manifests. */
function isWhole({ content }: ManifestObject): boolean {
  return property(content, 'spec', 'selector') !== undefined;
}

/** An object without a namespace goes wherever the others go. */
export function sameNamespace(a: ManifestObject, b: ManifestObject): boolean {
  return a.namespace === undefined || b.namespace === undefined || a.namespace === b.namespace;
}

/** Does the selector of a PodDisruptionBudget or of an affinity term match these labels? Undefined: not to be told. */
export function labelSelectorMatches(selector: unknown, labels: Labels): boolean | undefined {
  const wanted = property(selector, 'matchLabels');
  if (property(selector, 'matchExpressions') !== undefined) return undefined;
  if (typeof wanted !== 'object' || wanted === null) return undefined;
  const pairs = Object.entries(wanted).map(([key, value]): [string, string] => [key, String(value)]);
  return pairs.length === 0 ? undefined : isSubset(new Map(pairs), labels);
}

function checkedDeployment(
  object: ManifestObject,
  objects: readonly ManifestObject[],
  all: readonly CheckedService[],
): CheckedDeployment {
  const shape = readDeployment(object);
  const containers = containersOf(object);
  const labels = shape.templateLabels;
  const selecting = all.filter(
    (service) => selects(service, labels) && sameNamespace(service.object, object),
  );
  const services = selecting.filter((service) => clientPorts(service, containers).length > 0);
  const autoscaler = autoscalerOf(object, objects);
  const replicas = leastReplicas(shape.replicas, autoscaler);
  const spec = property(object.content, 'spec');
  const podSpec = property(spec, 'template', 'spec');
  const grace = property(podSpec, 'terminationGracePeriodSeconds');
  const listening = containers.filter(({ ports }) => ports.some(isForClients));
  return {
    ...shape,
    containers,
    serving: services.length > 0 ? servingContainers(services, containers) : listening,
    served: services.length > 0 ? 'yes' : selecting.length === 0 && listening.length > 0 ? 'perhaps' : 'no',
    services,
    graceSeconds: typeof grace === 'number' ? grace : 30,
    replicas,
    autoscaler,
    rolling:
      shape.strategy === 'RollingUpdate' ? rollingNumbers(property(spec, 'strategy'), replicas) : undefined,
    spec,
    podSpec,
  };
}

function autoscalerOf(
  deployment: ManifestObject,
  objects: readonly ManifestObject[],
): ManifestObject | undefined {
  return objects.find(
    (object) =>
      object.kind === 'HorizontalPodAutoscaler' &&
      sameNamespace(object, deployment) &&
      property(object.content, 'spec', 'scaleTargetRef', 'kind') === 'Deployment' &&
      property(object.content, 'spec', 'scaleTargetRef', 'name') === deployment.name,
  );
}

/** Figures and health are asked for by machines that ask again: nobody misses such a request. */
const FOR_MACHINES = /metric|prom|monitor|telemetry|health|probe|debug|pprof/i;

/** Does somebody wait behind a port of this name for an answer? */
export function isForClients({ name }: { readonly name: string | undefined }): boolean {
  return name === undefined || !FOR_MACHINES.test(name);
}

/** The ports of a Service that somebody waits behind for an answer. */
function clientPorts(service: ServiceShape, containers: readonly Container[]): readonly ServicePortShape[] {
  const { object, ports } = service;
  return ports.filter((port) => {
    const names = containers.flatMap((container) =>
      container.ports.flatMap(({ name, containerPort }) =>
        containerPort === port.targetPort ? (name ?? []) : [],
      ),
    );
    const called = [port.name ?? names[0], String(port.targetPort), ports.length === 1 ? object.name : ''];
    return called.every((name) => isForClients({ name }));
  });
}

function servingContainers(
  services: readonly ServiceShape[],
  containers: readonly Container[],
): readonly Container[] {
  const [only, ...others] = containers;
  if (only && others.length === 0) return [only];
  const asked = services.flatMap((service) => clientPorts(service, containers));
  return containers.filter((container) => asked.some((port) => leadsTo(port, container)));
}

/** One object may be there several times, as in two ways to install the same: then it is one workload. */
function distinct(workloads: readonly Workload[]): readonly Workload[] {
  return [...new Map(workloads.map((one) => [`${one.object.kind}/${one.object.name}`, one])).values()];
}

/** Does a port of a Service lead to a port that this container declares? */
export function leadsTo({ targetPort, protocol }: ServicePortShape, { ports }: Container): boolean {
  return ports.some(
    (port) => (port.name === targetPort || port.containerPort === targetPort) && port.protocol === protocol,
  );
}
