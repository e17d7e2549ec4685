import { placeText } from '../model/manifest.ts';
import type {
  ContainerShape,
  DeploymentShape,
  ServicePortShape,
  ServiceShape,
} from '../model/workload-shape.ts';
import type { Findings } from './findings.ts';

/** A port of the Service, and the port of the pods behind it. */
export interface ChosenPort {
  readonly servicePort: number;
  readonly containerPort: number;
}

/**
 * The port that is probed: the named one, else the only TCP port, else the one that the readiness probe asks, else the
 * one named `http`. Undefined, and a problem, where that is not exactly one or leads to no port of the pods.
 */
export function choosePort(
  service: ServiceShape,
  deployment: DeploymentShape,
  wanted: number | string | undefined,
  findings: Findings,
): ChosenPort | undefined {
  const port =
    wanted === undefined ? inferred(service, deployment, findings) : named(service, wanted, findings);
  if (!port) return undefined;
  const containerPort = resolvePort(port.targetPort, deployment.containers);
  if (containerPort !== undefined) return { servicePort: port.port, containerPort };
  return findings.problem({
    code: 'RP1109',
    what: `Service ${service.object.name} forwards to a port that the pods do not have: ${port.targetPort}.`,
    where: placeText(service.object.placeOf(['spec', 'ports', service.ports.indexOf(port), 'targetPort'])),
    why: `No container of Deployment ${deployment.object.name} has a port of this name (${placeText(deployment.object.placeOf(['spec', 'template', 'spec', 'containers']))}).`,
    remedy: `Name one of the container's ports ${port.targetPort}, or write its number.`,
  });
}

/** A port by its number, or by the name that a container gives it. */
export function resolvePort(
  port: number | string,
  containers: readonly ContainerShape[],
): number | undefined {
  if (typeof port === 'number') return port;
  if (/^\d+$/.test(port)) return Number(port);
  return containers.flatMap(({ ports }) => ports).find(({ name }) => name === port)?.containerPort;
}

function named(
  service: ServiceShape,
  wanted: number | string,
  findings: Findings,
): ServicePortShape | undefined {
  const found = service.ports.find(({ name, port }) => port === wanted || name === wanted);
  if (!found) {
    return findings.problem({
      code: 'RP1513',
      what: `Service ${service.object.name} has no port ${wanted}.`,
      where: placeText(service.object.placeOf(['spec', 'ports'])),
      why: `Its ports are ${service.ports.map(portText).join(', ') || 'none'}.`,
      remedy: `Write target: service/${service.object.name}:<port> with one of them.`,
    });
  }
  return found.protocol === 'TCP' ? found : unsupportedProtocol(service, found, findings);
}

function inferred(
  service: ServiceShape,
  deployment: DeploymentShape,
  findings: Findings,
): ServicePortShape | undefined {
  const ports = service.ports.filter(({ protocol }) => protocol === 'TCP');
  const [only] = ports;
  if (!only) {
    const [other] = service.ports;
    if (other) return unsupportedProtocol(service, other, findings);
    return findings.problem({
      code: 'RP1513',
      what: `Service ${service.object.name} has no port.`,
      where: placeText(service.object.placeOf(['spec', 'ports'])),
      remedy: 'Give it the port that clients use.',
    });
  }
  if (ports.length === 1) {
    findings.assume(`port ${only.port} (the only TCP port of service ${service.object.name})`);
    return only;
  }
  const { containers } = deployment;
  const asked = new Set(
    containers.flatMap(({ readiness }) => (readiness ? [resolvePort(readiness.port, containers)] : [])),
  );
  const choices = [
    {
      found: ports.filter(({ targetPort }) => asked.has(resolvePort(targetPort, containers))),
      why: 'its readiness probe asks it',
    },
    { found: ports.filter(({ name }) => name === 'http'), why: 'it is named http' },
  ];
  for (const { found, why } of choices) {
    const [one, ...others] = found;
    if (!one || others.length > 0) continue;
    findings.assume(`port ${one.port} (${why})`);
    return one;
  }
  return findings.problem({
    code: 'RP1012',
    what: `Service ${service.object.name} has ${ports.length} TCP ports: ${ports.map(portText).join(', ')}.`,
    where: placeText(service.object.placeOf(['spec', 'ports'])),
    why: 'One of them is probed.',
    remedy: `Choose one: target: service/${service.object.name}:${only.port}`,
  });
}

function unsupportedProtocol(service: ServiceShape, port: ServicePortShape, findings: Findings): undefined {
  return findings.problem({
    code: 'RP1108',
    what: `Port ${portText(port)} of Service ${service.object.name} is not TCP.`,
    where: placeText(service.object.placeOf(['spec', 'ports', service.ports.indexOf(port)])),
    why: 'Requests are sent as HTTP over TCP.',
    remedy: 'Probe a TCP port.',
  });
}

function portText({ name, port, protocol }: ServicePortShape): string {
  return `${name === undefined ? '' : `${name} `}${port}/${protocol}`;
}
