import fc, { type StringConstraints } from 'fast-check';

/** What half surrogate pairs take of the code points: they are no characters by themselves. */
const [FIRST_HALF, HALVES, LAST] = [0xd800, 0x800, 0x10ffff];

const anyCharacter = fc
  .integer({ min: 0, max: LAST - HALVES })
  .map((n) => String.fromCodePoint(n < FIRST_HALF ? n : n + HALVES));

/** Text of any characters. fast-check's own `binary` makes a table of a million of them in every process first. */
export function anyText(constraints: Pick<StringConstraints, 'maxLength'> = {}): fc.Arbitrary<string> {
  return fc.string({ unit: anyCharacter, ...constraints });
}
