/** What is collected after so many wakes is small; after twice as many the engine would soon do it by itself. */
const WAKES = 24;

/** Collecting takes less than this. */
const TAKES_MS = 0.6;

type Collect = (options: { readonly type: 'minor' }) => void;

/**
 * Collects young garbage in the pauses between requests. The engine does that by itself whenever enough has gathered,
 * for a third of a millisecond, and a request that falls into it is late.
 */
export class YoungGarbage {
  readonly #collect: Collect | undefined;
  #wakes = 0;

  /** Without `collect`, which Node gives only where it is asked to, nothing is ever collected here. */
  constructor(collect: Collect | undefined = globalThis.gc as Collect | undefined) {
    this.#collect = collect;
  }

  /** The loop has done something. */
  woke(): void {
    this.#wakes++;
  }

  /** Nothing is to be done for so long; `idle`: and no answer is awaited, whose time would be told too long. */
  pause(pauseMs: number, idle: boolean): void {
    if (pauseMs < TAKES_MS || this.#wakes < (idle ? WAKES : 2 * WAKES)) return;
    this.#wakes = 0;
    this.#collect?.({ type: 'minor' });
  }
}
