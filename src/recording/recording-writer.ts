import { once } from 'node:events';
import { createWriteStream, type WriteStream } from 'node:fs';
import type { RecordingEntry } from '../model/recording.ts';

/** Takes the entries of one recording in the order in which they arrive. */
export interface RecordingWriter extends AsyncDisposable {
  /** Puts an entry at the end. Never blocks; await `ready` between bursts so that memory does not grow. */
  append(entry: RecordingEntry): void;
  /** Resolves when the disk has caught up. Rejects where an entry could not be written. */
  ready(): Promise<void>;
  /** Resolves when every entry is on the disk itself; idempotent. Rejects where one could not be written. */
  close(): Promise<void>;
}

/**
 * Opens a new recording: NDJSON, one whole line per write, so that whatever ends this process, what is on disk is a
 * readable beginning. Rejects where the file exists already or cannot be made.
 */
export async function openRecording(path: string): Promise<RecordingWriter> {
  const stream = createWriteStream(path, { flags: 'wx', flush: true });
  await once(stream, 'open');
  return new StreamWriter(stream);
}

class StreamWriter implements RecordingWriter {
  readonly #stream: WriteStream;
  #error: Error | undefined;
  #closing: Promise<void> | undefined;

  constructor(stream: WriteStream) {
    this.#stream = stream;
    // Told by ready() and close(); without a listener it would end the process.
    stream.on('error', (error) => {
      this.#error ??= error;
    });
  }

  append(entry: RecordingEntry): void {
    if (this.#closing) throw new Error('the recording is closed');
    if (!this.#error) this.#stream.write(`${JSON.stringify(entry)}\n`);
  }

  async ready(): Promise<void> {
    if (this.#stream.writableNeedDrain && !this.#error) {
      const waiting = new AbortController();
      const { signal } = waiting;
      await Promise.race([once(this.#stream, 'drain', { signal }), once(this.#stream, 'close', { signal })]);
      waiting.abort();
    }
    if (this.#error) throw this.#error;
  }

  close(): Promise<void> {
    this.#closing ??= this.#end();
    return this.#closing;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.close();
  }

  async #end(): Promise<void> {
    if (!this.#stream.closed) {
      const closed = Promise.withResolvers<void>();
      this.#stream.once('close', () => closed.resolve());
      this.#stream.end();
      await closed.promise;
    }
    if (this.#error) throw this.#error;
  }
}
