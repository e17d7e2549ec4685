/** A late wake-up of at least this length is a stall; anything shorter is the grain of timers on a busy machine. */
const STALL_MS = 20;

/** How long a stall stays known: longer than any request's deadline can look back. */
const KEPT_MS = 300_000;

/**
 * Knows when the event loop did not run, from how late its timer came and how long a turn took: a process may be stopped
 * in the middle of one. It has to be told every planned wake-up and every real one.
 */
export class LoopStalls {
  #plannedMs = Number.POSITIVE_INFINITY;
  #longestMs = 0;
  readonly #stalls: { readonly fromMs: number; readonly toMs: number }[] = [];

  /** A turn of the loop is over: it goes to sleep until this instant. */
  planned(wakeMs: number, nowMs: number): void {
    this.woke(nowMs);
    this.#plannedMs = wakeMs;
  }

  /** The loop runs again, because it was time or because something else came first. */
  woke(nowMs: number): void {
    const fromMs = this.#plannedMs;
    const lateMs = nowMs - fromMs;
    // A turn takes no time worth mentioning: what is left of it is due at once.
    this.#plannedMs = nowMs;
    this.#longestMs = Math.max(this.#longestMs, lateMs);
    if (lateMs < STALL_MS) return;
    this.#stalls.push({ fromMs, toMs: nowMs });
    while (this.#stalls[0] && this.#stalls[0].toMs < nowMs - KEPT_MS) this.#stalls.shift();
  }

  /** The longest delay since this was last asked, in milliseconds. */
  takeLongestMs(): number {
    const longestMs = this.#longestMs;
    this.#longestMs = 0;
    return longestMs;
  }

  /**
   * How much of the time between an instant and now the loop stood still, in milliseconds. A stall that has only
   * just ended counts, although no wake-up has told of it: after a stall sockets are served before timers.
   */
  stalledMsSince(fromMs: number, nowMs: number): number {
    let sumMs = 0;
    for (let i = this.#stalls.length - 1; i >= 0; i--) {
      const stall = this.#stalls[i];
      if (!stall || stall.toMs <= fromMs) break;
      sumMs += stall.toMs - Math.max(stall.fromMs, fromMs);
    }
    if (nowMs - this.#plannedMs >= STALL_MS) sumMs += nowMs - Math.max(this.#plannedMs, fromMs);
    return sumMs;
  }
}
