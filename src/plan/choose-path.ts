import { placeText } from '../model/manifest.ts';
import { GRPC_HEALTH_CHECK, type Protocol, pathAsking, type Slow } from '../model/scenario.ts';
import type { DeploymentShape } from '../model/workload-shape.ts';
import { resolvePort } from './choose-port.ts';
import type { Findings } from './findings.ts';

const MAX_LENGTH = 2048;

const GRPC_METHOD = /^\/[\w.]+\/\w+$/;

/** What the path is chosen for. */
export interface PathWish {
  readonly protocol: Protocol;
  readonly given: string | undefined;
  /** Absent: no duration is asked for, and no place for one can be in the path. */
  readonly slow?: Slow | undefined;
  readonly containerPort: number;
}

/**
 * The request path: the given one, else the protocol's own, which for HTTP is that of the readiness probe on the same
 * port, else `/`. Undefined, and a problem (RP1111, RP1108), where it can not be asked.
 */
export function choosePath(
  { protocol, given, slow, containerPort }: PathWish,
  deployment: DeploymentShape,
  findings: Findings,
): string | undefined {
  switch (protocol) {
    case 'tcp':
    case 'udp':
      if (given !== undefined) findings.warn(`path ${given} is not asked for: ${protocol} has none`);
      return '/';
    case 'grpc':
      if (given !== undefined) return checkedMethod(given, findings);
      findings.assume(`method ${GRPC_HEALTH_CHECK} (the health check of gRPC)`);
      return GRPC_HEALTH_CHECK;
    case 'websocket':
      if (given !== undefined) return checked(given, 'path', findings);
      findings.assume('path / (of the handshake)');
      return '/';
    default:
      return httpPath({ protocol, given, slow }, deployment, containerPort, findings);
  }
}

function httpPath(
  { protocol, given, slow }: Omit<PathWish, 'containerPort'>,
  deployment: DeploymentShape,
  containerPort: number,
  findings: Findings,
): string | undefined {
  const { containers, object } = deployment;
  const index = containers.findIndex(
    ({ readiness }) => readiness && resolvePort(readiness.port, containers) === containerPort,
  );
  const readiness = containers[index]?.readiness;
  const where = placeText(
    object.placeOf([
      'spec',
      'template',
      'spec',
      'containers',
      Math.max(index, 0),
      'readinessProbe',
      'httpGet',
    ]),
  );
  const scheme = protocol === 'https' ? 'HTTPS' : 'HTTP';
  if (readiness && readiness.scheme.toUpperCase() !== scheme) {
    return findings.problem({
      code: 'RP1108',
      what: `Port ${containerPort} of Deployment ${object.name} speaks ${readiness.scheme}.`,
      where,
      why: `Requests are sent as ${protocol}, and its readiness probe asks it otherwise.`,
      remedy: `Write protocol: ${scheme === 'HTTP' ? 'https' : 'http'}, or probe another port: target: service/<name>:<port>`,
    });
  }
  if (given !== undefined) {
    // What is asked in the end is checked; the scenario keeps the place for the duration.
    return checked(pathAsking(given, slow), 'path', findings) && given;
  }
  if (!readiness) {
    findings.assume('path / (there is no HTTP readiness probe on the port)');
    return '/';
  }
  // The kubelet takes a path without its slash; a request line does not.
  const path = readiness.path.startsWith('/') ? readiness.path : `/${readiness.path}`;
  findings.assume(`path ${path} (the readiness probe's)`);
  return checked(path, where, findings);
}

function checkedMethod(method: string, findings: Findings): string | undefined {
  if (GRPC_METHOD.test(method) && method.length <= MAX_LENGTH) return method;
  return findings.problem({
    code: 'RP1111',
    what: `${JSON.stringify(method.slice(0, 80))} can not be called.`,
    where: 'path',
    why: 'With protocol: grpc the path names a method.',
    remedy: `Write path: /<package>.<Service>/<Method>, such as ${GRPC_HEALTH_CHECK}.`,
  });
}

function checked(path: string, where: string, findings: Findings): string | undefined {
  const wrong = fault(path);
  if (wrong === undefined) return path;
  return findings.problem({
    code: 'RP1111',
    what: `${JSON.stringify(path.slice(0, 80))} can not be requested.`,
    where,
    why: wrong,
    remedy: 'Write a path such as /healthz?full=1; encode everything else as %XX.',
  });
}

function fault(path: string): string | undefined {
  if (/^[a-z][a-z0-9+.-]*:\/\//i.test(path))
    return 'It is a URL. What is probed is always the Service, never an address.';
  if (!path.startsWith('/')) return 'A request path starts with a slash.';
  if (path.startsWith('//')) return 'Two slashes at the start would name another host.';
  if (path.length > MAX_LENGTH) return `It is longer than ${MAX_LENGTH} characters.`;
  if (!/^[!-~]*$/.test(path)) return 'It holds spaces, control characters or letters outside of ASCII.';
  if (/[#\\"<>^`{|}]/.test(path)) return 'It holds a character that has to be encoded.';
  return undefined;
}
