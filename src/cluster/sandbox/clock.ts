/**
 * The sandbox's time. Timers follow the machine's monotonic clock; wall-clock timestamps can be made to jump, as on a
 * machine whose clock is corrected.
 */
export class SandboxClock {
  readonly #timers = new Set<NodeJS.Timeout>();
  #offsetMs = 0;
  #closed = false;

  /** Wall-clock time with every jump so far in it. */
  now(): Date {
    return new Date(Date.now() + this.#offsetMs);
  }

  /** RFC 3339 with whole seconds, the resolution of Kubernetes timestamps. */
  timestamp(afterMs = 0): string {
    return `${new Date(this.now().getTime() + afterMs).toISOString().slice(0, 19)}Z`;
  }

  /** Milliseconds on the monotonic clock, which never jumps. */
  monotonicMs(): number {
    return performance.now();
  }

  /** Moves the wall clock forwards, or backwards with a negative figure. */
  jump(byMs: number): void {
    this.#offsetMs += byMs;
  }

  /** Calls back once, unless cancelled by the returned function or by `close`. */
  after(ms: number, callback: () => void): () => void {
    if (this.#closed) return () => {};
    const timer = setTimeout(() => {
      this.#timers.delete(timer);
      callback();
    }, ms);
    this.#timers.add(timer);
    return () => {
      clearTimeout(timer);
      this.#timers.delete(timer);
    };
  }

  /** Resolves true after that long, false as soon as the signal aborts. */
  sleep(ms: number, signal?: AbortSignal): Promise<boolean> {
    return new Promise((resolve) => {
      if (signal?.aborted || this.#closed) return resolve(false);
      const stop = () => {
        cancel();
        resolve(false);
      };
      const cancel = this.after(ms, () => {
        signal?.removeEventListener('abort', stop);
        resolve(true);
      });
      signal?.addEventListener('abort', stop, { once: true });
    });
  }

  /** Cancels every timer. Sleepers whose signal does not abort stay asleep for ever. */
  close(): void {
    this.#closed = true;
    for (const timer of this.#timers) clearTimeout(timer);
    this.#timers.clear();
  }
}
