/** The text has to appear this early: a prober must not hold bodies of any size. */
const HELD_BYTES = 64 * 1024;

/** Counts a body and looks for a text in its first 64 KiB, whatever chunks it comes in. */
export class BodyCheck {
  readonly #wanted: string | undefined;
  readonly #held: Buffer[] = [];
  #heldBytes = 0;
  #bytes = 0;

  constructor(wanted: string | undefined) {
    this.#wanted = wanted;
  }

  add(chunk: Buffer): void {
    this.#bytes += chunk.length;
    if (this.#wanted === undefined || this.#heldBytes >= HELD_BYTES) return;
    // A copy: the parser uses its memory again.
    const part = Buffer.from(chunk.subarray(0, HELD_BYTES - this.#heldBytes));
    this.#held.push(part);
    this.#heldBytes += part.length;
  }

  /** Bytes seen so far. */
  get bytes(): number {
    return this.#bytes;
  }

  /** Whether the text was there; undefined where none is looked for. */
  get ok(): boolean | undefined {
    return this.#wanted === undefined ? undefined : Buffer.concat(this.#held).includes(this.#wanted);
  }
}
