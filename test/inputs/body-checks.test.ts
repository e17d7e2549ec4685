import { describe, expect, it } from 'vitest';
import { jsonEquals, sequencePlace } from '../../src/inputs/values.ts';

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
