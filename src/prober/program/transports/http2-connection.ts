import { type ClientHttp2Stream, connect, constants, type OutgoingHttpHeaders } from 'node:http2';
import type { ProbePhase } from '../../../model/recording.ts';
import type { AnswerFacts, Speak } from './conversation.ts';

type Headers = Readonly<Record<string, unknown>>;

/** Takes one answer in. */
interface AnswerReader {
  data(chunk: Buffer): void;
  /** Headers that end the answer, be they its only ones. */
  trailers?(headers: Headers): void;
  facts(): AnswerFacts;
  /** The code of what is missing from an answer that came to its end. */
  fault?(status: number): string | undefined;
}

interface Http2Request {
  readonly headers: OutgoingHttpHeaders;
  readonly body?: Buffer;
  reader(): AnswerReader;
}

const { NGHTTP2_CANCEL, NGHTTP2_NO_ERROR } = constants;

/** The same request again and again over one HTTP/2 connection that is already up, without TLS. Nothing is sent twice. */
export function http2Conversation(request: Http2Request): Speak {
  return ({ socket, remote }, onLost) => {
    const session = connect(`http://${remote}`, { createConnection: () => socket });
    let goaway: { readonly code: number; readonly lastId: number } | undefined;
    let error: NodeJS.ErrnoException | undefined;
    let over = false;
    const lose = (...how: Parameters<typeof onLost>) => {
      if (over) return;
      over = true;
      onLost(...how);
    };
    const broken = (): string => error?.code ?? error?.name ?? 'CLOSED';
    socket.on('error', (cause: NodeJS.ErrnoException) => {
      error ??= cause;
    });
    session.on('goaway', (code, lastId) => {
      goaway = { code, lastId };
      lose('goaway', `GOAWAY ${code}`);
    });
    session.on('error', (cause: NodeJS.ErrnoException) => {
      if (!goaway) error ??= cause;
    });
    socket.on('end', () => lose('closed', 'CLOSED'));
    session.on('close', () => {
      if (error) lose('reset', broken());
      else lose('closed', 'CLOSED');
    });

    /** Why a stream ended before its answer did. */
    const reasonOf = (stream: ClientHttp2Stream): string => {
      const { id, rstCode } = stream;
      const turnedAway =
        goaway && (goaway.code !== NGHTTP2_NO_ERROR || id === undefined || id > goaway.lastId);
      if (turnedAway) return 'GOAWAY';
      // Where the connection ends, its streams are closed as if they were cancelled.
      if (socket.destroyed || socket.readableEnded || error) return broken();
      return `RST_STREAM ${rstCode}`;
    };

    return {
      get usable() {
        return !over && !session.closed && !session.destroyed;
      },
      exchange(onEnd) {
        const reader = request.reader();
        let status: number | undefined;
        let whole = false;
        let ended = false;
        const facts = () => (status === undefined ? {} : { status, ...reader.facts() });
        const fail = (phase: ProbePhase, code: string) => {
          if (ended) return;
          ended = true;
          onEnd({ kind: 'failed', facts: facts(), phase, code });
        };
        const stream = session.request(request.headers, { endStream: request.body === undefined });
        const phase = (): ProbePhase => (status !== undefined ? 'body' : stream.pending ? 'send' : 'headers');
        stream.on('response', (headers) => {
          status = Number(headers[':status']);
          reader.trailers?.(headers);
        });
        stream.on('trailers', (headers) => reader.trailers?.(headers));
        stream.on('data', (chunk) => reader.data(chunk));
        stream.on('end', () => {
          whole = !stream.aborted;
        });
        stream.on('error', (cause: NodeJS.ErrnoException) => {
          // The stream's own end is in its code; anything else is the connection's.
          if (cause.code !== 'ERR_HTTP2_STREAM_ERROR') error ??= cause;
        });
        stream.on('close', () => {
          if (ended) return;
          if (!whole || status === undefined || stream.rstCode !== NGHTTP2_NO_ERROR) {
            return fail(phase(), reasonOf(stream));
          }
          const fault = reader.fault?.(status);
          if (fault !== undefined) return fail('body', fault);
          ended = true;
          onEnd({ kind: 'answered', facts: facts() });
        });
        if (request.body) stream.end(request.body);
        return {
          giveUp(code) {
            fail(phase(), code);
            stream.close(NGHTTP2_CANCEL);
          },
        };
      },
      close() {
        over = true;
        session.close();
        socket.destroySoon();
      },
    };
  };
}
