import { setTimeout as sleep } from 'node:timers/promises';
import {
  HttpMethod,
  IsomorphicFetchHttpLibrary,
  type KubeConfig,
  RequestContext,
} from '@kubernetes/client-node';
import { EnvironmentError } from '../model/problem.ts';
import { networkFault } from './network-fault.ts';

/** The API server answered, and the answer was no. */
export class KubeApiError extends Error {
  override readonly name = 'KubeApiError';
  /** HTTP status. */
  readonly status: number;
  /** Kubernetes' machine word for it: `NotFound`, `Invalid`, `AlreadyExists`. */
  readonly reason: string | undefined;
  constructor(status: number, reason: string | undefined, message: string) {
    super(message);
    this.status = status;
    this.reason = reason;
  }
}

export interface KubeRequest {
  /** `/api/v1/namespaces/shop/pods` */
  readonly path: string;
  readonly method?: 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE';
  readonly query?: Readonly<Record<string, string>>;
  /** Sent as JSON. It is sent as it is: no model of a client library takes fields out of it. */
  readonly body?: unknown;
  readonly contentType?: string;
  readonly signal?: AbortSignal | undefined;
  /** The answer must be complete within this time. */
  readonly timeoutMs?: number;
  /** Sending it twice does what sending it once does, so it may be repeated; default: for GET only. */
  readonly repeatable?: boolean;
}

/**
 * One request to the API server; gives the parsed answer. `T` is what the API promises for this path.
 * What is repeatable is repeated for a while when the server does not answer or is overloaded; nothing else ever is.
 * Throws KubeApiError where the server refuses, EnvironmentError where it can not be reached.
 */
export async function kubeRequest<T>(kubeConfig: KubeConfig, request: KubeRequest): Promise<T> {
  return JSON.parse(await kubeText(kubeConfig, request));
}

/** kubeRequest for something that may not exist: undefined where the server answers 404. */
export async function findKube<T>(kubeConfig: KubeConfig, request: KubeRequest): Promise<T | undefined> {
  try {
    return await kubeRequest<T>(kubeConfig, request);
  } catch (error) {
    if (error instanceof KubeApiError && error.status === 404) return undefined;
    throw error;
  }
}

/** kubeRequest for answers that are no JSON: a container's log. */
export async function kubeText(kubeConfig: KubeConfig, request: KubeRequest): Promise<string> {
  const repeatable = request.repeatable ?? (request.method ?? 'GET') === 'GET';
  const giveUpAt = performance.now() + (repeatable ? PATIENCE_MS : 0);
  for (let pauseMs = 200; ; pauseMs = Math.min(pauseMs * 2, 2_000)) {
    try {
      const response = await send(kubeConfig, request, AbortSignal.timeout(request.timeoutMs ?? TIMEOUT_MS));
      return await response.body.text();
    } catch (error) {
      request.signal?.throwIfAborted();
      if (error instanceof KubeApiError && !isPassing(error)) throw error;
      if (performance.now() + pauseMs > giveUpAt)
        throw error instanceof KubeApiError ? error : unreachable(error);
      await sleep(pauseMs, undefined, { signal: request.signal });
    }
  }
}

/**
 * Opens a stream of lines (a watch): resolves when the server has answered 200. The stream ends with the
 * connection, fails with it, and is closed by `signal`. Throws like kubeRequest, and never repeats.
 */
export async function kubeStream(
  kubeConfig: KubeConfig,
  request: KubeRequest & { readonly signal: AbortSignal },
): Promise<ReadableStream<Uint8Array>> {
  const response = await send(kubeConfig, request);
  const stream = response.body.stream();
  if (!stream) throw new Error(`the API server sent no body for ${request.path}`);
  return stream;
}

/** Overload and hiccups. A 500 without a reason is the server's way of refusing some objects it can not read. */
function isPassing({ status, reason }: KubeApiError): boolean {
  return [429, 502, 503, 504].includes(status) || (status === 500 && reason !== undefined);
}

const TIMEOUT_MS = 20_000;
const PATIENCE_MS = 20_000;

const http = new IsomorphicFetchHttpLibrary();

async function send(kubeConfig: KubeConfig, request: KubeRequest, timeout?: AbortSignal) {
  const server = kubeConfig.getCurrentCluster()?.server;
  if (!server) throw new Error('the kubeconfig has no current cluster');
  const url = new URL(server.replace(/\/$/, '') + request.path);
  for (const [name, value] of Object.entries(request.query ?? {})) url.searchParams.set(name, value);
  const context = new RequestContext(url.href, HttpMethod[request.method ?? 'GET']);
  context.setHeaderParam('Accept', 'application/json');
  if (request.body !== undefined) {
    context.setHeaderParam('Content-Type', request.contentType ?? 'application/json');
    context.setBody(JSON.stringify(request.body));
  }
  const signals = [request.signal, timeout].filter((signal) => signal !== undefined);
  context.setSignal(AbortSignal.any(signals));
  await kubeConfig.applySecurityAuthentication(context);
  const response = await http.send(context).toPromise();
  if (response.httpStatusCode >= 200 && response.httpStatusCode <= 299) return response;
  throw refusal(response.httpStatusCode, await response.body.text());
}

function refusal(status: number, body: string): KubeApiError {
  try {
    const { message, reason } = JSON.parse(body);
    if (typeof message === 'string')
      return new KubeApiError(status, typeof reason === 'string' ? reason : undefined, message);
  } catch {
    // A proxy in between speaks HTML; its text is all there is.
  }
  return new KubeApiError(status, undefined, body.trim().slice(0, 500) || `HTTP status ${status}`);
}

function unreachable(error: unknown): EnvironmentError {
  return new EnvironmentError(
    {
      code: 'RP2501',
      what: 'The API server of the cluster does not answer.',
      why: networkFault(error),
      remedy: 'Check that the cluster is running and that this machine can reach it (`kubectl get nodes`).',
    },
    { cause: error },
  );
}
