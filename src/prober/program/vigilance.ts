/**
 * Who is woken later than this found somebody else at work inside of the kernel on its processor, which many kernels do
 * not interrupt for anybody.
 */
const OVERSLEPT_MS = 0.3;

/**
 * How long it stays awake then, apart from what a timer sleeps of longer waits: until what waits behind it is moved to
 * another processor, and is woken there next.
 */
const AWAKE_MS = 10;

/** Where that does not help, or the lateness is its own, it is late again and again: that may take so much of its time. */
const SHARE = 0.05;
const MOST_MS = 50;

/** Says when a real-time process that sleeps between its instants should rather stay awake. Milliseconds. */
export class Vigilance {
  #untilMs = Number.NEGATIVE_INFINITY;
  #allowedMs = MOST_MS;
  #countedMs = 0;

  isOn(nowMs: number): boolean {
    return nowMs < this.#untilMs;
  }

  /** An instant was met so late. Gives whether it is on because of that. */
  met(lateMs: number, nowMs: number): boolean {
    if (lateMs <= OVERSLEPT_MS) return false;
    this.#allowedMs = Math.min(MOST_MS, this.#allowedMs + (nowMs - this.#countedMs) * SHARE);
    this.#countedMs = nowMs;
    const moreMs = nowMs + AWAKE_MS - Math.max(nowMs, this.#untilMs);
    if (moreMs > this.#allowedMs) return false;
    this.#allowedMs -= moreMs;
    this.#untilMs = nowMs + AWAKE_MS;
    return true;
  }
}
