import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { ResponseParser } from '../../../src/prober/program/transports/response-parser.ts';

const crlf = (text: string) => text.replaceAll('\n', '\r\n');

/** What the parser makes of a text that comes in pieces of this size; `closed`: the peer closed behind it. */
function parse(text: string, { size = text.length, closed = false } = {}) {
  const parser = new ResponseParser();
  const parts: Buffer[] = [];
  parser.begin((part) => void parts.push(Buffer.from(part)));
  const bytes = Buffer.from(text, 'latin1');
  let fault: string | undefined;
  for (let at = 0; at < bytes.length && fault === undefined; at += Math.max(1, size)) {
    fault = parser.read(bytes.subarray(at, at + Math.max(1, size)));
  }
  if (closed) parser.close();
  const { status, complete, keepAlive } = parser;
  const body = Buffer.concat(parts).toString('latin1');
  expect(parser.bytes).toBe(body.length);
  return { fault, status, complete, keepAlive: complete && keepAlive, body };
}

const ok = { fault: undefined, status: 200, complete: true, keepAlive: true, body: 'hello' };

/** Answers, and what they are. */
const ANSWERS: readonly (readonly [name: string, text: string, means: object])[] = [
  ['with a length', crlf('HTTP/1.1 200 OK\nContent-Length: 5\n\nhello'), ok],
  ['without a reason', crlf('HTTP/1.1 200\ncontent-length:5\n\nhello'), ok],
  ['with an empty reason', crlf('HTTP/1.1 200 \nContent-Length:\t5 \n\nhello'), ok],
  ['in chunks', crlf('HTTP/1.1 200 OK\nTransfer-Encoding: chunked\n\n2\nhe\n003;x="y"\nllo\n0\n\n'), ok],
  [
    'in chunks with trailers',
    crlf(
      'HTTP/1.1 200 OK\nTransfer-Encoding: gzip\nTransfer-Encoding: Chunked\n\n5\nhello\n0\nA: b\nC: d\n\n',
    ),
    ok,
  ],
  [
    'behind interim ones',
    crlf(
      'HTTP/1.1 100 Continue\n\nHTTP/1.1 103 Early Hints\nLink: x\n\nHTTP/1.1 200 OK\nContent-Length: 5\n\nhello',
    ),
    ok,
  ],
  [
    'that wants the connection closed',
    crlf('HTTP/1.1 200 OK\nConnection: keep-alive, Close\nContent-Length: 5\n\nhello'),
    { ...ok, keepAlive: false },
  ],
  ['of HTTP/1.0', crlf('HTTP/1.0 200 OK\nContent-Length: 5\n\nhello'), { ...ok, keepAlive: false }],
  [
    'of HTTP/1.0 that keeps alive',
    crlf('HTTP/1.0 200 OK\nConnection: Keep-Alive\nContent-Length: 5\n\nhello'),
    ok,
  ],
  ['of another status', crlf('HTTP/1.1 503 Out\nContent-Length: 5\n\nhello'), { ...ok, status: 503 }],
  [
    'without a body',
    crlf('HTTP/1.1 204 No Content\nContent-Length: 5\n\n'),
    { ...ok, status: 204, body: '' },
  ],
  [
    'not modified',
    crlf('HTTP/1.1 304 Not Modified\nTransfer-Encoding: chunked\n\n'),
    { ...ok, status: 304, body: '' },
  ],
  ['of length none', crlf('HTTP/1.1 200 OK\nContent-Length: 0\n\n'), { ...ok, body: '' }],
  ['with bytes of a fine text', crlf('HTTP/1.1 200 \xe9\nX: \xff\nContent-Length: 5\n\nhello'), ok],
];

describe('an answer', () => {
  it.each(ANSWERS)('%s is read as what it is, in whatever pieces it comes', (_name, text, means) => {
    for (let size = 1; size <= text.length; size++) expect(parse(text, { size })).toEqual(means);
  });

  it.each(ANSWERS)('%s is not complete before its last byte', (_name, text) => {
    for (let end = 0; end < text.length; end++) {
      const { complete, fault } = parse(text.slice(0, end));
      expect({ complete, fault }).toEqual({ complete: false, fault: undefined });
    }
  });

  it('that nothing else ends is ended by the end of the connection, and by nothing else', () => {
    const text = crlf('HTTP/1.1 200 OK\nTransfer-Encoding: gzip\n\nhello');
    expect(parse(text)).toMatchObject({ complete: false, body: 'hello' });
    expect(parse(text, { closed: true })).toEqual({ ...ok, keepAlive: false });
    expect(parse(crlf('HTTP/1.1 200 OK\nContent-Length: 9\n\nhello'), { closed: true })).toMatchObject({
      complete: false,
    });
  });

  it('with anything behind it is whole, and the connection of no more use', () => {
    const text = crlf('HTTP/1.1 200 OK\nContent-Length: 5\n\nhello');
    expect(parse(`${text}HTTP/1.1 200 OK\r\n`)).toEqual({ ...ok, keepAlive: false });
    expect(parse(`${text}x`, { size: 1 })).toEqual({ ...ok, keepAlive: false });
  });

  it.each([
    ['no HTTP', 'this is not HTTP\n\n', 'HPE_INVALID_CONSTANT'],
    ['no HTTP that goes on', 'SSH-2.0-OpenSSH', 'HPE_INVALID_CONSTANT'],
    ['HTTP/2', 'HTTP/2 200 OK\n\n', 'HPE_INVALID_CONSTANT'],
    ['a status of two digits', 'HTTP/1.1 20 OK\n\n', 'HPE_INVALID_CONSTANT'],
    ['a field without a name', 'HTTP/1.1 200 OK\n: x\n\n', 'HPE_INVALID_HEADER_TOKEN'],
    ['a field without a colon', 'HTTP/1.1 200 OK\nx\n\n', 'HPE_INVALID_HEADER_TOKEN'],
    ['a space before the colon', 'HTTP/1.1 200 OK\nContent-Length : 5\n\n', 'HPE_INVALID_HEADER_TOKEN'],
    ['a folded field', 'HTTP/1.1 200 OK\nX: y\n z\n\n', 'HPE_INVALID_HEADER_TOKEN'],
    ['a NUL', 'HTTP/1.1 200 OK\nX: \0\n\n', 'HPE_INVALID_HEADER_TOKEN'],
    ['a negative length', 'HTTP/1.1 200 OK\nContent-Length: -5\n\n', 'HPE_INVALID_CONTENT_LENGTH'],
    [
      'two lengths',
      'HTTP/1.1 200 OK\nContent-Length: 5\nContent-Length: 5\n\n',
      'HPE_UNEXPECTED_CONTENT_LENGTH',
    ],
    [
      'a length and chunks',
      'HTTP/1.1 200 OK\nContent-Length: 5\nTransfer-Encoding: chunked\n\n',
      'HPE_UNEXPECTED_CONTENT_LENGTH',
    ],
    [
      'a chunk of no size',
      'HTTP/1.1 200 OK\nTransfer-Encoding: chunked\n\nhello\n',
      'HPE_INVALID_CHUNK_SIZE',
    ],
    [
      'a chunk longer than it said',
      'HTTP/1.1 200 OK\nTransfer-Encoding: chunked\n\n2\nhello\n',
      'HPE_STRICT',
    ],
    ['an upgrade nobody asked for', 'HTTP/1.1 101 Switching\nUpgrade: x\n\n', 'HPE_UNEXPECTED_UPGRADE'],
    ['interim answers without end', 'HTTP/1.1 102 Processing\n\n'.repeat(50), 'HPE_INTERIM_OVERFLOW'],
    ['a head without end', `HTTP/1.1 200 OK\n${'X: y\n'.repeat(5_000)}`, 'HPE_HEADER_OVERFLOW'],
    [
      'trailers without end',
      `HTTP/1.1 200 OK\nTransfer-Encoding: chunked\n\n0\n${'X: y\n'.repeat(5_000)}`,
      'HPE_HEADER_OVERFLOW',
    ],
  ])('with %s is none', (_name, text, fault) => {
    expect(parse(crlf(text)).fault).toBe(fault);
    expect(parse(crlf(text), { size: 1 }).fault).toBe(fault);
    expect(parse(crlf(text), { size: 7 }).fault).toBe(fault);
  });

  it('with a line feed alone at the end of a line is none', () => {
    expect(parse('HTTP/1.1 200 OK\r\nX: y\nContent-Length: 5\r\n\r\nhello').fault).toBe(
      'HPE_INVALID_HEADER_TOKEN',
    );
  });

  it('of any bytes ends in a fault or waits, and never throws', () => {
    const text = fc.string({ unit: fc.constantFrom(...'HTP/1.0 25\r\n:;abcdef\0\xff') });
    fc.assert(
      fc.property(
        fc.constantFrom('', 'HTTP/1.1 200 OK\r\n', 'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n'),
        text,
        fc.integer({ min: 1, max: 9 }),
        (start, rest, size) => {
          const whole = parse(start + rest);
          expect(parse(start + rest, { size })).toEqual(whole);
        },
      ),
    );
  });

  it('leaves nothing behind for the next one', () => {
    const parser = new ResponseParser();
    for (const [, text, means] of ANSWERS) {
      parser.begin();
      parser.read(Buffer.from(text, 'latin1'));
      expect(parser).toMatchObject({
        status: Object.entries(means).find(([key]) => key === 'status')?.[1],
        complete: true,
      });
    }
  });
});
