import type { StreamSpec } from '../../protocol.ts';
import { HttpConnection } from './http-connection.ts';
import { type Dialer, dial } from './owned-connection.ts';
import type { RunningSend, SendEnd, Transport } from './transport.ts';

/** Every request on a connection of its own, which says `Connection: close` and is never used again. */
export function httpNew(spec: StreamSpec, dialer: Dialer): Transport {
  return {
    send: (onEnd) => sendOnFreshConnection(spec, dialer, onEnd),
    close() {},
  };
}

/** Opens a connection and sends one request on it; `onOpen` is told of the connection before. */
export function sendOnFreshConnection(
  spec: StreamSpec,
  dialer: Dialer,
  onEnd: (end: SendEnd) => void,
  onOpen?: (connection: HttpConnection) => void,
): RunningSend {
  let running: RunningSend = dial(dialer, (end) => {
    switch (end.kind) {
      case 'connected': {
        const connection = new HttpConnection(end.connection, spec);
        onOpen?.(connection);
        running = connection.exchange(onEnd);
        return;
      }
      case 'failed': {
        const { phase, code, localPort } = end;
        return onEnd({ kind: 'failed', facts: { localPort, reused: false }, phase, code });
      }
      case 'no-source-port':
        return onEnd({ kind: 'unsent', why: 'no-source-port' });
    }
  });
  return { giveUp: (code) => running.giveUp(code) };
}
