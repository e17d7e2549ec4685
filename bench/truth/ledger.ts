/** Everything the server saw, one row for each request and for each connection that was reset before one. */
export interface LedgerColumns {
  readonly rows: number;
  /** The client's port. */
  readonly ports: Uint16Array;
  /** Number of the connection, from 1 in the order of accept. */
  readonly connections: Uint32Array;
  /** Number of the request on its connection, from 1; 0 where it was reset before one was read. */
  readonly nths: Uint32Array;
  /** On the machine's monotonic clock. */
  readonly atMs: Float64Array;
  readonly fates: Uint8Array;
  /** The number that the request carried in its path, -1 where it carried none. */
  readonly seqs: Int32Array;
  readonly closures: readonly ClosureRecord[];
  /** When the server itself was not given the processor for a while. */
  readonly stalls: readonly { readonly fromMs: number; readonly toMs: number }[];
}

/** When connections were not accepted. Between `From` and `SurelyFrom`, and `Until` and `SurelyUntil`, it is not known. */
export interface ClosureRecord {
  readonly fate: 'refused' | 'syn-dropped';
  readonly fromMs: number;
  readonly surelyFromMs: number;
  readonly surelyUntilMs: number;
  readonly untilMs: number;
}

/** Allocated before the first request, so that writing a row costs nothing that grows. */
export class Ledger {
  #rows = 0;
  readonly #ports: Uint16Array;
  readonly #connections: Uint32Array;
  readonly #nths: Uint32Array;
  readonly #atMs: Float64Array;
  readonly #fates: Uint8Array;
  readonly #seqs: Int32Array;
  readonly #closures: ClosureRecord[] = [];
  readonly #stalls: { readonly fromMs: number; readonly toMs: number }[] = [];

  constructor(capacity: number) {
    this.#ports = new Uint16Array(capacity);
    this.#connections = new Uint32Array(capacity);
    this.#nths = new Uint32Array(capacity);
    this.#atMs = new Float64Array(capacity);
    this.#fates = new Uint8Array(capacity);
    this.#seqs = new Int32Array(capacity);
  }

  get rows(): number {
    return this.#rows;
  }

  write(port: number, connection: number, nth: number, atMs: number, fate: number, seq: number): void {
    const row = this.#rows++;
    if (row >= this.#ports.length) throw new RangeError(`the ledger has room for ${this.#ports.length} rows`);
    this.#ports[row] = port;
    this.#connections[row] = connection;
    this.#nths[row] = nth;
    this.#atMs[row] = atMs;
    this.#fates[row] = fate;
    this.#seqs[row] = seq;
  }

  closed(record: ClosureRecord): void {
    this.#closures.push(record);
  }

  stalled(fromMs: number, toMs: number): void {
    this.#stalls.push({ fromMs, toMs });
  }

  columns(): LedgerColumns {
    const rows = this.#rows;
    return {
      rows,
      ports: this.#ports.slice(0, rows),
      connections: this.#connections.slice(0, rows),
      nths: this.#nths.slice(0, rows),
      atMs: this.#atMs.slice(0, rows),
      fates: this.#fates.slice(0, rows),
      seqs: this.#seqs.slice(0, rows),
      closures: [...this.#closures],
      stalls: [...this.#stalls],
    };
  }
}

/** The same with instants counted from another one: that of a recording's opening. */
export function since(openedMs: number, columns: LedgerColumns): LedgerColumns {
  return {
    ...columns,
    atMs: columns.atMs.map((atMs) => atMs - openedMs),
    stalls: columns.stalls.map(({ fromMs, toMs }) => ({ fromMs: fromMs - openedMs, toMs: toMs - openedMs })),
    closures: columns.closures.map(({ fate, fromMs, surelyFromMs, surelyUntilMs, untilMs }) => ({
      fate,
      fromMs: fromMs - openedMs,
      surelyFromMs: surelyFromMs - openedMs,
      surelyUntilMs: surelyUntilMs - openedMs,
      untilMs: untilMs - openedMs,
    })),
  };
}
