import { describe, expect, it } from 'vitest';
import { parseYaml } from '../../src/inputs/yaml-source.ts';
import { codesAndPlaces } from '../support/problems.ts';

function kubernetes(text: string) {
  return parseYaml({ file: 'f.yaml', text, dialect: 'kubernetes' });
}

describe('YAML of manifests', () => {
  it('is read as kubectl reads it', () => {
    const text =
      'a: 0644\nb: 1:30\nc: 2026-01-01\nd: yes\ne: ~\nf: 0x1f\ng: 0b11\nh: 1_000\ni: "yes"\nj: .5\nk: off\n';
    expect(kubernetes(text).documents[0]?.value).toEqual({
      ...{
        a: 420,
        b: '1:30',
        c: '2026-01-01',
        d: true,
        e: null,
        f: 31,
        g: 3,
        h: 1000,
        i: 'yes',
        j: 0.5,
        k: false,
      },
    });
  });

  it('has its anchors, aliases and merges written out', () => {
    const text = 'a: &x {p: 1, q: 2}\nb: {<<: *x, q: 3}\nc: {<<: [*x, {q: 5, z: 1}]}\nd: [*x]\n';
    expect(kubernetes(text).documents[0]?.value).toEqual({
      ...{ a: { p: 1, q: 2 }, b: { p: 1, q: 3 }, c: { p: 1, q: 2, z: 1 }, d: [{ p: 1, q: 2 }] },
    });
  });

  it('may be JSON, with tabs between the tokens', () => {
    expect(kubernetes('{\n\t"a": 1,\n\t"b": [1,\n\t\t2]\n}').documents[0]?.value).toEqual({
      a: 1,
      b: [1, 2],
    });
  });

  it('knows the place of every field, and of the nearest ancestor of what is absent', () => {
    const [first, second] = kubernetes(
      'a:\n  b:\n    - c: 1\n      d: 2\n---\nx: &y {z: 1}\nw: *y\n',
    ).documents;
    const at = (place: { line: number; column: number } | undefined) => [place?.line, place?.column];
    expect(at(first?.placeOf(['a', 'b', 0, 'd']))).toEqual([4, 7]);
    expect(at(first?.placeOf(['a', 'b', 1, 'd']))).toEqual([2, 3]);
    expect(at(first?.placeOf([]))).toEqual([1, 1]);
    expect(at(second?.placeOf(['w', 'z']))).toEqual([6, 8]);
    expect(first?.placeOf(['a']).file).toBe('f.yaml');
  });

  it('skips empty documents', () => {
    expect(kubernetes('---\n# nothing\n---\na: 1\n---\n').documents.map(({ value }) => value)).toEqual([
      { a: 1 },
    ]);
  });
});

const NINES = Array(9).fill('x').join(',');
const LEVELS = [...'abcdefghi'];
const BOMB = LEVELS.map((name, level) =>
  level === 0
    ? `a: &a [${NINES}]`
    : `${name}: &${name} [${Array(9)
        .fill(`*${LEVELS[level - 1]}`)
        .join(',')}]`,
).join('\n');
const lines = (count: number, line: (index: number) => string) =>
  Array.from({ length: count }, (_, i) => line(i)).join('\n');

describe('YAML that is made to hurt', () => {
  it.each([
    ['aliases that multiply', BOMB, ['RP1008 f.yaml:6:11']],
    ['10,000 anchors', lines(10_000, (i) => `k${i}: &a${i} x`), ['RP1008 f.yaml:1001:8']],
    [
      'merges upon merges',
      `b0: &m0 {${lines(1000, (i) => `k${i}: 1`).replaceAll('\n', ', ')}}\n${lines(999, (i) => `b${i + 1}: &m${i + 1}\n  <<: *m${i}`)}`,
      ['RP1008 f.yaml:1001:7'],
    ],
    [
      'one large mapping merged 500 times',
      `a: &a {${lines(15_000, (i) => `k${i}: 1`).replaceAll('\n', ', ')}}\n${lines(500, (i) => `b${i}: {<<: *a}`)}`,
      ['RP1008 f.yaml:10:10'],
    ],
    ['an alias inside of itself', 'a: &a [*a]', ['RP1008 f.yaml:1:8']],
    [
      '100,000 keys in an ordered map',
      `a: !!omap\n${lines(100_000, (i) => `- k${i}: 1`)}`,
      ['RP1008 f.yaml:16667:12'],
    ],
    ['100,000 keys', lines(100_000, (i) => `k${i}: 1`), ['RP1008 f.yaml:21429:8']],
    ['10,000 levels', '['.repeat(10_000) + ']'.repeat(10_000), ['RP1008 f.yaml:1:100']],
    ['1,000,000 dashes', `${'- '.repeat(1_000_000)}a`, ['RP1008 f.yaml:1:199']],
    ['1,500 braces', '{'.repeat(1500) + '}'.repeat(1500), ['RP1008 f.yaml:1:100']],
    ['300 documents', '---\na: 1\n'.repeat(300), ['RP1008 f.yaml:401:1']],
    ['100,000 documents', '---\na: 1\n'.repeat(100_000), ['RP1008 f.yaml:33334:3']],
    ['a million line ends', '\n'.repeat(1_000_000), ['RP1008 f.yaml:150001:1']],
    ['a tag that makes functions', 'a: !!js/function "x"', ['RP1008 f.yaml:1:4']],
    ['a tag of ours that is none', 'a: !rollproof {}', ['RP1008 f.yaml:1:4']],
    ['binary data', `a: !!binary "${'A'.repeat(1_900_000)}"`, ['RP1008 f.yaml:1:4']],
    ['a set', 'a: !!set {b, c}', ['RP1008 f.yaml:1:4']],
    ['a key that is a mapping', 'a:\n  ? {b: 1}\n  : 2', ['RP1007 f.yaml:2:5']],
    ['one mistake that is two to the parser', 'a:\n  b: c: d', ['RP1007 f.yaml:2:6']],
    ['an alias of nothing', 'a: *b', ['RP1007 f.yaml:1:4']],
    ['a merge of text', 'a: {<<: b}', ['RP1007 f.yaml:1:9']],
    ['one key twice, once in quotes', 'a: 1\n"a": 2', ['RP1004 f.yaml:2:1']],
  ])('%s: refused at its place, and at once', (_, text, expected) => {
    let parsed: ReturnType<typeof kubernetes> | undefined;
    const parse = () => {
      parsed = kubernetes(text);
    };
    // 200 ms on an idle machine. Processor time, so that what else runs does not count, with room for what the others
    // do to its caches; whoever misses that gets two more attempts.
    expect([1, 2, 3].some(() => processorMs(parse) < 400)).toBe(true);
    expect(codesAndPlaces(parsed?.problems ?? [])).toEqual(expected);
    expect(parsed?.documents).toEqual([]);
  });

  it('never reaches the prototype of an object', () => {
    const { problems } = kubernetes('a: {__proto__: {polluted: true}}');
    expect(codesAndPlaces(problems)).toEqual(['RP1003 f.yaml:1:5']);
    expect(Reflect.get({}, 'polluted')).toBeUndefined();
  });
});

function processorMs(action: () => unknown): number {
  const before = process.threadCpuUsage();
  action();
  const { user, system } = process.threadCpuUsage(before);
  return (user + system) / 1000;
}
