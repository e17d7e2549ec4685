/**
 * A real-time process rests for this share of its time: kernels take the processor for 50 ms from one that was at work
 * for more than 95 % of a second.
 */
const SHARE = 0.15;

/** What a process that stays awake between its instants owes in rest. Milliseconds. */
export class RestOwed {
  #owedMs = 0;
  #fromMs: number;

  constructor(nowMs: number) {
    this.#fromMs = nowMs;
  }

  /** It has slept, or will have, until then: nothing is owed. */
  sleptUntil(instantMs: number): void {
    this.#owedMs = 0;
    this.#fromMs = instantMs;
  }

  /** How much of the time from now on is to be rested; who was at work all the time rests as soon as there is time for it. */
  pay(nowMs: number, timeMs: number): number {
    const owedMs = this.#owedMs + (nowMs - this.#fromMs) * SHARE;
    const restMs = Math.min(owedMs, timeMs);
    this.#owedMs = Math.max(0, owedMs - timeMs);
    this.#fromMs = nowMs;
    return restMs;
  }
}
