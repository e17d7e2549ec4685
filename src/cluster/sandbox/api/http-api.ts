import type { IncomingMessage, Server, ServerResponse } from 'node:http';
import type { Socket } from 'node:net';
import type { JSONPatchDocument } from 'immutable-json-patch';
import { parse as parseYaml } from 'yaml';
import { isJsonObject, type JsonObject } from '../json.ts';
import type { ClusterApi, DeleteOptions, Patch, WriteOptions } from './cluster-api.ts';
import { discover } from './discovery.ts';
import type { KubeObject } from './objects.ts';
import { parseResourcePath, type ResourcePath } from './request.ts';
import { apiVersionOf, PODS, type Resource } from './resources.ts';
import { parseFieldSelector, parseLabelSelector } from './selectors.ts';
import { badRequest, StatusError, unsupported } from './status-error.ts';
import { streamWatch, type WatchFilter } from './watch-stream.ts';

/** What the HTTP face needs besides the API itself. */
export interface HttpApiOptions {
  /** What a container has printed so far; undefined where there is no such container. */
  podLog(namespace: string, pod: string, container: string | undefined): string | undefined;
  readonly watchFilter: WatchFilter;
}

/** The API over HTTP, on a server that listens already. */
export class HttpApi {
  readonly #api: ClusterApi;
  readonly #options: HttpApiOptions;
  readonly #server: Server;
  readonly #sockets = new Set<Socket>();
  readonly #watches = new Set<{ fail(error: StatusError): void; close(): void }>();
  #down = false;

  constructor(api: ClusterApi, server: Server, options: HttpApiOptions) {
    this.#api = api;
    this.#server = server;
    this.#options = options;
    // Clients keep watches and pooled connections open for minutes.
    server.requestTimeout = 0;
    server.keepAliveTimeout = 600_000;
    server.on('connection', (socket) => {
      if (this.#down) return socket.resetAndDestroy();
      this.#sockets.add(socket);
      socket.on('close', () => this.#sockets.delete(socket));
    });
    server.on('request', (request, response) => void this.#answer(request, response));
  }

  /** Cuts every connection and, until `up`, every new one. */
  down(): void {
    this.#down = true;
    for (const socket of this.#sockets) socket.resetAndDestroy();
  }

  /** Ends an outage. */
  up(): void {
    this.#down = false;
  }

  /** Ends every watch with an in-stream error, as when the API server has forgotten the version. */
  failWatches(error: StatusError): void {
    for (const watch of this.#watches) watch.fail(error);
  }

  async close(): Promise<void> {
    for (const watch of this.#watches) watch.close();
    for (const socket of this.#sockets) socket.destroy();
    await new Promise<void>((resolve) => this.#server.close(() => resolve()));
  }

  async #answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const warnings: string[] = [];
    try {
      const url = new URL(request.url ?? '/', 'http://sandbox');
      const body = await readBody(request);
      const result = this.#route(request, url, body, { response, warn: (line) => warnings.push(line) });
      if (result === STREAMING) return;
      const headers = warnings.map((line) => ['warning', `299 - ${JSON.stringify(line)}`] as const);
      for (const [name, value] of headers) response.appendHeader(name, value);
      if (typeof result.content === 'string') send(response, result.code, 'text/plain', result.content);
      else send(response, result.code, 'application/json', JSON.stringify(result.content));
    } catch (error) {
      const status =
        error instanceof StatusError
          ? error
          : new StatusError(
              500,
              'InternalError',
              error instanceof Error ? (error.stack ?? error.message) : String(error),
            );
      if (!response.headersSent)
        send(response, status.code, 'application/json', JSON.stringify(status.toStatus()));
      else response.destroy();
    }
  }

  #route(
    request: IncomingMessage,
    url: URL,
    body: string,
    context: { readonly response: ServerResponse; warn(line: string): void },
  ): Result | typeof STREAMING {
    const { method = 'GET' } = request;
    const discovered = method === 'GET' ? discover(url.pathname) : undefined;
    if (discovered) return { code: 200, content: discovered };
    const path = parseResourcePath(url.pathname);
    if (!path) throw notServed(url.pathname);
    if (path.subresource !== undefined && path.subresource !== 'status')
      return this.#subresource(path, method, url);
    const write = writeOptions(request, url, path, context.warn);
    if (path.name === undefined)
      return this.#collection(path, method, url, { body, write, response: context.response });
    return this.#object(path, method, url, {
      body,
      write,
      contentType: request.headers['content-type'] ?? '',
    });
  }

  #collection(
    path: ResourcePath,
    method: string,
    url: URL,
    { body, write, response }: { body: string; write: WriteOptions; response: ServerResponse },
  ): Result | typeof STREAMING {
    const { resource, namespace } = path;
    const selects = selector(url);
    const flag = (name: string) => ['1', 'true'].includes(url.searchParams.get(name) ?? '');
    switch (method) {
      case 'GET': {
        if (flag('watch')) {
          const resourceVersion = url.searchParams.get('resourceVersion');
          const watch = streamWatch(
            this.#api.store,
            {
              resource,
              namespace,
              selects,
              ...(resourceVersion !== null && { resourceVersion }),
              bookmarks: flag('allowWatchBookmarks'),
              timeoutMs: Number(url.searchParams.get('timeoutSeconds') ?? 1800) * 1000,
            },
            response,
            this.#options.watchFilter,
          );
          this.#watches.add(watch);
          response.on('close', () => this.#watches.delete(watch));
          return STREAMING;
        }
        return this.#list(resource, this.#api.store.list(resource, namespace).filter(selects));
      }
      case 'POST': {
        const sent = parseObject(body);
        const inBody =
          isJsonObject(sent.metadata) && typeof sent.metadata.namespace === 'string'
            ? sent.metadata.namespace
            : undefined;
        const target = namespace ?? inBody ?? 'default';
        if (inBody !== undefined && resource.namespaced && inBody !== target)
          throw badRequest(
            `the namespace of the provided object does not match the namespace sent on the request`,
          );
        return { code: 201, content: this.#api.create(resource, target, sent, write) };
      }
      case 'DELETE': {
        const items = this.#api.store.list(resource, namespace).filter(selects);
        const deleted = items.map(({ metadata }) =>
          this.#api.delete(
            { resource, namespace: metadata.namespace, name: metadata.name },
            deleteOptions(body, url),
          ),
        );
        return this.#list(resource, deleted);
      }
      default:
        throw methodNotAllowed(method);
    }
  }

  #list(resource: Resource, items: readonly KubeObject[]): Result {
    const metadata = { resourceVersion: String(this.#api.store.version) };
    return {
      code: 200,
      content: { kind: `${resource.kind}List`, apiVersion: apiVersionOf(resource), metadata, items },
    };
  }

  #object(
    path: ResourcePath,
    method: string,
    url: URL,
    { body, write, contentType }: { body: string; write: WriteOptions; contentType: string },
  ): Result {
    const target = { resource: path.resource, namespace: path.namespace ?? '', name: path.name ?? '' };
    switch (method) {
      case 'GET':
        return { code: 200, content: this.#api.get(target) };
      case 'PUT':
        return { code: 200, content: this.#api.replace(target, parseObject(body), write) };
      case 'PATCH': {
        const existed = this.#api.find(target.resource, target.namespace, target.name) !== undefined;
        return {
          code: existed ? 200 : 201,
          content: this.#api.patch(target, parsePatch(contentType, body, url), write),
        };
      }
      case 'DELETE': {
        const left = this.#api.delete(target, deleteOptions(body, url));
        if (this.#api.find(target.resource, target.namespace, target.name))
          return { code: 200, content: left };
        const details = { name: target.name, kind: target.resource.plural, uid: left.metadata.uid };
        return {
          code: 200,
          content: { kind: 'Status', apiVersion: 'v1', metadata: {}, status: 'Success', details },
        };
      }
      default:
        throw methodNotAllowed(method);
    }
  }

  #subresource(
    { resource, namespace = '', name = '', subresource }: ResourcePath,
    method: string,
    url: URL,
  ): Result {
    if (resource !== PODS || subresource !== 'log' || method !== 'GET')
      throw unsupported(`the subresource ${resource.plural}/${subresource}`);
    const pod = this.#api.get({ resource: PODS, namespace, name });
    const log = this.#options.podLog(
      namespace,
      name,
      url.searchParams.get('container') ?? pod.spec.containers[0]?.name,
    );
    if (log === undefined) throw badRequest(`container in pod "${name}" is waiting to start`);
    return { code: 200, content: log };
  }
}

interface Result {
  readonly code: number;
  readonly content: object | string;
}

const STREAMING = Symbol('the response is a watch');

function writeOptions(
  request: IncomingMessage,
  url: URL,
  path: ResourcePath,
  warn: (line: string) => void,
): WriteOptions {
  const validation = url.searchParams.get('fieldValidation');
  return {
    manager:
      url.searchParams.get('fieldManager') ??
      (request.headers['user-agent'] ?? 'unknown').split('/')[0] ??
      'unknown',
    ...(path.subresource === 'status' && { subresource: 'status' }),
    dryRun: url.searchParams.get('dryRun') === 'All',
    ...((validation === 'Strict' || validation === 'Ignore') && { fieldValidation: validation }),
    warn,
  };
}

function parsePatch(contentType: string, body: string, url: URL): Patch {
  const type = contentType.split(';')[0]?.trim();
  switch (type) {
    case 'application/json-patch+json': {
      const operations = parseData(body);
      if (!Array.isArray(operations)) throw badRequest('a JSON patch is a list of operations');
      return { kind: 'json', operations: operations as JSONPatchDocument };
    }
    case 'application/merge-patch+json':
      return { kind: 'merge', patch: parseObject(body) };
    case 'application/strategic-merge-patch+json':
      return { kind: 'strategic', patch: parseObject(body) };
    case 'application/apply-patch+yaml':
      if (url.searchParams.get('fieldManager') === null)
        throw badRequest(
          'PatchOptions.meta.k8s.io "" is invalid: fieldManager: Required value: is required for apply patch',
        );
      return { kind: 'apply', config: parseObject(body), force: url.searchParams.get('force') === 'true' };
    default:
      throw new StatusError(
        415,
        'UnsupportedMediaType',
        `the body of the request was in an unknown format: ${type}`,
      );
  }
}

function deleteOptions(body: string, url: URL): DeleteOptions {
  const sent = body === '' ? {} : parseObject(body);
  const fromUrl = url.searchParams.get('gracePeriodSeconds');
  const grace =
    typeof sent.gracePeriodSeconds === 'number'
      ? sent.gracePeriodSeconds
      : fromUrl === null
        ? undefined
        : Number(fromUrl);
  const policy = sent.propagationPolicy ?? url.searchParams.get('propagationPolicy');
  const preconditions = isJsonObject(sent.preconditions) ? sent.preconditions : {};
  return {
    ...(grace !== undefined && { gracePeriodSeconds: grace }),
    ...((policy === 'Foreground' || policy === 'Background' || policy === 'Orphan') && {
      propagationPolicy: policy,
    }),
    preconditions: {
      ...(typeof preconditions.uid === 'string' && { uid: preconditions.uid }),
      ...(typeof preconditions.resourceVersion === 'string' && {
        resourceVersion: preconditions.resourceVersion,
      }),
    },
    dryRun: url.searchParams.get('dryRun') === 'All',
  };
}

function selector(url: URL): (object: KubeObject) => boolean {
  const byLabel = parseLabelSelector(url.searchParams.get('labelSelector') ?? '');
  const byField = parseFieldSelector(url.searchParams.get('fieldSelector') ?? '');
  return (object) => byLabel(object) && byField(object);
}

/** JSON, or the YAML that a client may send for apply; JSON is tried first because it is far cheaper to read. */
function parseData(body: string): unknown {
  try {
    return JSON.parse(body);
  } catch {
    return parseYaml(body);
  }
}

function parseObject(body: string): JsonObject {
  const value = parseData(body);
  if (!isJsonObject(value)) throw badRequest('the body is not an object');
  return value;
}

function notServed(path: string): StatusError {
  return /^\/apis?\//.test(path)
    ? new StatusError(
        404,
        'NotFound',
        `the sandbox does not serve ${path}: it knows the kinds a Deployment behind a Service needs; use kind for others`,
      )
    : new StatusError(404, 'NotFound', 'the server could not find the requested resource');
}

function methodNotAllowed(method: string): StatusError {
  return new StatusError(
    405,
    'MethodNotAllowed',
    `the server does not allow ${method} on the requested resource`,
  );
}

function send(response: ServerResponse, code: number, type: string, text: string): void {
  response.writeHead(code, { 'content-type': type, 'content-length': Buffer.byteLength(text) });
  response.end(text);
}

async function readBody(request: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = [];
  for await (const chunk of request) chunks.push(chunk);
  return Buffer.concat(chunks).toString('utf8');
}
