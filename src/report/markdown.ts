import { visible } from '../model/inert-text.ts';

/** Longest text from outside that is printed in a table or a sentence. */
const TEXT_LIMIT = 500;

/** Characters that Markdown, GitHub's mathematics or HTML give a meaning. */
const MARKUP = /[\\`*_[\]<>|~&$^]/g;

/** A space without width: it keeps GitHub from seeing a mention, a reference or an address. */
const BREAK = '\u200B';

/** Text of unknown origin as one line of visible characters, at most 500 of them. */
export function plainLine(text: string, limit = TEXT_LIMIT): string {
  const line = visible(text.replace(/\s+/gu, ' ')).trim();
  const characters = [...line];
  return characters.length > limit ? `${characters.slice(0, limit - 1).join('')}…` : line;
}

/**
 * Text of unknown origin within a sentence, not in a table: no markup, link, mention, reference or image can come of
 * it, only code where it stands between backticks.
 */
export function prose(text: string): string {
  return plainLine(text, 2 * TEXT_LIMIT)
    .split(/(?<!`)`(?!`)([^`]+)`(?!`)/)
    .map((part, index) => (index % 2 === 1 ? codeSpan(part) : words(part)))
    .join('');
}

function words(text: string): string {
  return (
    text
      .replace(/@/g, `@${BREAK}`)
      .replace(/#(?=\w)/g, `#${BREAK}`)
      .replace(/gh-(?=\d)/gi, (match) => `${match}${BREAK}`)
      .replace(/:(?=\/\/)/g, `:${BREAK}`)
      .replace(/www(?=\.)/gi, (match) => `${match}${BREAK}`)
      .replace(/(?<=mailto|xmpp):/gi, `:${BREAK}`)
      .replace(MARKUP, entity)
      // Where the sentence begins a line or an item of a list.
      .replace(/^[#+=-]/, entity)
      .replace(/(?<=^\d+)[.)]/, entity)
  );
}

function entity(character: string): string {
  return `&#${character.codePointAt(0)};`;
}

/** Text of unknown origin as code, with a fence longer than any run of backticks in it. Not for tables. */
export function codeSpan(text: string): string {
  const line = plainLine(text) || ' ';
  const longest = Math.max(0, ...[...line.matchAll(/`+/g)].map(([run]) => run.length));
  const fence = '`'.repeat(longest + 1);
  const pad = line.startsWith('`') || line.endsWith('`') ? ' ' : '';
  return `${fence}${pad}${line}${pad}${fence}`;
}

/** The same within a table, where a bar ends the cell even in code. */
export function codeCell(text: string): string {
  // Backslashes pair up from the left: only an odd number of them takes the bar's meaning away.
  return codeSpan(text).replace(
    /(\\*)\|/g,
    (_, before: string) => `${before}${'\\'.repeat(before.length % 2 === 0 ? 1 : 2)}|`,
  );
}
