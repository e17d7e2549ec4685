import { isIPv4 } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Cluster, ClusterNode } from '../cluster/cluster-provider.ts';
import type { Problem } from '../model/problem.ts';
import { carrierOf, DEFAULT_PROTOCOL, type Protocol, type TargetKind } from '../model/scenario.ts';
import { isPodOf } from '../platform/kube-facts.ts';
import type { KubeList, KubePod, KubeService, KubeServicePort } from '../platform/kube-objects.ts';
import { findKube, kubeRequest } from '../platform/kube-request.ts';
import { applyNodePortTwin, forwardAlike } from './node-port-twin.ts';
import { listEndpoints, type ServiceEndpoint } from './service-endpoints.ts';

export interface FindTargetOptions {
  readonly cluster: Pick<Cluster, 'kubeConfig' | 'nodes' | 'loopback'>;
  readonly namespace: string;
  readonly deployment: string;
  readonly service: string;
  readonly servicePort: number;
  /** What is spoken there; absent: HTTP. */
  readonly protocol?: Protocol;
  readonly target: TargetKind;
  readonly signal: AbortSignal;
}

/** Where to send the probes. */
export interface Target {
  readonly address: string;
  readonly port: number;
  /** What that port of the Service is called; `''` where it has no name. */
  readonly portName: string;
  /** The Service whose EndpointSlices decide where requests go: the user's, or our NodePort twin of it. */
  readonly service: string;
  /** The node that the probes enter the cluster through; absent for `cluster-ip`, where it is the prober's own. */
  readonly entryNode?: string;
  /** What the reader should know about the choice, one sentence each. */
  readonly notes: readonly string[];
}

export type TargetSearch =
  | { readonly kind: 'found'; readonly target: Target }
  /** The manifests are at fault. The service selects nothing, others' pods as well, or can not be entered like this. */
  | { readonly kind: 'no-endpoints' | 'foreign-endpoints' | 'no-address'; readonly problem: Problem };

/**
 * Computes from live objects the address to probe, after having made sure that what is probed is the Deployment under
 * test and nothing else: the ready endpoints of the Service are exactly pods of the Deployment.
 * For `node-port` where the Service has no node port, a twin Service of our own is added; the user's is not touched.
 */
export async function findTarget(options: FindTargetOptions): Promise<TargetSearch> {
  const search = await findInCluster(options);
  const { loopback } = options.cluster;
  if (search.kind !== 'found' || !loopback) return search;
  return { ...search, target: { ...search.target, port: loopback.portOnHost(search.target.port) } };
}

async function findInCluster(options: FindTargetOptions): Promise<TargetSearch> {
  const service = await findService(options);
  if (!service) {
    return problem('no-address', {
      code: 'RP1512',
      what: `There is no Service ${options.service} in the namespace ${options.namespace}.`,
      remedy: 'Name a Service that the manifests contain.',
    });
  }
  const carrier = carrierOf(options.protocol ?? DEFAULT_PROTOCOL);
  const port = service.spec.ports?.find(
    (one) => one.port === options.servicePort && (one.protocol ?? 'TCP') === carrier,
  );
  if (!port) {
    const ports = (service.spec.ports ?? []).map((one) => `${one.port}/${one.protocol ?? 'TCP'}`).join(', ');
    return problem('no-address', {
      code: 'RP1513',
      what: `Service ${options.service} has no ${carrier} port ${options.servicePort}.`,
      why: `Its ports are ${ports || 'none'}.`,
      remedy: `Write target: service/${options.service}:<port> with one of them.`,
    });
  }
  const pods = await listPods(options);
  const endpoints = await listEndpoints({ ...options, kubeConfig: options.cluster.kubeConfig });
  const wrong = judgeEndpoints(options, endpoints, pods);
  if (wrong) return wrong;
  switch (options.target) {
    case 'node-port':
      return await nodePort(options, service, port, endpoints);
    case 'cluster-ip':
      return clusterIp(options, service, port.name ?? '');
    case 'host-port':
      return hostPort(options, port, pods);
  }
}

/**
 * Does what is probed still stand for the Service of the scenario? A twin does not where the update has changed or
 * removed the Service itself: clients then meet something else than the probes do.
 */
export async function stillStandsFor(
  options: Pick<FindTargetOptions, 'cluster' | 'namespace' | 'service' | 'servicePort' | 'signal'>,
  { service: probed }: Pick<Target, 'service'>,
): Promise<boolean> {
  if (probed === options.service) return true;
  const [original, twin] = await Promise.all([
    findService(options),
    findService({ ...options, service: probed }),
  ]);
  return original !== undefined && twin !== undefined && forwardAlike(original, twin, options.servicePort);
}

function judgeEndpoints(
  { service, deployment }: FindTargetOptions,
  endpoints: readonly ServiceEndpoint[],
  pods: readonly KubePod[],
): TargetSearch | undefined {
  const own = new Set(pods.map(({ metadata }) => metadata.uid));
  const isOwn = ({ pod }: ServiceEndpoint) => pod !== undefined && own.has(pod.uid);
  const foreign = endpoints.filter((endpoint) => !endpoint.terminating && !isOwn(endpoint));
  if (foreign.length > 0) {
    const names = foreign.map(({ pod, address }) => pod?.name ?? address).slice(0, 5);
    return problem('foreign-endpoints', {
      code: 'RP1511',
      what: `Service ${service} also sends requests to what is not Deployment ${deployment}: ${names.join(', ')}.`,
      why: 'Requests answered by others say nothing about the rolling update.',
      remedy: `Give Deployment ${deployment} a label of its own and select it in Service ${service}, or probe another Service.`,
    });
  }
  if (!endpoints.some((endpoint) => endpoint.ready)) {
    return problem('no-endpoints', {
      code: 'RP1510',
      what: `Service ${service} has no ready endpoint.`,
      why:
        endpoints.length === 0
          ? `Its selector matches no pod of Deployment ${deployment}, or its targetPort names no port of theirs.`
          : 'None of the pods it selects is ready.',
      remedy:
        'Make spec.selector of the Service equal to labels of the pod template, and targetPort to a container port.',
    });
  }
  return undefined;
}

async function nodePort(
  options: FindTargetOptions,
  service: KubeService,
  port: KubeServicePort,
  endpoints: readonly ServiceEndpoint[],
): Promise<TargetSearch> {
  const notes: string[] = [];
  const local = service.spec.externalTrafficPolicy === 'Local';
  const withEndpoint = new Set(endpoints.filter(({ ready }) => ready).map(({ node }) => node));
  // The control plane is the last choice: it has other work to do.
  const nodes = options.cluster.nodes.toSorted(
    (one, other) => Number(one.controlPlane) - Number(other.controlPlane),
  );
  const node = nodes.find(({ name }) => !local || withEndpoint.has(name));
  if (!node) {
    return problem('no-address', {
      code: 'RP1514',
      what: `No node of the cluster can be entered for Service ${options.service}.`,
      why: 'externalTrafficPolicy is Local, and no known node has a ready endpoint.',
      remedy: 'Probe the cluster IP (#cluster-ip), or let the pods run on nodes that are reachable.',
    });
  }
  if (local)
    notes.push(
      `externalTrafficPolicy is Local: only endpoints on node ${node.name} answer what enters there`,
    );
  if (port.nodePort)
    return entered(options.service, node, { port: port.nodePort, portName: port.name ?? '' }, notes);
  const twin = await applyNodePortTwin({ ...options, original: service, port });
  await awaitEndpoints(
    { ...options, kubeConfig: options.cluster.kubeConfig, service: twin.service },
    endpoints.length,
  );
  notes.push(
    `Service ${options.service} has no node port: probing its twin ${twin.service}, same selector and port, of type NodePort`,
  );
  return entered(twin.service, node, { port: twin.nodePort, portName: twin.portName }, notes);
}

function clusterIp(
  { service, servicePort }: FindTargetOptions,
  { spec }: KubeService,
  portName: string,
): TargetSearch {
  const addresses = spec.clusterIPs ?? (spec.clusterIP ? [spec.clusterIP] : []);
  const address = addresses.find(isIPv4) ?? addresses[0];
  if (address === undefined || address === 'None') {
    return problem('no-address', {
      code: 'RP1515',
      what: `Service ${service} has no cluster IP.`,
      why:
        address === 'None'
          ? 'It is headless: clients choose a pod themselves, by DNS.'
          : `Its type is ${spec.type ?? 'ClusterIP'}.`,
      remedy: 'Probe a Service with a cluster IP, or its node port (#node-port).',
    });
  }
  return { kind: 'found', target: { address, port: servicePort, portName, service, notes: [] } };
}

function hostPort(
  { cluster, service }: FindTargetOptions,
  port: KubeServicePort,
  pods: readonly KubePod[],
): TargetSearch {
  for (const pod of pods) {
    const node = cluster.nodes.find(({ name }) => name === pod.spec.nodeName);
    const entry = hostPortOf(pod, port.targetPort ?? port.port);
    if (node && entry !== undefined && !pod.metadata.deletionTimestamp)
      return entered(service, node, { port: entry, portName: port.name ?? '' }, []);
  }
  return problem('no-address', {
    code: 'RP1516',
    what: `The pods behind Service ${service} take no requests on a port of their node.`,
    why: `Neither hostNetwork nor a hostPort is set for port ${port.targetPort ?? port.port}.`,
    remedy: 'Set hostPort on the container port, or probe #node-port or #cluster-ip.',
  });
}

function hostPortOf({ spec }: KubePod, targetPort: number | string): number | undefined {
  const ports = spec.containers.flatMap((container) => container.ports ?? []);
  const port = ports.find(({ name, containerPort }) => name === targetPort || containerPort === targetPort);
  if (spec.hostNetwork)
    return port?.containerPort ?? (typeof targetPort === 'number' ? targetPort : undefined);
  return port?.hostPort;
}

function entered(
  service: string,
  node: ClusterNode,
  port: Pick<Target, 'port' | 'portName'>,
  notes: readonly string[],
): TargetSearch {
  return { kind: 'found', target: { address: node.address, ...port, service, entryNode: node.name, notes } };
}

async function awaitEndpoints(options: Parameters<typeof listEndpoints>[0], count: number): Promise<void> {
  for (const giveUpAt = performance.now() + 10_000; performance.now() < giveUpAt; ) {
    if ((await listEndpoints(options)).length >= count) return;
    await sleep(200, undefined, { signal: options.signal });
  }
}

async function findService({
  cluster,
  namespace,
  service,
  signal,
}: Pick<FindTargetOptions, 'cluster' | 'namespace' | 'service' | 'signal'>): Promise<
  KubeService | undefined
> {
  const path = `/api/v1/namespaces/${namespace}/services/${service}`;
  return await findKube<KubeService>(cluster.kubeConfig, { path, signal });
}

async function listPods({
  cluster,
  namespace,
  deployment,
  signal,
}: FindTargetOptions): Promise<readonly KubePod[]> {
  const path = `/api/v1/namespaces/${namespace}/pods`;
  const { items = [] } = await kubeRequest<KubeList<KubePod>>(cluster.kubeConfig, { path, signal });
  return items.filter((pod) => isPodOf(deployment, pod));
}

function problem(kind: Exclude<TargetSearch['kind'], 'found'>, problem: Problem): TargetSearch {
  return { kind, problem };
}
