import type { HttpApi } from './api/http-api.ts';
import { expired } from './api/status-error.ts';
import type { Store } from './api/store.ts';
import type { WatchEvent, WatchFilter } from './api/watch-stream.ts';
import type { SandboxClock } from './clock.ts';
import type { Random } from './random.ts';

/** What happens to an event on its way to a watching client. */
export type WatchFault =
  | { readonly kind: 'delay'; readonly ms: number }
  /** Lost, with this probability. */
  | { readonly kind: 'drop'; readonly probability: number }
  /** Held back until the next event of the same watch has passed, with this probability. */
  | { readonly kind: 'reorder'; readonly probability: number };

/** Faults of the way between a client and the API server; the control plane itself goes on undisturbed. */
export class ApiFaults {
  readonly #clock: SandboxClock;
  readonly #random: Random;
  #watchFault: WatchFault | undefined;
  readonly #held = new WeakMap<(event: WatchEvent) => void, WatchEvent>();

  constructor(clock: SandboxClock, random: Random) {
    this.#clock = clock;
    this.#random = random;
  }

  /** Does this to every watch event from now on; undefined ends it. */
  disturbWatches(fault: WatchFault | undefined): void {
    this.#watchFault = fault;
  }

  /** Cuts off every client until the function returned is called. */
  outage(http: HttpApi): () => void {
    http.down();
    return () => http.up();
  }

  /** Makes every watch end with an in-stream 410, and every resume from before now too. */
  expireWatches(store: Store, http: HttpApi): void {
    store.forgetHistory();
    http.failWatches(expired(`too old resource version: 1 (${store.version})`));
  }

  /** What the API server hands its watch events to. */
  readonly filter: WatchFilter = (event, deliver) => {
    const fault = this.#watchFault;
    const held = this.#held.get(deliver);
    this.#held.delete(deliver);
    switch (fault?.kind) {
      case 'delay':
        this.#clock.after(fault.ms, () => deliver(event));
        return;
      case 'drop':
        if (this.#random() >= fault.probability) deliver(event);
        return;
      case 'reorder':
        if (!held && this.#random() < fault.probability) {
          this.#held.set(deliver, event);
          return;
        }
        break;
      case undefined:
    }
    deliver(event);
    if (held) deliver(held);
  };
}
