import { type ManifestObject, placeText } from './manifest.ts';
import { listOf, property } from './plain-data.ts';

/** A container as far as the plan reads it. Everything comes from a user's file and may be of any shape. */
export interface ContainerShape {
  readonly name: string;
  readonly image: string | undefined;
  readonly imagePullPolicy: string | undefined;
  readonly ports: readonly {
    readonly name: string | undefined;
    readonly containerPort: number;
    readonly hostPort: number | undefined;
  }[];
  /** readinessProbe.httpGet, where there is one. */
  readonly readiness:
    | { readonly port: number | string; readonly path: string; readonly scheme: string }
    | undefined;
  readonly environment: ReadonlyMap<string, string | undefined>;
}

export interface DeploymentShape {
  readonly object: ManifestObject;
  readonly replicas: number;
  readonly paused: boolean;
  readonly strategy: string;
  readonly matchLabels: Labels;
  readonly templateLabels: Labels;
  readonly template: unknown;
  readonly hostNetwork: boolean;
  readonly containers: readonly ContainerShape[];
  readonly initContainers: readonly ContainerShape[];
}

export interface ServicePortShape {
  readonly name: string | undefined;
  readonly port: number;
  readonly protocol: string;
  readonly targetPort: number | string;
}

export interface ServiceShape {
  readonly object: ManifestObject;
  readonly type: string;
  readonly headless: boolean;
  /** undefined or empty: it selects nothing by itself. */
  readonly selector: Labels | undefined;
  readonly ports: readonly ServicePortShape[];
}

export type Labels = ReadonlyMap<string, string>;

/** Reads a Deployment; what is missing gets the API server's default. */
export function readDeployment(object: ManifestObject): DeploymentShape {
  const spec = property(object.content, 'spec');
  const template = property(spec, 'template');
  const podSpec = property(template, 'spec');
  return {
    object,
    replicas: numberAt(spec, 'replicas') ?? 1,
    paused: property(spec, 'paused') === true,
    strategy: textAt(property(spec, 'strategy'), 'type') ?? 'RollingUpdate',
    matchLabels: labels(property(spec, 'selector', 'matchLabels')),
    templateLabels: labels(property(template, 'metadata', 'labels')),
    template,
    hostNetwork: property(podSpec, 'hostNetwork') === true,
    containers: listOf(property(podSpec, 'containers')).map(readContainer),
    initContainers: listOf(property(podSpec, 'initContainers')).map(readContainer),
  };
}

/** Reads a Service; what is missing gets the API server's default. */
function readService(object: ManifestObject): ServiceShape {
  const spec = property(object.content, 'spec');
  const selector = labels(property(spec, 'selector'));
  return {
    object,
    type: textAt(spec, 'type') ?? 'ClusterIP',
    headless: property(spec, 'clusterIP') === 'None',
    selector: selector.size === 0 ? undefined : selector,
    ports: listOf(property(spec, 'ports')).flatMap((port) => {
      const number = numberAt(port, 'port');
      if (number === undefined) return [];
      const targetPort = property(port, 'targetPort');
      return {
        name: textAt(port, 'name'),
        port: number,
        protocol: textAt(port, 'protocol') ?? 'TCP',
        targetPort: typeof targetPort === 'number' || typeof targetPort === 'string' ? targetPort : number,
      };
    }),
  };
}

/** The Services of the core API among the objects. */
export function servicesIn(objects: readonly ManifestObject[]): readonly ServiceShape[] {
  return objects.filter(({ apiVersion, kind }) => kind === 'Service' && apiVersion === 'v1').map(readService);
}

/** `web (k8s/web.yaml:12:3)`, for lists of candidates. */
export function nameAndPlace({ name, place }: ManifestObject): string {
  return `${name} (${placeText(place)})`;
}

/** Does a Service's selector match the pods of a template? */
export function selects({ selector }: ServiceShape, templateLabels: Labels): boolean {
  return selector !== undefined && isSubset(selector, templateLabels);
}

/** Is every label of the one also a label of the other? */
export function isSubset(some: Labels, all: Labels): boolean {
  return [...some].every(([key, value]) => all.get(key) === value);
}

function readContainer(container: unknown): ContainerShape {
  const get = property(container, 'readinessProbe', 'httpGet');
  const port = property(get, 'port');
  return {
    name: textAt(container, 'name') ?? '',
    image: textAt(container, 'image'),
    imagePullPolicy: textAt(container, 'imagePullPolicy'),
    ports: listOf(property(container, 'ports')).flatMap((one) => {
      const containerPort = numberAt(one, 'containerPort');
      if (containerPort === undefined) return [];
      return { name: textAt(one, 'name'), containerPort, hostPort: numberAt(one, 'hostPort') };
    }),
    readiness:
      typeof port === 'number' || typeof port === 'string'
        ? { port, path: textAt(get, 'path') ?? '/', scheme: textAt(get, 'scheme') ?? 'HTTP' }
        : undefined,
    environment: new Map(
      listOf(property(container, 'env')).map((one) => [textAt(one, 'name') ?? '', textAt(one, 'value')]),
    ),
  };
}

function textAt(value: unknown, key: string): string | undefined {
  const found = property(value, key);
  return typeof found === 'string' ? found : undefined;
}

function numberAt(value: unknown, key: string): number | undefined {
  const found = property(value, key);
  return typeof found === 'number' ? found : undefined;
}

function labels(value: unknown): Labels {
  if (typeof value !== 'object' || value === null) return new Map();
  return new Map(
    Object.entries(value).filter((entry): entry is [string, string] => typeof entry[1] === 'string'),
  );
}
