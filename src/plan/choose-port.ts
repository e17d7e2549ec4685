import { placeText } from '../model/manifest.ts';
import type { Protocol, TransportProtocol } from '../model/scenario.ts';
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
 * The port that is probed: the named one, else the only port of the kind that is spoken (TCP, or UDP), else the one that the readiness probe asks, else the
 * one named `http` (or `https`, where that is spoken). Undefined, and a problem, where that is not exactly one or leads to no port of the pods.
 */
export function choosePort(
  service: ServiceShape,
  deployment: DeploymentShape,
  { port: wanted, carrier, protocol }: PortWish,
  findings: Findings,
): ChosenPort | undefined {
  const port =
    wanted === undefined
      ? inferred(service, deployment, { carrier, protocol }, findings)
      : named(service, wanted, carrier, findings);
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

/** What the port is chosen for. */
export interface PortWish {
  /** Number or name. */
  readonly port: number | string | undefined;
  readonly carrier: TransportProtocol;
  readonly protocol: Protocol;
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
  carrier: TransportProtocol,
  findings: Findings,
): ServicePortShape | undefined {
  const all = service.ports.filter(({ name, port }) => port === wanted || name === wanted);
  // One number may stand for two ports, as that of DNS does.
  const found = all.find(({ protocol }) => protocol === carrier) ?? all[0];
  if (!found) {
    return findings.problem({
      code: 'RP1513',
      what: `Service ${service.object.name} has no port ${wanted}.`,
      where: placeText(service.object.placeOf(['spec', 'ports'])),
      why: `Its ports are ${service.ports.map(portText).join(', ') || 'none'}.`,
      remedy: `Write target: service/${service.object.name}:<port> with one of them.`,
    });
  }
  return found.protocol === carrier ? found : otherCarrier(service, found, carrier, findings);
}

function inferred(
  service: ServiceShape,
  deployment: DeploymentShape,
  { carrier, protocol }: Pick<PortWish, 'carrier' | 'protocol'>,
  findings: Findings,
): ServicePortShape | undefined {
  const ports = service.ports.filter(({ protocol }) => protocol === carrier);
  const [only] = ports;
  if (!only) {
    const [other] = service.ports;
    if (other) return otherCarrier(service, other, carrier, findings);
    return findings.problem({
      code: 'RP1513',
      what: `Service ${service.object.name} has no port.`,
      where: placeText(service.object.placeOf(['spec', 'ports'])),
      remedy: 'Give it the port that clients use.',
    });
  }
  if (ports.length === 1) {
    findings.assume(`port ${only.port} (the only ${carrier} port of service ${service.object.name})`);
    return only;
  }
  const { containers } = deployment;
  const asked = new Set(
    containers.flatMap(({ readiness }) => (readiness ? [resolvePort(readiness.port, containers)] : [])),
  );
  const usualName = protocol === 'https' ? 'https' : 'http';
  const choices = [
    {
      found: ports.filter(({ targetPort }) => asked.has(resolvePort(targetPort, containers))),
      why: 'its readiness probe asks it',
    },
    { found: ports.filter(({ name }) => name === usualName), why: `it is named ${usualName}` },
  ];
  for (const { found, why } of choices) {
    const [one, ...others] = found;
    if (!one || others.length > 0) continue;
    findings.assume(`port ${one.port} (${why})`);
    return one;
  }
  return findings.problem({
    code: 'RP1012',
    what: `Service ${service.object.name} has ${ports.length} ${carrier} ports: ${ports.map(portText).join(', ')}.`,
    where: placeText(service.object.placeOf(['spec', 'ports'])),
    why: 'One of them is probed.',
    remedy: `Choose one: target: service/${service.object.name}:${only.port}`,
  });
}

function otherCarrier(
  service: ServiceShape,
  port: ServicePortShape,
  carrier: TransportProtocol,
  findings: Findings,
): undefined {
  return findings.problem({
    code: 'RP1108',
    what: `Port ${portText(port)} of Service ${service.object.name} is not ${carrier}.`,
    where: placeText(service.object.placeOf(['spec', 'ports', service.ports.indexOf(port)])),
    why: `The protocol of the probes is carried by ${carrier}.`,
    remedy: `Probe a ${carrier} port${carrier === 'TCP' && port.protocol === 'UDP' ? ', or write protocol: udp' : ''}.`,
  });
}

function portText({ name, port, protocol }: ServicePortShape): string {
  return `${name === undefined ? '' : `${name} `}${port}/${protocol}`;
}
