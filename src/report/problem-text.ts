import { inertLine } from '../model/inert-text.ts';
import type { Problem } from '../model/problem.ts';

const MAX_PROBLEMS = 50;
const MAX_PART_LENGTH = 800;
const INDENT = ' '.repeat('RP1003  '.length);

/**
 * Problems as people read them, in a terminal or a log: code and what, then where, why and what to do, each on a line
 * of its own. Everything in them may come from a stranger's files, and is inert in the result.
 *
 *     RP1003  Unknown key "senarios".
 *             .github/rollproof.yml:14:1
 *             Did you mean "scenarios"? Allowed here: version, cluster, …
 */
export function renderProblems(problems: readonly Problem[]): string {
  const blocks = problems.slice(0, MAX_PROBLEMS).map(block);
  const left = problems.length - blocks.length;
  if (left > 0) blocks.push(`${INDENT}… and ${left} more of the kind.`);
  return blocks.join('\n\n');
}

function block({ code, what, where, why, remedy }: Problem): string {
  // What begins with its place (`--rate has to be …`) does not need it once more.
  const place = where !== undefined && what.startsWith(where) ? undefined : where;
  const details = [place, why, remedy].filter((part) => part !== undefined && part !== '');
  return [`${code}  ${printable(what)}`, ...details.map((part) => `${INDENT}${printable(part ?? '')}`)].join(
    '\n',
  );
}

function printable(part: string): string {
  return inertLine(part.length > MAX_PART_LENGTH ? `${part.slice(0, MAX_PART_LENGTH)}…` : part).trim();
}
