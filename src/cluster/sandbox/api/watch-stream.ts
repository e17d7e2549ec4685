import type { ServerResponse } from 'node:http';
import type { KubeObject } from './objects.ts';
import { apiVersionOf, type Resource } from './resources.ts';
import type { StatusError } from './status-error.ts';
import type { Change, Store } from './store.ts';

/** What a client asked to watch. */
export interface WatchRequest {
  readonly resource: Resource;
  readonly namespace: string | undefined;
  readonly selects: (object: KubeObject) => boolean;
  /** Where to go on; absent or '0': begin with everything there is. */
  readonly resourceVersion?: string;
  readonly bookmarks: boolean;
  readonly timeoutMs: number;
}

/** One line of a watch. */
export interface WatchEvent {
  readonly type: 'ADDED' | 'MODIFIED' | 'DELETED' | 'BOOKMARK' | 'ERROR';
  readonly object: object;
}

/** Stands between the store and a watching client; the default hands every event on at once. */
export type WatchFilter = (event: WatchEvent, deliver: (event: WatchEvent) => void) => void;

/** How often a watch that asked for bookmarks gets one; a real API server sends one a minute. */
const BOOKMARK_INTERVAL_MS = 60_000;

/**
 * Streams changes to a client until it leaves, the time is over or `close` is called. Throws 410 before anything is
 * sent where the version is forgotten.
 */
export function streamWatch(
  store: Store,
  request: WatchRequest,
  response: ServerResponse,
  filter: WatchFilter,
): { fail(error: StatusError): void; close(): void } {
  const { resource, namespace, selects, resourceVersion = '0' } = request;
  const isMine = ({ metadata }: KubeObject) => namespace === undefined || metadata.namespace === namespace;
  const fromStart = resourceVersion === '' || resourceVersion === '0';
  const missed = fromStart ? [] : store.since(Number(resourceVersion));
  const write = (event: WatchEvent) => {
    if (!response.writableEnded) response.write(`${JSON.stringify(event)}\n`);
  };
  const send = (event: WatchEvent) => filter(event, write);
  const onChange = (change: Change) => {
    if (change.resource !== resource || !isMine(change.object)) return;
    const event = asSeenThrough(selects, change);
    if (event) send(event);
  };

  response.writeHead(200, { 'content-type': 'application/json', 'transfer-encoding': 'chunked' });
  response.flushHeaders();
  if (fromStart)
    for (const object of store.list(resource, namespace).filter(selects)) send({ type: 'ADDED', object });
  for (const change of missed) onChange(change);

  const unsubscribe = store.subscribe(onChange);
  const bookmark = () => {
    const metadata = { resourceVersion: String(store.version), creationTimestamp: null };
    send({ type: 'BOOKMARK', object: { kind: resource.kind, apiVersion: apiVersionOf(resource), metadata } });
  };
  const bookmarks = request.bookmarks ? setInterval(bookmark, BOOKMARK_INTERVAL_MS) : undefined;
  const timeout = setTimeout(() => {
    // A last bookmark lets the client resume without a relist.
    if (request.bookmarks) bookmark();
    close();
  }, request.timeoutMs);
  const close = () => {
    unsubscribe();
    clearInterval(bookmarks);
    clearTimeout(timeout);
    response.end();
  };
  response.on('close', close);
  return {
    close,
    fail(error) {
      write({ type: 'ERROR', object: error.toStatus() });
      close();
    },
  };
}

/** An object that enters or leaves the selection is added or deleted, as far as this client can see. */
function asSeenThrough(
  selects: (object: KubeObject) => boolean,
  { type, object, before }: Change,
): WatchEvent | undefined {
  const now = type !== 'DELETED' && selects(object);
  const earlier = before !== undefined && selects(before);
  if (now) return { type: earlier ? 'MODIFIED' : 'ADDED', object };
  return earlier ? { type: 'DELETED', object } : undefined;
}
