/**
 * The two ways in which the GitHub runner finds commands in a line of a step's output, and how it cuts output into
 * lines. More generous than the runner in one respect: characters without a glyph do not count, because a comparison
 * that knows Unicode skips them.
 */

const REGISTERED = new Set([
  'internal-set-repo-path',
  'set-env',
  'set-output',
  'save-state',
  'add-mask',
  'add-path',
  'add-matcher',
  'remove-matcher',
  'debug',
  'warning',
  'error',
  'notice',
  'group',
  'endgroup',
  'echo',
  'stop-commands',
]);

export interface LogCommand {
  readonly name: string;
  readonly properties: Readonly<Record<string, string>>;
  readonly data: string;
}

/** Every command the runner would carry out. `alsoRegistered` are tokens that end `stop-commands`. */
export function recognisedCommands(output: string, alsoRegistered: readonly string[] = []): LogCommand[] {
  const registered = new Set([...REGISTERED, ...alsoRegistered]);
  return output
    .split(/\r\n|\r|\n/)
    .map(withoutIgnorable)
    .map((line) => newStyle(line, registered) ?? oldStyle(line, registered))
    .filter((command) => command !== undefined);
}

/** `::name key=value,key=value::data`, at the start of the line, white space not counted. */
function newStyle(line: string, registered: ReadonlySet<string>): LogCommand | undefined {
  const text = line.replace(/^[\s\u0085]+/, '');
  if (!text.startsWith('::')) return undefined;
  const end = text.indexOf('::', 2);
  return end < 0 ? undefined : command(text.slice(2, end), text.slice(end + 2), ',', registered);
}

/** `##[name key=value;key=value]data`, anywhere in the line. */
function oldStyle(line: string, registered: ReadonlySet<string>): LogCommand | undefined {
  const start = line.indexOf('##[');
  const end = start < 0 ? -1 : line.indexOf(']', start);
  return end < 0 ? undefined : command(line.slice(start + 3, end), line.slice(end + 1), ';', registered);
}

function command(
  info: string,
  data: string,
  separator: string,
  registered: ReadonlySet<string>,
): LogCommand | undefined {
  const space = info.indexOf(' ');
  const name = (space < 0 ? info : info.slice(0, space)).toLowerCase();
  if (!registered.has(name)) return undefined;
  const pairs =
    space > 0
      ? info
          .slice(space + 1)
          .trim()
          .split(separator)
      : [];
  const properties = pairs
    .map((pair): [string, string] => [pair.slice(0, pair.indexOf('=')), pair.slice(pair.indexOf('=') + 1)])
    .filter(([key, value]) => key !== '' && value !== '')
    .map(([key, value]) => [key, unescaped(value)]);
  return { name, properties: Object.fromEntries(properties), data: unescaped(data) };
}

function unescaped(text: string): string {
  return text
    .replaceAll('%0D', '\r')
    .replaceAll('%0A', '\n')
    .replaceAll('%3A', ':')
    .replaceAll('%2C', ',')
    .replaceAll('%25', '%');
}

function withoutIgnorable(line: string): string {
  return line.replace(/[\p{Cf}\p{Default_Ignorable_Code_Point}]/gu, '');
}
