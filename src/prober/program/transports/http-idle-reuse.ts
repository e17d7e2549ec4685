import type { HttpEngine } from './http-connection.ts';
import { sendOnAdditionalConnection } from './http-new.ts';
import { KeptPlace } from './kept-place.ts';
import type { Dialer } from './owned-connection.ts';
import type { Transport } from './transport.ts';

/** How many connections rest at most, and for how long before each is used again. */
export interface Rest {
  readonly connections: number;
  readonly idleMs: number;
}

/**
 * Kept connections that rest for `idleMs` after each request: the race with the server's idle time-out. The one that
 * has rested longest is used again as soon as it has rested long enough, so that all rest equally long, to an interval.
 * Where none has, another one is opened, up to `connections`; beyond that the request gets an additional one that is
 * closed after it. What the server closed while it rested is replaced, which is told and is no drop.
 */
export function httpIdleReuse(engine: HttpEngine, dialer: Dialer, { connections, idleMs }: Rest): Transport {
  const places = new Set<KeptPlace>();
  /** Those that are not busy, the longest rested first. */
  const resting: KeptPlace[] = [];

  const nextRested = (): KeptPlace | undefined => {
    const [oldest] = resting;
    if (oldest && dialer.nowMs() - (oldest.restsSinceMs ?? 0) >= idleMs) return resting.shift();
    if (places.size >= connections) return undefined;
    const another = new KeptPlace(engine, dialer);
    places.add(another);
    return another;
  };

  return {
    send(onEnd, seq) {
      const place = nextRested();
      if (!place) return sendOnAdditionalConnection({ engine, dialer, seq, onEnd });
      return place.send(seq, (end) => {
        // What did not come to be, or has ended, rests for nothing.
        if (place.wasGood) resting.push(place);
        else places.delete(place);
        onEnd(end);
      });
    },
    close() {
      for (const place of places) place.close();
    },
  };
}
