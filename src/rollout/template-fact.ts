import type { KubeConfig } from '@kubernetes/client-node';
import type { TemplateContainer, TemplateFact } from '../model/recording.ts';
import { sleepSeconds } from '../model/sleep-command.ts';
import type { KubeContainer, KubeDeployment, KubeService } from '../platform/kube-objects.ts';
import { KubeApiError, kubeRequest } from '../platform/kube-request.ts';

/** The Service that is probed. */
export interface ProbedService {
  readonly name: string;
  /** Its own port number. */
  readonly port: number;
  /** The node that the probes enter the cluster through. */
  readonly entryNode?: string;
}

/** Reads the Service that is probed; undefined where it does not exist any more. */
export async function readProbedService(
  kubeConfig: KubeConfig,
  namespace: string,
  name: string,
  signal: AbortSignal,
): Promise<KubeService | undefined> {
  try {
    return await kubeRequest<KubeService>(kubeConfig, {
      path: `/api/v1/namespaces/${namespace}/services/${name}`,
      signal,
    });
  } catch (error) {
    if (error instanceof KubeApiError && error.status === 404) return undefined;
    throw error;
  }
}

/**
 * What a live Deployment and its Service say about how pods start and end, as a recording holds it. Commands and
 * everything else that may hold a secret stay out; of a command only how long it sleeps is kept.
 */
export function templateFact(given: {
  readonly deployment: KubeDeployment;
  readonly templateHash: string;
  readonly atMs: number;
  readonly probed?: ProbedService | undefined;
  readonly service?: KubeService | undefined;
}): TemplateFact {
  const { deployment, templateHash, atMs, probed, service } = given;
  const { strategy, template } = deployment.spec;
  const { containers, hostNetwork, terminationGracePeriodSeconds } = template.spec;
  const { maxSurge, maxUnavailable } = strategy?.rollingUpdate ?? {};
  const servicePort = service?.spec.ports?.find(({ port }) => port === probed?.port);
  const targetPort = servicePort?.targetPort;
  const serving = containers.find(({ ports = [] }) =>
    ports.some(({ name, containerPort }) => targetPort === containerPort || targetPort === name),
  );
  const { externalTrafficPolicy, internalTrafficPolicy, sessionAffinity } = service?.spec ?? {};
  return {
    kind: 'template',
    atMs,
    templateHash,
    hostNetwork: hostNetwork === true,
    gracePeriodSeconds: terminationGracePeriodSeconds ?? 30,
    strategy: {
      type: strategy?.type ?? 'RollingUpdate',
      ...(maxSurge === undefined ? {} : { maxSurge: String(maxSurge) }),
      ...(maxUnavailable === undefined ? {} : { maxUnavailable: String(maxUnavailable) }),
    },
    containers: containers.map(containerFact),
    ...(serving && targetPort !== undefined ? { serving: serving.name } : {}),
    ...(service && {
      service: {
        ...(externalTrafficPolicy === undefined ? {} : { externalTrafficPolicy }),
        ...(internalTrafficPolicy === undefined ? {} : { internalTrafficPolicy }),
        ...(probed?.entryNode === undefined ? {} : { entryNode: probed.entryNode }),
        ...(sessionAffinity === 'ClientIP' ? { sessionAffinity } : {}),
        ...(servicePort && {
          port: { name: servicePort.name ?? '', targetPort: String(targetPort ?? servicePort.port) },
        }),
      },
    }),
  };
}

function containerFact({ name, ports = [], lifecycle, readinessProbe }: KubeContainer): TemplateContainer {
  const preStop = lifecycle?.preStop && hookFact(lifecycle.preStop);
  const readiness = readinessProbe && readinessFact(readinessProbe);
  return {
    name,
    ports: ports.map((port) => ({
      ...(port.name === undefined ? {} : { name: port.name }),
      containerPort: port.containerPort,
    })),
    ...(preStop && { preStop }),
    ...(readiness && { readiness }),
  };
}

function hookFact({
  sleep,
  exec,
  httpGet,
}: NonNullable<NonNullable<KubeContainer['lifecycle']>['preStop']>): NonNullable<
  TemplateContainer['preStop']
> {
  if (sleep) return { how: 'sleep', seconds: sleep.seconds };
  if (!exec) return { how: httpGet === undefined ? 'other' : 'http' };
  const seconds = sleepSeconds(exec.command ?? []);
  return { how: 'exec', ...(seconds === undefined ? {} : { seconds }) };
}

function readinessFact({
  httpGet,
  tcpSocket,
  grpc,
}: NonNullable<KubeContainer['readinessProbe']>): NonNullable<TemplateContainer['readiness']> {
  if (httpGet) return { how: 'http', ...(httpGet.path === undefined ? {} : { path: httpGet.path }) };
  if (tcpSocket !== undefined) return { how: 'tcp' };
  return { how: grpc === undefined ? 'exec' : 'grpc' };
}
