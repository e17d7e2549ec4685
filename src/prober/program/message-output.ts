import type { Writable } from 'node:stream';
import type { FromProber } from '../protocol.ts';

const FLUSH_MS = 50;
/** What nobody waits for. */
const BULK: ReadonlySet<FromProber['kind']> = new Set(['probe', 'connection', 'heartbeat']);

/**
 * Writes messages as lines. Probes are many and are written together, a few times a second; a reader that is slow
 * makes the buffer grow and never makes the prober wait.
 */
export class MessageOutput {
  readonly #stream: Writable;
  #lines = '';
  #timer: NodeJS.Timeout | undefined;

  constructor(stream: Writable) {
    this.#stream = stream;
  }

  write(message: FromProber): void {
    this.#lines += `${JSON.stringify(message)}\n`;
    // Everything but the bulk is waited for by somebody.
    if (!BULK.has(message.kind)) this.#flush();
    else this.#timer ??= setTimeout(() => this.#flush(), FLUSH_MS);
  }

  /** Resolves when everything written so far was handed to the reader's pipe. */
  end(): Promise<void> {
    this.#flush();
    return new Promise((resolve) => this.#stream.write('', () => resolve()));
  }

  #flush(): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    if (this.#lines === '') return;
    this.#stream.write(this.#lines);
    this.#lines = '';
  }
}
