import type { Suggestion } from '../../model/finding.ts';
import { type FieldPath, type ManifestObject, placeText } from '../../model/manifest.ts';
import { listOf, property } from '../../model/plain-data.ts';
import type { StaticFinding } from '../../model/static-finding.ts';
import type { Labels, ServicePortShape } from '../../model/workload-shape.ts';
import { isSubset } from '../../model/workload-shape.ts';
import { sidecarsOf } from '../container.ts';
import {
  type CheckedService,
  type Inventory,
  isForClients,
  leadsTo,
  POD_SPEC,
  sameNamespace,
  type Workload,
} from '../inventory.ts';
import { changed } from '../lines.ts';
import { type DeploymentRule, finding, type ServiceRule } from '../rule.ts';

/** Services that select nothing here although something here is meant, or more than is meant. */
export const selection: ServiceRule = (service, inventory) => {
  const { object, selector, workloads } = service;
  if (!selector || service.type === 'ExternalName') return [];
  if (workloads.length === 0) return nearMiss(service, selector, inventory);
  const [first, ...others] = workloads;
  const other = others[0];
  if (!first || !other) return [];
  const stranger = workloads.find((workload) => isStranger(service, workload, workloads));
  return [
    finding(object, {
      cause: 'selector-mismatch',
      severity: stranger ? 'warning' : 'info',
      at: ['spec', 'selector'],
      text: `The selector of Service ${object.name} matches the pods of ${workloads.map(nameOf).join(' and ')}${stranger ? `, and ${nameOf(stranger)} declares none of the ports that it forwards to: a part of the requests goes to pods that do not answer them` : ': an update of the one changes only a part of what answers'}.`,
      suggestion: {
        text: 'Give each of them a label of its own, and select by it.',
        yaml: ['selector:', ...labelLines(selector), `  app.kubernetes.io/component: ${first.object.name}`],
      },
    }),
  ];
};

/** Deployments that the API server refuses, because they do not select their own pods. */
export const ownSelector: DeploymentRule = ({ object, matchLabels, templateLabels }) => {
  if (matchLabels.size === 0 || isSubset(matchLabels, templateLabels)) return [];
  return [
    finding(object, {
      cause: 'selector-mismatch',
      severity: 'error',
      at: ['spec', 'selector'],
      text: `Deployment ${object.name} does not select the pods that it makes: it wants ${labelText(matchLabels)}, and they have ${labelText(templateLabels)}. The API server refuses it.`,
      suggestion: {
        text: 'Make spec.selector.matchLabels a part of the labels of the pod template.',
        yaml: [],
      },
    }),
  ];
};

/** Ports of a Service that lead nowhere. */
export const targetPorts: ServiceRule = (service) =>
  service.workloads
    // A template without containers has a finding of its own.
    .filter(({ object, containers }) => object.kind === 'Deployment' && containers.length > 0)
    .flatMap((workload) => {
      const lost = service.ports
        .map((port, index) => ({ port, path: ['spec', 'ports', index, 'targetPort'] }))
        .filter(({ port }) => !declares(workload, port));
      return [
        ...lost.filter(({ port }) => isName(port)).map((one) => nameOfNoPort(service, workload, one)),
        ...undeclaredNumbers(
          service,
          workload,
          lost.filter(({ port }) => !isName(port)),
        ),
      ];
    });

interface LostPort {
  readonly port: ServicePortShape;
  readonly path: FieldPath;
}

function isName({ targetPort }: ServicePortShape): boolean {
  return typeof targetPort === 'string' && !/^\d+$/.test(targetPort);
}

function nameOfNoPort({ object }: CheckedService, workload: Workload, lost: LostPort): StaticFinding {
  const { port, path } = lost;
  return finding(object, {
    cause: 'port-mismatch',
    severity: 'error',
    at: path,
    text: `Service ${object.name} forwards port ${port.port} to ${port.targetPort}, and no container of ${nameOf(workload)} has a ${port.protocol} port of that name (${containersPlace(workload)}; ${declaredText(workload)}). The port has no endpoints.`,
    suggestion: onlyPort(object, workload, lost),
  });
}

/** A port need not be declared: where none of those for clients is, nothing can be said. */
function undeclaredNumbers(
  { object }: CheckedService,
  workload: Workload,
  lost: readonly LostPort[],
): readonly StaticFinding[] {
  const [first] = lost;
  const declared = workload.containers.flatMap(({ ports }) => ports);
  if (!first || workload.containers.length > 1 || !declared.some(isForClients)) return [];
  const forwards = lost.map(({ port }) => `port ${port.port} to ${port.targetPort}`).join(', ');
  return [
    finding(object, {
      cause: 'port-mismatch',
      severity: 'warning',
      at: first.path,
      text: `Service ${object.name} forwards ${forwards}, which no container of ${nameOf(workload)} declares (${containersPlace(workload)}; ${declaredText(workload)}). It holds unless something listens there undeclared.`,
      suggestion: lost.length === 1 ? onlyPort(object, workload, first) : undefined,
    }),
  ];
}

function onlyPort(
  object: ManifestObject,
  { containers }: Workload,
  { port, path }: LostPort,
): Suggestion | undefined {
  const [only, ...others] = containers.flatMap(({ ports }) => ports);
  if (!only || others.length > 0) return undefined;
  const text = 'Forward to the port that the pods declare.';
  return changed({ object, path }, text, port.targetPort, only.name ?? only.containerPort);
}

function containersPlace({ object }: Workload): string {
  return placeText(object.placeOf([...POD_SPEC, 'containers']));
}

function declaredText({ containers }: Workload): string {
  const declared = containers.flatMap(({ ports }) => ports);
  if (declared.length === 0) return 'they declare no port';
  return `they have ${declared.map(({ name, containerPort }) => (name === undefined ? containerPort : `${name} (${containerPort})`)).join(', ')}`;
}

/** Nodes that take requests only while they have a pod of their own. */
export const localTraffic: ServiceRule = ({ object, type, workloads }) => {
  if (!workloads.some(({ object: { kind } }) => kind === 'Deployment')) return [];
  const reachable = type === 'NodePort' || type === 'LoadBalancer';
  return (['externalTrafficPolicy', 'internalTrafficPolicy'] as const).flatMap(
    (field): readonly StaticFinding[] => {
      if (property(object.content, 'spec', field) !== 'Local') return [];
      if (field === 'externalTrafficPolicy' && !reachable) return [];
      const from = field === 'externalTrafficPolicy' ? 'from outside' : 'from pods';
      return [
        finding(object, {
          cause: 'local-traffic-policy',
          severity: 'warning',
          at: ['spec', field],
          text: `With ${field}: Local a node drops requests ${from} while it has no ready pod of its own. An update moves pods between nodes, and ends the only one of a node before or after its successor is elsewhere.${field === 'externalTrafficPolicy' ? ' It holds unless a load balancer has noticed by then.' : ''}`,
          suggestion: changed(
            { object, path: ['spec', field] },
            'Use the policy Cluster, unless the address of the client is needed.',
            'Local',
            'Cluster',
          ),
        }),
      ];
    },
  );
};

/** One client, one pod. */
export const affinity: ServiceRule = ({ object, workloads }) => {
  if (property(object.content, 'spec', 'sessionAffinity') !== 'ClientIP') return [];
  if (!workloads.some(({ object: { kind } }) => kind === 'Deployment')) return [];
  return [
    finding(object, {
      cause: 'session-affinity',
      severity: 'info',
      at: ['spec', 'sessionAffinity'],
      text: 'With sessionAffinity: ClientIP all connections of one client go to one pod: what an ending pod loses is lost by the same few clients.',
      suggestion: changed(
        { object, path: ['spec', 'sessionAffinity'] },
        'Keep sessions elsewhere.',
        'ClientIP',
        'None',
      ),
    }),
  ];
};

/** Backends of an Ingress that its Service does not have. */
export function ingressPorts({ objects, services }: Inventory): readonly StaticFinding[] {
  const ingresses = objects.filter(
    ({ apiVersion, kind }) => kind === 'Ingress' && apiVersion === 'networking.k8s.io/v1',
  );
  return ingresses.flatMap((ingress) =>
    backendsOf(ingress.content).flatMap(({ service: name, port, at }): readonly StaticFinding[] => {
      const service = services.find((one) => one.object.name === name && sameNamespace(one.object, ingress));
      if (!service || port === undefined || service.ports.length === 0) return [];
      if (service.ports.some((one) => one.port === port || one.name === port)) return [];
      return [
        finding(ingress, {
          cause: 'port-mismatch',
          severity: 'error',
          at,
          text: `Ingress ${ingress.name} sends requests to port ${port} of Service ${service.object.name}, which has no such port (${placeText(service.object.placeOf(['spec', 'ports']))}; it has ${service.ports.map((one) => one.name ?? one.port).join(', ') || 'none'}).`,
        }),
      ];
    }),
  );
}

interface Backend {
  readonly service: unknown;
  readonly port: number | string | undefined;
  readonly at: readonly (string | number)[];
}

function backendsOf(content: unknown): readonly Backend[] {
  const spec = property(content, 'spec');
  const rules = listOf(property(spec, 'rules'));
  return [
    backend(property(spec, 'defaultBackend'), ['spec', 'defaultBackend']),
    ...rules.flatMap((rule, index) =>
      listOf(property(rule, 'http', 'paths')).map((path, place) =>
        backend(property(path, 'backend'), ['spec', 'rules', index, 'http', 'paths', place, 'backend']),
      ),
    ),
  ];
}

function backend(value: unknown, at: Backend['at']): Backend {
  const number = property(value, 'service', 'port', 'number');
  const name = property(value, 'service', 'port', 'name');
  const port = typeof number === 'number' ? number : typeof name === 'string' ? name : undefined;
  return { service: property(value, 'service', 'name'), port, at: [...at, 'service', 'port'] };
}

/** A selector that shares a label with a pod template, and still misses it. */
function nearMiss(
  { object }: CheckedService,
  selector: Labels,
  { deployments }: Inventory,
): readonly StaticFinding[] {
  const near = deployments
    .filter((deployment) => sameNamespace(deployment.object, object))
    .map((deployment) => ({
      deployment,
      shared: [...selector].filter(([key, value]) => deployment.templateLabels.get(key) === value).length,
    }))
    // Labels that all parts of an application have in common are no sign that this one is meant.
    .filter(
      ({ deployment, shared }) => shared >= selector.size - shared || deployment.object.name === object.name,
    )
    // One that another Service leads to is not missed by this one.
    .filter(({ deployment }) => deployment.services.length === 0)
    .toSorted((a, b) => b.shared - a.shared)[0];
  if (!near) return [];
  const { object: missed, templateLabels } = near.deployment;
  const wrong = [...selector].filter(([key, value]) => templateLabels.get(key) !== value);
  return [
    finding(object, {
      cause: 'selector-mismatch',
      severity: 'warning',
      at: ['spec', 'selector'],
      text: `Service ${object.name} selects no pods of these manifests: Deployment ${missed.name} (${placeText(missed.placeOf(['spec', 'template', 'metadata', 'labels']))}) has not ${labelText(new Map(wrong))}, but ${labelText(templateLabels)}. It holds unless other pods are meant.`,
      suggestion: {
        text: 'Let the selector be a part of the labels of the pod template.',
        yaml: ['selector:', ...labelLines(new Map([...templateLabels].slice(0, 3)))],
      },
    }),
  ];
}

/** Selected, and without any of the ports, while another one has them. */
function isStranger(service: CheckedService, workload: Workload, all: readonly Workload[]): boolean {
  const has = (one: Workload) => service.ports.some((port) => declares(one, port));
  return !has(workload) && all.some(has);
}

function declares({ containers, object }: Workload, port: ServicePortShape): boolean {
  return [...containers, ...sidecarsOf(object)].some((container) => leadsTo(port, container));
}

function nameOf({ object }: Workload): string {
  return `${object.kind} ${object.name}`;
}

function labelText(labels: Labels): string {
  return [...labels].map(([key, value]) => `${key}=${value}`).join(',') || 'no labels';
}

function labelLines(labels: Labels): readonly string[] {
  return [...labels].map(([key, value]) => `  ${key}: ${JSON.stringify(value)}`);
}
