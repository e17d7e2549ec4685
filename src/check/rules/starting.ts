import { property } from '../../model/plain-data.ts';
import type { StaticFinding } from '../../model/static-finding.ts';
import { type Container, type ContainerProbe, sidecarsOf } from '../container.ts';
import { type CheckedDeployment, leadsTo, POD_SPEC } from '../inventory.ts';
import { added, changed } from '../lines.ts';
import { type DeploymentRule, finding } from '../rule.ts';

/** A liveness probe that gives up sooner than this is sooner than most hiccups are over. */
const HASTY_SECONDS = 10;

/** Pod templates of which no pod can be made. */
export const missingContainers: DeploymentRule = ({ object, spec }) => {
  const template = property(spec, 'template');
  if (typeof template !== 'object' || template === null) return [];
  const containers = property(template, 'spec', 'containers') ?? [];
  if (!Array.isArray(containers) || containers.length > 0) return [];
  return [
    finding(object, {
      cause: 'no-endpoints',
      severity: 'error',
      at: [...POD_SPEC, 'containers'],
      text: `The pod template of Deployment ${object.name} has no containers: no pod can be made of it. The API server refuses it.`,
      suggestion: { text: 'Write spec.template.spec.containers, with at least one container.', yaml: [] },
    }),
  ];
};

/** Containers that count as ready as soon as they run. */
export const missingReadiness: DeploymentRule = (deployment) => {
  const { containers, object, served, serving } = deployment;
  if (served === 'no') return [];
  // Where it cannot be told which one answers, one that is asked keeps the whole pod out of service.
  const asked = serving.length > 0 ? serving : containers.some(isAsked) ? [] : containers.slice(0, 1);
  return asked
    .filter((container) => !isAsked(container))
    .map((container): StaticFinding => {
      const port = portOf(deployment, container);
      const handler = speaksHttp(container)
        ? ['  httpGet:', '    path: / # what answers only when the server can work', `    port: ${port}`]
        : ['  tcpSocket:', `    port: ${port}`];
      const yaml = ['readinessProbe:', ...handler, '  periodSeconds: 1'];
      const text = `Give ${container.name} a readiness probe.`;
      return finding(object, {
        cause: 'missing-readiness-probe',
        severity: 'warning',
        at: container.path,
        text: `Container ${container.name} has no readiness probe: a new pod gets requests as soon as its process runs, and ${replacement(deployment)}. It holds unless the server listens at once.`,
        suggestion: added({ object, path: container.path }, text, yaml),
      });
    });
};

/** Probes that ask for less than clients do, or that judge too quickly. */
export const doubtfulProbes: DeploymentRule = (deployment) => {
  if (deployment.served === 'no') return [];
  return deployment.serving.flatMap((container): readonly StaticFinding[] => [
    ...shallowReadiness(deployment, container),
    ...nervousReadiness(deployment, container),
    ...hastyLiveness(deployment, container),
  ]);
};

/** Probes by the name of a port that their container does not have: they never succeed. */
export const probesOfNoPort: DeploymentRule = ({ object, containers }) =>
  [...containers, ...sidecarsOf(object)].flatMap((container): readonly StaticFinding[] =>
    (['readiness', 'liveness', 'startup'] as const).flatMap((which): readonly StaticFinding[] => {
      const port = container[which]?.port;
      if (typeof port !== 'string' || /^\d+$/.test(port)) return [];
      if (container.ports.some(({ name }) => name === port)) return [];
      const names = container.ports.flatMap(({ name }) => name ?? []);
      return [
        finding(object, {
          cause: 'port-mismatch',
          severity: 'error',
          at: [...container.path, `${which}Probe`],
          text: `The ${which} probe of container ${container.name} asks port ${port}, and this container has no port of that name (${names.length === 0 ? 'it names none' : `it has ${names.join(', ')}`}). ${which === 'liveness' ? 'It is restarted again and again.' : 'New pods never become ready.'}`,
          suggestion: {
            text: 'Name a port of the container.',
            yaml: [
              'ports:',
              `  - name: ${port}`,
              `    containerPort: ${container.ports[0]?.containerPort ?? 8080}`,
            ],
          },
        }),
      ];
    }),
  );

function isAsked({ readiness, startup }: Container): boolean {
  return readiness !== undefined || startup !== undefined;
}

function shallowReadiness(
  { object, services }: CheckedDeployment,
  container: Container,
): readonly StaticFinding[] {
  const { readiness, path, name } = container;
  const at = [...path, 'readinessProbe'];
  if (readiness?.how === 'tcp' && speaksHttp(container)) {
    return [
      finding(object, {
        cause: 'readiness-too-early',
        severity: 'info',
        at,
        text: `The readiness probe of container ${name} only opens a connection: it succeeds as soon as the port is open, whether or not requests can be answered.`,
        suggestion: {
          text: 'Where the program speaks HTTP, let the probe ask for a page that it answers only when it can answer clients.',
          yaml: ['readinessProbe:', '  httpGet:', '    path: /', `    port: ${readiness.port ?? 'http'}`],
        },
      }),
    ];
  }
  const asked = numberOf(container, readiness?.port);
  const ports = services.flatMap((service) => service.ports.filter((port) => leadsTo(port, container)));
  const served = [...new Set(ports.flatMap(({ targetPort }) => numberOf(container, targetPort) ?? []))];
  // A path of its own was made for this question, and knows about the other port.
  if (readiness?.path !== undefined && readiness.path !== '/') return [];
  if (asked === undefined || served.length === 0 || served.includes(asked)) return [];
  return [
    finding(object, {
      cause: 'readiness-too-early',
      severity: 'info',
      at,
      text: `The readiness probe of container ${name} asks port ${asked}, and the Service sends requests to ${served.join(', ')}: the one may answer before the other does.`,
    }),
  ];
}

function nervousReadiness({ object }: CheckedDeployment, container: Container): readonly StaticFinding[] {
  const { readiness, path, name } = container;
  if (readiness?.failureThreshold !== 1) return [];
  const text = 'Let a pod fail several times before it is taken out of service.';
  return [
    finding(object, {
      cause: 'readiness-flaps',
      severity: 'info',
      at: [...path, 'readinessProbe'],
      text: `One failed readiness probe takes container ${name} out of service, and one answer that takes longer than ${readiness.timeoutSeconds} s is a failure.`,
      suggestion: changed({ object, path: [...path, 'readinessProbe', 'failureThreshold'] }, text, 1, 3),
    }),
  ];
}

/** Liveness that asks the same as readiness and gives up no later kills what should only be left alone. */
function hastyLiveness({ object }: CheckedDeployment, container: Container): readonly StaticFinding[] {
  const { readiness, liveness, path, name } = container;
  if (!readiness || !liveness || readiness.asks !== liveness.asks) return [];
  const patienceSeconds = patienceOf(liveness);
  if (patienceSeconds > patienceOf(readiness) || patienceSeconds > HASTY_SECONDS) return [];
  const threshold = Math.ceil(30 / Math.max(1, liveness.periodSeconds));
  return [
    finding(object, {
      cause: 'container-restart',
      severity: 'warning',
      at: [...path, 'livenessProbe'],
      text: `Container ${name} is killed after ${patienceSeconds} s without an answer to the request that decides about its readiness, too: a pod that is busy is restarted instead of being left alone for a moment.`,
      suggestion: {
        text: 'Let the liveness probe ask for less than the readiness probe, and give up much later.',
        yaml: ['livenessProbe:', `  failureThreshold: ${threshold}`],
      },
    }),
  ];
}

function patienceOf({ failureThreshold, periodSeconds }: ContainerProbe): number {
  return failureThreshold * periodSeconds;
}

function numberOf({ ports }: Container, port: number | string | undefined): number | undefined {
  if (typeof port === 'number') return port;
  return ports.find(({ name }) => name !== undefined && name === port)?.containerPort;
}

/** Ports and names of what answers to no GET. */
const OTHER_PORTS: readonly number[] = [
  22, 25, 53, 389, 1883, 2379, 3306, 4222, 5432, 5672, 6379, 8125, 9042, 9092, 11211, 26379, 27017, 50051,
];
const OTHER_NAMES = /redis|sql|postgres|mongo|amqp|kafka|grpc|tcp|ldap|dns|mqtt|nats|memcache|etcd|smtp|ssh/i;

function speaksHttp({ ports, name }: Container): boolean {
  return !ports.some(
    (port) =>
      port.protocol !== 'TCP' ||
      OTHER_PORTS.includes(port.containerPort) ||
      OTHER_NAMES.test(port.name ?? name),
  );
}

function portOf({ services }: CheckedDeployment, { ports }: Container): number | string {
  const [port] = ports;
  return port?.name ?? port?.containerPort ?? services[0]?.ports[0]?.targetPort ?? 8080;
}

function replacement({ rolling, object }: CheckedDeployment): string {
  const wait = property(object.content, 'spec', 'minReadySeconds');
  if (typeof wait === 'number' && wait > 0) return `an old pod ends ${wait} s later`;
  return rolling ? 'an old pod ends then' : 'no old pod is left';
}
