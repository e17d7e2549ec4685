/** What is over sooner is not worth a word. */
const LASTING_MS = 250;

/**
 * Keeps apart what is waited for and what is only passed through: a log that shows a line now and then would go on
 * showing a wait that was over at once.
 */
export class LastingWait {
  #waitingFor = '';
  #sinceMs = 0;

  /** What is waited for now goes in; it comes back once it has been the same for a while, and undefined before. */
  at(nowMs: number, waitingFor: string): string | undefined {
    if (waitingFor !== this.#waitingFor) {
      this.#waitingFor = waitingFor;
      this.#sinceMs = nowMs;
    }
    return nowMs - this.#sinceMs >= LASTING_MS ? waitingFor : undefined;
  }
}
