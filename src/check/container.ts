import type { FieldPath, ManifestObject } from '../model/manifest.ts';
import { listOf, property } from '../model/plain-data.ts';

/** A container of a pod template as far as the rules read it. Whatever has the wrong type counts as not written. */
export interface Container {
  /** Where it stands in its object. */
  readonly path: FieldPath;
  readonly name: string;
  readonly image: string;
  readonly command: readonly string[];
  readonly args: readonly string[];
  readonly environmentNames: readonly string[];
  readonly ports: readonly ContainerPort[];
  readonly preStop: Hook | undefined;
  readonly hasLifecycle: boolean;
  readonly readiness: ContainerProbe | undefined;
  readonly liveness: ContainerProbe | undefined;
  readonly startup: ContainerProbe | undefined;
}

export interface ContainerPort {
  readonly name: string | undefined;
  readonly containerPort: number;
  readonly hostPort: number | undefined;
  readonly protocol: string;
}

export type Hook =
  | { readonly how: 'sleep'; readonly seconds: number | undefined }
  | { readonly how: 'exec'; readonly command: readonly string[] }
  | { readonly how: 'other' };

export interface ContainerProbe {
  readonly how: 'http' | 'tcp' | 'grpc' | 'exec';
  /** What is asked, as one comparable text. */
  readonly asks: string;
  readonly port: number | string | undefined;
  readonly path: string | undefined;
  readonly initialDelaySeconds: number;
  readonly periodSeconds: number;
  readonly timeoutSeconds: number;
  readonly failureThreshold: number;
}

/** The containers that run beside each other. */
export function containersOf(object: ManifestObject): readonly Container[] {
  return listAt(object, 'containers').map(readContainer);
}

/** Init containers that go on running: their named ports count as the pod's. */
export function sidecarsOf(object: ManifestObject): readonly Container[] {
  return listAt(object, 'initContainers')
    .filter(({ content }) => property(content, 'restartPolicy') === 'Always')
    .map(readContainer);
}

/** Where a container's hook is written. */
export function hookPath({ path }: Container): FieldPath {
  return [...path, 'lifecycle', 'preStop'];
}

interface Item {
  readonly content: unknown;
  readonly path: FieldPath;
}

function listAt(object: ManifestObject, key: string): readonly Item[] {
  const list = property(object.content, 'spec', 'template', 'spec', key);
  if (!Array.isArray(list)) return [];
  return list.map((content, index) => ({ content, path: ['spec', 'template', 'spec', key, index] }));
}

function readContainer({ content, path }: Item): Container {
  const lifecycle = property(content, 'lifecycle');
  return {
    path,
    name: text(property(content, 'name')) ?? '',
    image: text(property(content, 'image')) ?? '',
    command: texts(property(content, 'command')),
    args: texts(property(content, 'args')),
    environmentNames: listOf(property(content, 'env')).flatMap((one) => text(property(one, 'name')) ?? []),
    ports: listOf(property(content, 'ports')).flatMap(readPort),
    preStop: readHook(property(lifecycle, 'preStop')),
    hasLifecycle: lifecycle !== undefined && lifecycle !== null,
    readiness: readProbe(property(content, 'readinessProbe')),
    liveness: readProbe(property(content, 'livenessProbe')),
    startup: readProbe(property(content, 'startupProbe')),
  };
}

function readPort(port: unknown): readonly ContainerPort[] {
  const containerPort = number(property(port, 'containerPort'));
  if (containerPort === undefined) return [];
  return [
    {
      name: text(property(port, 'name')),
      containerPort,
      hostPort: number(property(port, 'hostPort')),
      protocol: text(property(port, 'protocol')) ?? 'TCP',
    },
  ];
}

function readHook(hook: unknown): Hook | undefined {
  if (typeof hook !== 'object' || hook === null) return undefined;
  const sleep = property(hook, 'sleep');
  if (sleep !== undefined) return { how: 'sleep', seconds: number(property(sleep, 'seconds')) };
  const exec = property(hook, 'exec');
  if (exec !== undefined) return { how: 'exec', command: texts(property(exec, 'command')) };
  return { how: 'other' };
}

function readProbe(probe: unknown): ContainerProbe | undefined {
  if (typeof probe !== 'object' || probe === null) return undefined;
  const handlers = [
    ['http', property(probe, 'httpGet')],
    ['tcp', property(probe, 'tcpSocket')],
    ['grpc', property(probe, 'grpc')],
    ['exec', property(probe, 'exec')],
  ] as const;
  const [how, handler] = handlers.find(([, one]) => typeof one === 'object' && one !== null) ?? [];
  if (how === undefined) return undefined;
  const port = property(handler, 'port');
  const seconds = (key: string, otherwise: number) => number(property(probe, key)) ?? otherwise;
  return {
    how,
    asks: `${how} ${JSON.stringify([property(handler, 'path'), port, property(handler, 'command'), property(handler, 'service')])}`,
    port: typeof port === 'number' || typeof port === 'string' ? port : undefined,
    path: text(property(handler, 'path')),
    initialDelaySeconds: seconds('initialDelaySeconds', 0),
    periodSeconds: seconds('periodSeconds', 10),
    timeoutSeconds: seconds('timeoutSeconds', 1),
    failureThreshold: seconds('failureThreshold', 3),
  };
}

function texts(value: unknown): readonly string[] {
  return listOf(value).flatMap((one) => text(one) ?? []);
}

function text(value: unknown): string | undefined {
  return typeof value === 'string' ? value : undefined;
}

function number(value: unknown): number | undefined {
  return typeof value === 'number' && Number.isFinite(value) ? value : undefined;
}
