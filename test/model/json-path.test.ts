import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { parseJsonPath, valueAtJsonPath } from '../../src/model/json-path.ts';

describe('a JSON path', () => {
  it.each([
    ['$', []],
    ['$.a', ['a']],
    ['$.a.b[0][-1]', ['a', 'b', 0, -1]],
    [`$['a b']["c'd"]`, ['a b', "c'd"]],
    [String.raw`$['it\'s']`, ["it's"]],
    ['$.größe', ['größe']],
  ])('%s leads to one value', (text, path) => expect(parseJsonPath(text)).toEqual({ path, rest: '' }));

  it.each(['$..a', '$.*', '$[*]', '$[?@.a]', '$[0:2]', '$.a[', '$[01]', '$ .a', '$.'])(
    '%s is none: it could lead to several, or is no path',
    (text) => expect(parseJsonPath(text)?.rest).not.toBe(''),
  );

  it('begins with a dollar sign', () => expect(parseJsonPath('a.b')).toBeUndefined());

  it('finds what it was made for, whatever the names are', () => {
    fc.assert(
      fc.property(fc.array(fc.string(), { maxLength: 5 }), fc.jsonValue(), (names, value) => {
        const text = `$${names.map((name) => `['${name.replace(/['\\]/g, '\\$&')}']`).join('')}`;
        const nested = names.reduceRight<unknown>((inner, name) => ({ [name]: inner }), value);
        const parsed = parseJsonPath(text);
        fc.pre(!names.includes('__proto__'));
        expect(parsed?.rest).toBe('');
        expect(valueAtJsonPath(nested, parsed?.path ?? [])).toEqual(value);
      }),
    );
  });
});
