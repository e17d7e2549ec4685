import { describe, expect, it } from 'vitest';
import { hostAndPort, jsonEquals, sequencePlace } from '../../src/inputs/values.ts';

describe('expect-json', () => {
  it.each([
    ['$.status=ok', { path: '$.status', equals: 'ok' }],
    ["$.a['b=c'][0]=d=e", { path: "$.a['b=c'][0]", equals: 'd=e' }],
    ['$.empty=', { path: '$.empty', equals: '' }],
  ])('%s', (text, value) => expect(jsonEquals.schema.parse(text)).toEqual(value));

  it.each(['status=ok', '$=ok', '$.status', '$.*=1', '$..a=1', ''])('refuses %j', (text) =>
    expect(jsonEquals.schema.safeParse(text).success).toBe(false),
  );
});

describe('expect-sequence', () => {
  it.each([
    ['body', {}],
    ['$.version', { path: '$.version' }],
    ['$', { path: '$' }],
  ])('%s', (text, value) => expect(sequencePlace.schema.parse(text)).toEqual(value));

  it.each(['version', '$.version=1', '$.*', ''])('refuses %j', (text) =>
    expect(sequencePlace.schema.safeParse(text).success).toBe(false),
  );
});

describe('statsd', () => {
  it.each([
    ['127.0.0.1:8125', { host: '127.0.0.1', port: 8125 }],
    ['[::1]:8125', { host: '::1', port: 8125 }],
    ['statsd:1', { host: 'statsd', port: 1 }],
  ])('%s', (text, value) => expect(hostAndPort.schema.parse(text)).toEqual(value));

  it.each(['statsd', '127.0.0.1', ':8125', 'a:0', 'a:65536', '::1:8125', 'a b:1'])('refuses %j', (text) =>
    expect(hostAndPort.schema.safeParse(text).success).toBe(false),
  );
});
