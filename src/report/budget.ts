/**
 * The first of several renderings, from the fullest to the shortest, that is at most so many UTF-16 units long.
 * Each rendering is valid by itself, so nothing is ever cut within a fence or a table; only where even the shortest
 * is too long, it is cut, and then between characters.
 */
export function firstThatFits(renderings: readonly (() => string)[], maxCharacters: number): string {
  let text = '';
  for (const render of renderings) {
    text = render();
    if (text.length <= maxCharacters) return text;
  }
  return cut(text, maxCharacters);
}

function cut(text: string, maxCharacters: number): string {
  const short = text.slice(0, Math.max(0, maxCharacters));
  // Half of a surrogate pair is no character.
  return /[\uD800-\uDBFF]$/.test(short) ? short.slice(0, -1) : short;
}
