/**
 * The few shell words that lifecycle hooks, probes and start commands are made of. Nothing is ever handed to a real
 * shell: a manifest must not run programs on this machine.
 */
export type ShellCommand =
  | { readonly kind: 'sleep'; readonly ms: number }
  | { readonly kind: 'exit'; readonly code: number }
  | { readonly kind: 'nothing' }
  /** Text written into a file, as `echo hello > /www/index.html`. */
  | { readonly kind: 'write'; readonly file: string; readonly text: string }
  /** A signal for the container's first process; `reload` is for programs that then start anew. */
  | { readonly kind: 'signal'; readonly signal: 'stop' | 'kill' | 'reload' }
  /** An HTTP request to the pod itself. */
  | { readonly kind: 'fetch'; readonly port: number; readonly path: string }
  | { readonly kind: 'program'; readonly argv: readonly string[] };

/** A command line as steps; each says whether it runs only after success of the one before (`&&`) or always (`;`). */
export interface ShellStep {
  readonly command: ShellCommand;
  readonly onlyAfterSuccess: boolean;
}

/** Reads an argv, `["sleep","10"]` or `["sh","-c","sleep 10 && nginx -s quit"]`. Undefined where a word is not known. */
export function parseCommand(argv: readonly string[]): readonly ShellStep[] | undefined {
  const [program = '', flag = '', script] = argv;
  if (!/^(\/bin\/|\/usr\/bin\/)?(sh|bash|ash)$/.test(program)) {
    const command = parseSimple(argv);
    return command && [{ command, onlyAfterSuccess: false }];
  }
  if (!/^-[eux]*c$/.test(flag) || script === undefined) return undefined;
  const statements = splitStatements(script);
  const steps = statements?.map(({ text, onlyAfterSuccess }) => {
    const words = splitWords(text);
    const command = words && parseSimple(words[0] === 'exec' ? words.slice(1) : words);
    return command && { command, onlyAfterSuccess };
  });
  return steps?.every((step) => step !== undefined) ? steps : undefined;
}

/** The statements of a script; undefined where something other than `&&`, `;` and line ends joins them. */
function splitStatements(
  script: string,
): { readonly text: string; readonly onlyAfterSuccess: boolean }[] | undefined {
  const statements = [{ text: '', onlyAfterSuccess: false }];
  for (const [token] of script.matchAll(/"[^"]*"|'[^']*'|&&|[;\n]|[^&;\n"']+|./g)) {
    const last = statements.at(-1);
    if (token === '&') return undefined;
    if (token === '&&' || token === ';' || token === '\n')
      statements.push({ text: '', onlyAfterSuccess: token === '&&' });
    else if (last) last.text += token;
  }
  return statements.filter(({ text }) => text.trim() !== '');
}

/** Programs that a main command may end in; the catalogue knows what each of them does. */
const MAIN_PROGRAMS = /^(nginx|httpd|coredns|node|agnhost)$/;

function parseSimple(argv: readonly string[]): ShellCommand | undefined {
  const [path = '', ...args] = argv;
  const name = path.replace(/^(\/usr)?(\/local)?\/s?bin\//, '');
  switch (name) {
    case 'sleep': {
      const ms = args.length === 1 ? parseDuration(args[0] ?? '') : undefined;
      return ms === undefined ? undefined : { kind: 'sleep', ms };
    }
    case 'true':
    case ':':
    case 'mkdir':
    case 'touch':
    case 'date':
    case 'set':
      return { kind: 'nothing' };
    case 'false':
      return { kind: 'exit', code: 1 };
    case 'exit':
      return { kind: 'exit', code: Number(args[0] ?? 0) };
    case 'echo':
    case 'printf': {
      const redirect = args.findIndex((word) => word === '>' || word === '>>');
      return redirect === -1
        ? { kind: 'nothing' }
        : { kind: 'write', file: args[redirect + 1] ?? '', text: args.slice(0, redirect).join(' ') };
    }
    case 'kill':
      return args.at(-1) === '1'
        ? { kind: 'signal', signal: /-(s\s*)?(KILL|9)/.test(args.join(' ')) ? 'kill' : 'stop' }
        : undefined;
    case 'curl':
    case 'wget':
      return parseFetch(args);
    case 'nginx':
      if (args[0] === '-s') return { kind: 'signal', signal: args[1] === 'reload' ? 'reload' : 'stop' };
      return { kind: 'program', argv: [name, ...args] };
    default:
      return MAIN_PROGRAMS.test(name) ? { kind: 'program', argv: [name, ...args] } : undefined;
  }
}

function parseFetch(args: readonly string[]): ShellCommand | undefined {
  const url = args
    .map((word) => /^(?:http:\/\/)?(?:localhost|127\.0\.0\.1)(?::(\d+))?(\/\S*)?$/.exec(word))
    .find((match) => match !== null);
  return url ? { kind: 'fetch', port: Number(url[1] ?? 80), path: url[2] ?? '/' } : undefined;
}

function parseDuration(text: string): number | undefined {
  const match = /^(\d+(?:\.\d+)?)([smh]?)$/.exec(text);
  if (!match) return undefined;
  return Number(match[1]) * { '': 1000, s: 1000, m: 60_000, h: 3_600_000 }[match[2] as '' | 's' | 'm' | 'h'];
}

/** Words with quotes taken off; undefined where something needs a real shell (variables, pipes, globs, subshells). */
function splitWords(text: string): string[] | undefined {
  const bare = text.replace(/"[^"]*"|'[^']*'/g, '');
  if (/[$`|<(){}*?&]/.test(bare) || /"[^"]*[$`][^"]*"/.test(text)) return undefined;
  return [...text.matchAll(/"([^"]*)"|'([^']*)'|(\S+)/g)].map(
    ([, double, single, plain]) => double ?? single ?? plain ?? '',
  );
}
