import { proxyAttempts } from './proxy-attempts.ts';

/** Longest head of an answer, in bytes. */
const MAX_HEAD_BYTES = 16 * 1024;
/** Interim answers before the real one; more of them is no answer any more. */
const MAX_INTERIM_ANSWERS = 32;
/** Longest line before a chunk, and all lines after the last one together, in bytes. */
const MAX_CHUNK_LINE_BYTES = 4 * 1024;

const HEAD_END = '\r\n\r\n';
/** A head holds text and tabs, and CR and LF only together. */
const FORBIDDEN_IN_HEAD = /[^\t\r\n\x20-\x7e\x80-\xff]|\r(?!\n)|(?<!\r)\n/;
const STATUS_LINE = /^HTTP\/1\.([01]) ([1-9]\d\d)(?: .*)?$/;
const FIELD_NAME = /^[!#$%&'*+\-.^_`|~0-9A-Za-z]+$/;
/** Lengths of the names of fields that matter; nothing else has one of these and does. */
const NAME_LENGTHS: ReadonlySet<number> = new Set(
  ['connection', 'content-length', 'transfer-encoding', 'x-upstream-addr', 'x-envoy-attempt-count'].map(
    ({ length }) => length,
  ),
);
const CHUNK_LINE = /^([0-9A-Fa-f]{1,13})[ \t]*(?:;.*)?$/;

/** What is wrong with an answer, in the words of llhttp where it has one. */
export type MalformedCode =
  | 'HPE_INVALID_CONSTANT'
  | 'HPE_INVALID_HEADER_TOKEN'
  | 'HPE_INVALID_CONTENT_LENGTH'
  | 'HPE_UNEXPECTED_CONTENT_LENGTH'
  | 'HPE_INVALID_TRANSFER_ENCODING'
  | 'HPE_INVALID_CHUNK_SIZE'
  | 'HPE_STRICT'
  | 'HPE_HEADER_OVERFLOW'
  | 'HPE_INTERIM_OVERFLOW'
  | 'HPE_UNEXPECTED_UPGRADE';

type State =
  | 'head'
  | 'counted'
  | 'until-close'
  | 'chunk-line'
  | 'chunk-data'
  | 'chunk-end'
  | 'trailers'
  | 'complete';

/**
 * Reads the answer to one GET request, in whatever pieces it comes; `begin` makes it ready for the next one. It
 * knows of no socket: that the connection ended is told to it, and it says what that means.
 */
export class ResponseParser {
  /** Status of the answer proper, once its head has arrived. */
  status: number | undefined;
  /** Body bytes so far, without their framing. */
  bytes = 0;
  /** How often a proxy on the way tried, where the head says so. */
  attempts: number | undefined;
  /** Whether another request may follow on the connection; counts once the answer is complete. */
  keepAlive = false;
  #onBody: ((part: Buffer) => void) | undefined;
  #state: State = 'head';
  /** The beginning of a head or a line whose end has not arrived. */
  #begun = '';
  #left = 0;
  #interim = 0;

  /** Ready for the answer to another request. `onBody` gets the body's bytes, in memory that is used again. */
  begin(onBody?: (part: Buffer) => void): void {
    this.status = undefined;
    this.bytes = 0;
    this.attempts = undefined;
    this.keepAlive = false;
    this.#onBody = onBody;
    this.#state = 'head';
    this.#begun = '';
    this.#interim = 0;
  }

  get complete(): boolean {
    return this.#state === 'complete';
  }

  /**
   * Reads on. Gives what is wrong, or else nothing. Bytes behind the end of the answer belong to nobody: they make
   * the connection unfit for another request.
   */
  read(received: Buffer): MalformedCode | undefined {
    let at = 0;
    while (at < received.length) {
      switch (this.#state) {
        case 'head': {
          const next = this.#readHead(received, at);
          if (typeof next === 'string') return next;
          at = next;
          break;
        }
        case 'counted':
        case 'chunk-data': {
          const end = Math.min(received.length, at + this.#left);
          this.#take(received, at, end);
          this.#left -= end - at;
          at = end;
          if (this.#left === 0) this.#state = this.#state === 'counted' ? 'complete' : 'chunk-end';
          break;
        }
        case 'until-close':
          this.#take(received, at, received.length);
          at = received.length;
          break;
        case 'chunk-line':
        case 'chunk-end':
        case 'trailers': {
          const end = received.indexOf(10, at);
          this.#begun += received.toString('latin1', at, end < 0 ? received.length : end + 1);
          if (this.#begun.length > MAX_CHUNK_LINE_BYTES) return 'HPE_HEADER_OVERFLOW';
          if (end < 0) return undefined;
          at = end + 1;
          const fault = this.#readLine();
          if (fault !== undefined) return fault;
          break;
        }
        case 'complete':
          this.keepAlive = false;
          return undefined;
      }
    }
    return undefined;
  }

  /** The peer closed in good order. True where that is the end of the answer, as it is where nothing else says it. */
  close(): boolean {
    if (this.#state === 'until-close') this.#state = 'complete';
    return this.#state === 'complete';
  }

  #take(received: Buffer, from: number, to: number): void {
    this.bytes += to - from;
    this.#onBody?.(received.subarray(from, to));
  }

  /** Where reading goes on, or what is wrong. */
  #readHead(received: Buffer, at: number): number | MalformedCode {
    let head: string;
    let next: number;
    if (this.#begun === '') {
      const end = received.indexOf(HEAD_END, at, 'latin1');
      if (end < 0) return this.#holdHead(received, at);
      head = received.toString('latin1', at, end);
      next = end + HEAD_END.length;
    } else {
      const before = this.#begun.length;
      const whole =
        this.#begun + received.toString('latin1', at, Math.min(received.length, at + MAX_HEAD_BYTES));
      // The end may lie across the cut.
      const end = whole.indexOf(HEAD_END, Math.max(0, before - HEAD_END.length + 1));
      if (end < 0) return this.#holdHead(received, at);
      head = whole.slice(0, end);
      next = at + end + HEAD_END.length - before;
    }
    this.#begun = '';
    if (head.length > MAX_HEAD_BYTES) return 'HPE_HEADER_OVERFLOW';
    return this.#parseHead(head) ?? next;
  }

  #holdHead(received: Buffer, at: number): number | MalformedCode {
    this.#begun += received.toString('latin1', at, Math.min(received.length, at + MAX_HEAD_BYTES + 1));
    if (this.#begun.length > MAX_HEAD_BYTES) return 'HPE_HEADER_OVERFLOW';
    // What does not begin as HTTP will not become it: nobody has to wait for a deadline to know.
    const start = this.#begun.slice(0, 'HTTP/1.'.length);
    if (!'HTTP/1.'.startsWith(start)) return 'HPE_INVALID_CONSTANT';
    return received.length;
  }

  #parseHead(head: string): MalformedCode | undefined {
    let lineEnd = head.indexOf('\r\n');
    const first = lineEnd < 0 ? head : head.slice(0, lineEnd);
    const statusLine = STATUS_LINE.exec(first);
    if (!statusLine) return 'HPE_INVALID_CONSTANT';
    if (FORBIDDEN_IN_HEAD.test(head)) return 'HPE_INVALID_HEADER_TOKEN';
    const status = Number(statusLine[2]);
    let keepAlive = statusLine[1] === '1';
    let length: number | undefined;
    let encoding: string | undefined;

    while (lineEnd >= 0) {
      const from = lineEnd + 2;
      lineEnd = head.indexOf('\r\n', from);
      const line = lineEnd < 0 ? head.slice(from) : head.slice(from, lineEnd);
      const colon = line.indexOf(':');
      if (colon < 1 || !FIELD_NAME.test(line.slice(0, colon))) return 'HPE_INVALID_HEADER_TOKEN';
      if (!NAME_LENGTHS.has(colon)) continue;
      const name = line.slice(0, colon).toLowerCase();
      const value = line.slice(colon + 1).trim();
      if (name === 'connection') {
        for (const option of value.toLowerCase().split(',')) {
          if (option.trim() === 'close') keepAlive = false;
          else if (option.trim() === 'keep-alive' && statusLine[1] === '0') keepAlive = true;
        }
      } else if (name === 'content-length') {
        if (length !== undefined) return 'HPE_UNEXPECTED_CONTENT_LENGTH';
        if (!/^\d{1,15}$/.test(value)) return 'HPE_INVALID_CONTENT_LENGTH';
        length = Number(value);
      } else if (name === 'transfer-encoding') {
        encoding = encoding === undefined ? value : `${encoding}, ${value}`;
      } else this.attempts = proxyAttempts(name, value) ?? this.attempts;
    }
    if (status === 101) return 'HPE_UNEXPECTED_UPGRADE';
    if (status < 200) return ++this.#interim > MAX_INTERIM_ANSWERS ? 'HPE_INTERIM_OVERFLOW' : undefined;
    // Two lengths: whoever takes the other one reads another answer.
    if (encoding !== undefined && length !== undefined) return 'HPE_UNEXPECTED_CONTENT_LENGTH';

    this.status = status;
    this.keepAlive = keepAlive;
    if (status === 204 || status === 304 || length === 0) this.#state = 'complete';
    else if (length !== undefined) {
      this.#left = length;
      this.#state = 'counted';
    } else if (encoding !== undefined && /(?:^|,)[ \t]*chunked$/i.test(encoding)) this.#state = 'chunk-line';
    else {
      this.keepAlive = false;
      this.#state = 'until-close';
    }
    return undefined;
  }

  /** One line of the chunks' framing is whole. */
  #readLine(): MalformedCode | undefined {
    const line = this.#begun;
    if (!line.endsWith('\r\n')) return 'HPE_STRICT';
    switch (this.#state) {
      case 'chunk-end':
        if (line !== '\r\n') return 'HPE_STRICT';
        this.#state = 'chunk-line';
        break;
      case 'chunk-line': {
        const size = CHUNK_LINE.exec(line.slice(0, -2))?.[1];
        if (size === undefined) return 'HPE_INVALID_CHUNK_SIZE';
        this.#left = Number.parseInt(size, 16);
        this.#state = this.#left === 0 ? 'trailers' : 'chunk-data';
        break;
      }
      default:
        // Fields after the body say nothing that matters here; the empty line ends them.
        if (line.endsWith('\r\n\r\n') || line === '\r\n') this.#state = 'complete';
        else return undefined;
    }
    this.#begun = '';
    return undefined;
  }
}
