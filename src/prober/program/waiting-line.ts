/** What can stand in a waiting line, in one at a time. */
export interface Waiting {
  ahead: Waiting | undefined;
  behind: Waiting | undefined;
}

/**
 * Those who wait, in the order in which they came; whoever is served leaves from wherever it stands. A Set does the
 * same, but makes a new table every few requests, and each old one leads to the next: as soon as one of them has grown
 * old, all that ever stood in a later one is kept until the whole memory is swept, and that takes milliseconds.
 */
export class WaitingLine<T extends Waiting> {
  #first: T | undefined;
  #last: T | undefined;

  /** Who has waited longest. */
  get first(): T | undefined {
    return this.#first;
  }

  add(one: T): void {
    one.ahead = this.#last;
    if (this.#last) this.#last.behind = one;
    else this.#first = one;
    this.#last = one;
  }

  /** Nothing happens where it does not stand here any more. */
  remove(one: T): void {
    const { ahead, behind } = one;
    if (!ahead && this.#first !== one) return;
    if (ahead) ahead.behind = behind;
    else this.#first = behind as T | undefined;
    if (behind) behind.ahead = ahead;
    else this.#last = ahead as T | undefined;
    // Who has left leads to nobody.
    one.ahead = undefined;
    one.behind = undefined;
  }
}
