import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { BodyCheck, type BodyExpectation } from '../../../src/prober/program/transports/body-check.ts';

describe('body check', () => {
  it('finds the text however the body is cut into chunks', () => {
    fc.assert(
      fc.property(
        fc.string({ unit: 'grapheme' }),
        fc.string({ unit: 'grapheme' }),
        fc.integer({ min: 1, max: 7 }),
        (before, after, size) => {
          const check = new BodyCheck({ bodyContains: 'wanted: é' });
          const body = Buffer.from(`${before}wanted: é${after}`);
          for (let at = 0; at < body.length; at += size) check.add(body.subarray(at, at + size));
          expect(check.facts()).toEqual({ bodyOk: true });
          expect(check.bytes).toBe(body.length);
        },
      ),
    );
  });

  it('looks at the first 64 KiB and counts all of it', () => {
    const check = new BodyCheck({ bodyContains: 'late' });
    for (let i = 0; i < 3; i++) check.add(Buffer.alloc(40_000, 'x'));
    check.add(Buffer.from('late'));
    expect(check.facts()).toEqual({ bodyOk: false });
    expect(check.bytes).toBe(120_004);
  });

  it('has no opinion where no text is looked for', () => {
    const check = new BodyCheck({});
    check.add(Buffer.from('anything'));
    expect(check.facts()).toEqual({});
  });

  const factsOf = (expectation: BodyExpectation, body: string) => {
    const check = new BodyCheck(expectation);
    check.add(Buffer.from(body));
    return check.facts();
  };

  it('compares the value at a JSON path as text', () => {
    const at = (path: string, equals: string) => ({ json: { path, equals } });
    const body = '{"status":"ok","n":3,"deep":[{"up":true},{"up":null}],"a.b":"c"}';
    expect(factsOf(at('$.status', 'ok'), body)).toEqual({ bodyOk: true });
    expect(factsOf(at('$.n', '3'), body)).toEqual({ bodyOk: true });
    expect(factsOf(at('$.deep[0].up', 'true'), body)).toEqual({ bodyOk: true });
    expect(factsOf(at('$.deep[-1].up', 'null'), body)).toEqual({ bodyOk: true });
    expect(factsOf(at("$['a.b']", 'c'), body)).toEqual({ bodyOk: true });
    expect(factsOf(at('$.deep[1]', '{"up":null}'), body)).toEqual({ bodyOk: true });
  });

  it.each(['{"status":"no"}', '{}', '[]', 'null', '"ok"', 'ok', '', '{"status":"ok"', '{"status":["ok"]}'])(
    'finds nothing expected in %j',
    (body) => expect(factsOf({ json: { path: '$.status', equals: 'ok' } }, body)).toEqual({ bodyOk: false }),
  );

  it('takes what objects inherit for nothing', () => {
    const json = { path: '$.constructor.name', equals: 'Object' };
    expect(factsOf({ json }, '{}')).toEqual({ bodyOk: false });
  });

  it('tells the value of a sequence and leaves to the verdict what it means', () => {
    const at = (path?: string) => ({ sequence: { from: 1, to: 2, ...(path === undefined ? {} : { path }) } });
    expect(factsOf(at(), ' 7\n')).toEqual({ value: '7' });
    expect(factsOf(at('$.version'), '{"version":8}')).toEqual({ value: '8' });
    expect(factsOf(at('$.version'), '{"version":"9"}')).toEqual({ value: '9' });
    expect(factsOf(at('$.version'), 'no JSON')).toEqual({});
    expect(factsOf(at(), 'x'.repeat(1_000))).toEqual({ value: 'x'.repeat(64) });
  });

  it('needs every check to hold', () => {
    const expectation = { bodyContains: 'here', json: { path: '$.a', equals: '1' } };
    expect(factsOf(expectation, '{"a":1,"b":"here"}')).toEqual({ bodyOk: true });
    expect(factsOf(expectation, '{"a":2,"b":"here"}')).toEqual({ bodyOk: false });
    expect(factsOf(expectation, '{"a":1}')).toEqual({ bodyOk: false });
  });
});
