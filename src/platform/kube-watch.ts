import { setTimeout as sleep } from 'node:timers/promises';
import type { KubeConfig } from '@kubernetes/client-node';
import { messageOf } from '../model/problem.ts';
import type { Change } from '../model/recording.ts';
import type { KubeList, KubeObject } from './kube-objects.ts';
import { KubeApiError, kubeRequest, kubeStream } from './kube-request.ts';

export interface WatchOptions<T extends KubeObject> {
  readonly kubeConfig: KubeConfig;
  /** Path of the list: `/apis/apps/v1/namespaces/shop/deployments`. */
  readonly path: string;
  readonly query?: Readonly<Record<string, string>>;
  readonly signal: AbortSignal;
  /** A watch that says nothing for this long is not believed: the truth is listed anew. */
  readonly silenceMs?: number;
  /**
   * One object, in the order of arrival. After a relist only what differs from what was known is told: new and
   * changed objects as `listed`, vanished ones as `deleted` with their last known content.
   */
  onChange(change: Change, object: T): void;
  /** The watch was interrupted and what happened meanwhile is known only by its result. */
  onRelisted?(why: string): void;
}

export interface KubeWatch {
  /** Resolves when the first list is complete and its objects were told. Rejects where that list failed. */
  readonly listed: Promise<void>;
  /**
   * Resolves once `signal` has aborted and the connection is closed. Rejects where the server refuses for good
   * (forbidden, no such resource) or `onChange` throws: then nothing more will be told.
   */
  readonly ended: Promise<void>;
}

/**
 * Lists and then watches one resource until told to stop, over any number of connections. Expired versions (410 as a
 * status or inside the stream), broken lines, lost connections and silence all lead to a fresh list, so that at any
 * time what was told is at most `silenceMs` plus one list behind the server, and an object's end is never missed.
 *
 * The client library's own watch is not used: it drops lines it can not parse and exceptions of its callback alike.
 */
export function watchKube<T extends KubeObject>(options: WatchOptions<T>): KubeWatch {
  const listed = Promise.withResolvers<void>();
  const ended = follow(options, listed.resolve).catch((error: unknown) => {
    if (options.signal.aborted) return listed.resolve();
    listed.reject(error);
    throw error;
  });
  // Whoever waits for only one of the two must not be ended by the other.
  listed.promise.catch(() => {});
  ended.catch(() => {});
  return { listed: listed.promise, ended };
}

const SILENCE_MS = 10_000;

async function follow<T extends KubeObject>(
  options: WatchOptions<T>,
  firstListTold: () => void,
): Promise<void> {
  const known = new Map<string, T>();
  let resourceVersion = await relist(options, known);
  firstListTold();
  for (let fruitless = 0; !options.signal.aborted; ) {
    const end = await watchOnce(options, known, resourceVersion);
    if (options.signal.aborted) return;
    resourceVersion = end.resourceVersion;
    fruitless = end.progressed || end.kind === 'silent' ? 0 : fruitless + 1;
    // The first fault of a row is followed at once: on a healthy server a fresh list is all it takes.
    if (fruitless > 1)
      await sleep(Math.min(100 * 2 ** fruitless, 3_000), undefined, { signal: options.signal });
    if (end.kind !== 'closed') resourceVersion = await relist(options, known);
    if (end.kind === 'fault') options.onRelisted?.(end.why);
  }
}

type WatchEnd = {
  /** `closed`: as agreed, go on from there. `silent`: nothing wrong is known. `fault`: something is. */
  readonly kind: 'closed' | 'silent' | 'fault';
  readonly why: string;
  readonly resourceVersion: string;
  /** Whether the connection told anything at all. */
  readonly progressed: boolean;
};

async function watchOnce<T extends KubeObject>(
  options: WatchOptions<T>,
  known: Map<string, T>,
  from: string,
): Promise<WatchEnd> {
  const silence = new AbortController();
  const silenceMs = options.silenceMs ?? SILENCE_MS;
  const watchdog = setTimeout(() => silence.abort(), silenceMs);
  let resourceVersion = from;
  let progressed = false;
  const end = (kind: WatchEnd['kind'], why: string): WatchEnd => ({ kind, why, resourceVersion, progressed });
  try {
    const query = { ...options.query, watch: 'true', allowWatchBookmarks: 'true', resourceVersion: from };
    const signal = AbortSignal.any([options.signal, silence.signal]);
    const stream = await kubeStream(options.kubeConfig, { path: options.path, query, signal });
    for await (const line of lines(stream)) {
      watchdog.refresh();
      const event = parseEvent<T>(line);
      if (!event) return end('fault', 'the server sent a broken line');
      if (event.type === 'ERROR')
        return end('fault', `the server ended the watch: ${event.object.message ?? event.object.code}`);
      progressed = true;
      resourceVersion = event.object.metadata.resourceVersion;
      if (event.type !== 'BOOKMARK') tell(options, known, CHANGES[event.type], event.object);
    }
    return end('closed', 'the server closed the connection');
  } catch (error) {
    if (silence.signal.aborted) return end('silent', `the server said nothing for ${silenceMs} ms`);
    if (error instanceof ConsumerError) throw error.cause;
    if (error instanceof KubeApiError && isFinal(error)) throw error;
    return end('fault', messageOf(error));
  } finally {
    clearTimeout(watchdog);
    silence.abort();
  }
}

/** Lists, tells what differs from what is known, and gives the version to watch from. */
async function relist<T extends KubeObject>(
  options: WatchOptions<T>,
  known: Map<string, T>,
): Promise<string> {
  const { kubeConfig, path, signal } = options;
  const query = options.query ?? {};
  const list = await kubeRequest<KubeList<T>>(kubeConfig, { path, query, signal });
  const items = list.items ?? [];
  const present = new Set(items.map(({ metadata }) => metadata.uid));
  try {
    for (const [uid, object] of known) if (!present.has(uid)) tell(options, known, 'deleted', object);
    for (const item of items) {
      const before = known.get(item.metadata.uid)?.metadata.resourceVersion;
      if (before !== item.metadata.resourceVersion) tell(options, known, 'listed', item);
    }
  } catch (error) {
    throw error instanceof ConsumerError ? error.cause : error;
  }
  return list.metadata.resourceVersion;
}

function tell<T extends KubeObject>(
  options: WatchOptions<T>,
  known: Map<string, T>,
  change: Change,
  object: T,
): void {
  if (change === 'deleted') known.delete(object.metadata.uid);
  else known.set(object.metadata.uid, object);
  try {
    options.onChange(change, object);
  } catch (cause) {
    throw new ConsumerError('onChange threw', { cause });
  }
}

/** Keeps an exception of the consumer apart from those of the connection. */
class ConsumerError extends Error {}

/** Refusals that no repetition heals. 410 is healed by a fresh list, 401 by a fresh token. */
function isFinal({ status }: KubeApiError): boolean {
  return status === 403 || status === 404 || status === 405;
}

const CHANGES = { ADDED: 'added', MODIFIED: 'modified', DELETED: 'deleted' } as const;

type WatchEvent<T> =
  | { readonly type: keyof typeof CHANGES | 'BOOKMARK'; readonly object: T }
  | { readonly type: 'ERROR'; readonly object: { readonly code?: number; readonly message?: string } };

const EVENT_TYPES: ReadonlySet<string> = new Set([...Object.keys(CHANGES), 'BOOKMARK', 'ERROR']);

function parseEvent<T>(line: string): WatchEvent<T> | undefined {
  try {
    const event = JSON.parse(line);
    const whole =
      EVENT_TYPES.has(event.type) && (event.type === 'ERROR' || event.object.metadata.resourceVersion);
    return whole ? event : undefined;
  } catch {
    return undefined;
  }
}

/** Splits into lines; a last line without its end is given too, so that it is seen to be broken. */
async function* lines(stream: ReadableStream<Uint8Array>): AsyncGenerator<string> {
  let rest = '';
  for await (const chunk of stream.pipeThrough(new TextDecoderStream())) {
    const parts = (rest + chunk).split('\n');
    rest = parts.pop() ?? '';
    yield* parts.filter((part) => part !== '');
  }
  if (rest !== '') yield rest;
}
