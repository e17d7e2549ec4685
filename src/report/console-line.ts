import { inertLine } from '../model/inert-text.ts';
import { plainLine } from './markdown.ts';

/**
 * Text of unknown origin as one line for a terminal or a log, at most `limit` characters of it. The runner reads the
 * log of every step for commands, also where it was the command line that printed it.
 */
export function consoleLine(text: string, limit = 1000): string {
  return plainLine(inertLine(text), limit);
}
