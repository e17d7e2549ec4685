import { describe, expect, it } from 'vitest';
import { inertLine, inertLines } from '../../src/model/inert-text.ts';

describe('inert text', () => {
  it('is cut at every kind of line break', () => {
    expect(inertLines('a\r\nb\nc\rd\ve\ff\u0085g\u2028h\u2029i')).toEqual([...'abcdefghi']);
  });

  it('loses colours and cursor movements without a trace', () => {
    expect(
      inertLine('\u001b[1;31mred\u001b[0m \u001b[2K\u001b]8;;https://example.org\u0007link\u001b]8;;\u0007'),
    ).toBe('red link');
  });

  it('loses what has no glyph: direction marks, zero widths, lone surrogates', () => {
    expect(inertLine('a\u202eb\u2066c\u200bd\ufeffe\u00adf\ud800g\u0000h')).toBe('abcdefgh');
  });

  it('keeps tabs, accents, other scripts and pairs of surrogates', () => {
    expect(inertLine('\tnaïve 東京 🚀')).toBe('\tnaïve 東京 🚀');
  });

  it('breaks commands by a space that one can see', () => {
    expect(inertLine('::error::x')).toBe(': :error::x');
    expect(inertLine('  ::error::x')).toBe('  : :error::x');
    expect(inertLine('a ##[error]x')).toBe('a # #[error]x');
  });

  it('keeps colons and hashes that are no command', () => {
    expect(inertLine('std::vector, a##b, # [x]')).toBe('std::vector, a##b, # [x]');
  });
});
