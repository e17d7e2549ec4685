import type { HttpConnection, HttpEngine } from './http-connection.ts';
import { type Dialer, dial, unconnectedEnd } from './owned-connection.ts';
import type { RunningSend, SendEnd, Transport } from './transport.ts';

/** Every request on a connection of its own, which says `Connection: close` and is never used again. */
export function httpNew(engine: HttpEngine, dialer: Dialer): Transport {
  return {
    send: (onEnd, seq) => sendOnFreshConnection({ engine, dialer, seq, onEnd }),
    close() {},
  };
}

/** One request and what it needs to have a connection of its own. */
export interface FreshSend {
  readonly engine: HttpEngine;
  readonly dialer: Dialer;
  readonly seq: number;
  onEnd(end: SendEnd): void;
  /** Told of the connection before anything is sent on it. */
  onOpen?(connection: HttpConnection): void;
}

/** A connection that stands sooner is nothing to tell of. */
const SLOW_CONNECT_MS = 100;

/** Adds how long connecting took, where that is worth telling. */
function afterConnecting(connectMs: number, onEnd: (end: SendEnd) => void): (end: SendEnd) => void {
  if (connectMs < SLOW_CONNECT_MS) return onEnd;
  const rounded = Math.round(connectMs * 1000) / 1000;
  return (end) =>
    onEnd(end.kind === 'unsent' ? end : { ...end, facts: { ...end.facts, connectMs: rounded } });
}

/** Opens a connection and sends one request on it. */
export function sendOnFreshConnection(send: FreshSend): RunningSend {
  const { engine, dialer, seq, onEnd } = send;
  const dialledMs = dialer.nowMs();
  const running: { send: RunningSend } = {
    send: (engine.dial ?? dial)(
      dialer,
      (end) => {
        if (end.kind !== 'connected') return onEnd(unconnectedEnd(end));
        const connection = engine.open(end.connection);
        send.onOpen?.(connection);
        running.send = connection.exchange(seq, afterConnecting(end.connection.openedMs - dialledMs, onEnd));
      },
      engine.readsItself,
    ),
  };
  return { giveUp: (code) => running.send.giveUp(code) };
}

/** The same on a connection that no other request gets, although others of its stream are kept. */
export function sendOnAdditionalConnection(send: Omit<FreshSend, 'onOpen'>): RunningSend {
  let opened: HttpConnection | undefined;
  return sendOnFreshConnection({
    ...send,
    onOpen(connection) {
      opened = connection;
    },
    onEnd(end) {
      opened?.close();
      send.onEnd(end);
    },
  });
}
