import type { HttpEngine } from './http-connection.ts';
import { sendOnAdditionalConnection } from './http-new.ts';
import { KeptPlace } from './kept-place.ts';
import type { Dialer } from './owned-connection.ts';
import type { Transport } from './transport.ts';

/**
 * `connections` kept-alive connections, used in turn. A busy one is passed over; where all are busy, the
 * request gets an additional connection that is closed after it. As in any pool, a connection that the server closed
 * while it was idle is replaced before a request is written to it, and that is no drop.
 */
export function httpKeepAlive(engine: HttpEngine, dialer: Dialer, connections: number): Transport {
  const places = Array.from({ length: Math.max(1, connections) }, () => new KeptPlace(engine, dialer));
  let turn = 0;

  const nextIdle = (): KeptPlace | undefined => {
    for (let passed = 0; passed < places.length; passed++) {
      const place = places[turn];
      turn = (turn + 1) % places.length;
      if (place && !place.busy) return place;
    }
    return undefined;
  };

  return {
    send(onEnd, seq) {
      const place = nextIdle();
      return place ? place.send(seq, onEnd) : sendOnAdditionalConnection({ engine, dialer, seq, onEnd });
    },
    close() {
      for (const place of places) place.close();
    },
  };
}
