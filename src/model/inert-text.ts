import { stripVTControlCharacters } from 'node:util';

const LINE_BREAK = /\r\n|[\n\r\v\f\u0085\u2028\u2029]/;

const WITHOUT_GLYPH = /(?!\t)[\p{Cc}\p{Cf}\p{Cs}\p{Default_Ignorable_Code_Point}]/gu;

/**
 * The text without control characters and everything else that has no glyph of its own (bidirectional overrides,
 * zero-width characters, byte order marks, variation selectors, lone surrogates). Tabs stay.
 */
export function visible(text: string): string {
  return text.replace(WITHOUT_GLYPH, '');
}

/**
 * Text of unknown origin as lines that do nothing but stand there: no line break, no terminal control, and nothing
 * that the runner takes for a workflow command.
 */
export function inertLines(text: string): string[] {
  return text.split(LINE_BREAK).map(inert);
}

/** The same for a place that has one line only; line breaks become spaces. */
export function inertLine(text: string): string {
  return inert(inertLines(text).join(' '));
}

// The runner takes `##[command]` anywhere in a line, and `::command::` at its start, white space not counted. Both are
// broken by a visible space: an invisible character could be skipped again by a comparison that knows Unicode.
// Characters are removed first, because what stands around them may close up to a command.
function inert(line: string): string {
  return visible(stripVTControlCharacters(line))
    .replaceAll('##[', '# #[')
    .replace(/^(\s*):(?=:)/, '$1: ');
}
