const SHELL = /^(?:\/(?:usr\/)?bin\/)?(?:ba|da|a|k|z)?sh$/;
const SLEEP = /^(?:\/(?:usr\/)?bin\/)?sleep$/;

/** Is it the name or the path of a shell? */
export function isShell(program: string): boolean {
  return SHELL.test(program);
}

/** The script of `sh -c '…'`; undefined where the command is no shell with a script. */
export function shellScript(command: readonly string[]): string | undefined {
  const [program = '', option = '', script] = command;
  return isShell(program) && /^-[a-z]*c$/.test(option) ? script : undefined;
}

/** Seconds of `sleep 10`, by itself or as the only command of a shell; undefined where a hook does anything else. */
export function sleepSeconds(command: readonly string[]): number | undefined {
  const script = command.length === 3 ? shellScript(command) : undefined;
  const words = script === undefined ? command : wordsOf(script);
  return words.length === 2 ? secondsOf(words) : undefined;
}

/** Seconds that a command sleeps before it does anything else; undefined where it does not begin with that. */
export function firstSleepSeconds(command: readonly string[]): number | undefined {
  const script = shellScript(command);
  if (script === undefined) return sleepSeconds(command);
  const [first = ''] = script.trim().split(/;|&&|\n/, 1);
  const words = wordsOf(first);
  return words.length === 2 ? secondsOf(words) : undefined;
}

function wordsOf(script: string): readonly string[] {
  return script
    .trim()
    .replace(/^exec\s+/, '')
    .replace(/;$/, '')
    .trim()
    .split(/\s+/);
}

function secondsOf([name = '', seconds = '']: readonly string[]): number | undefined {
  return SLEEP.test(name) && /^\d{1,9}(?:\.\d{1,9})?s?$/.test(seconds)
    ? Number.parseFloat(seconds)
    : undefined;
}
