import type { Readable, Writable } from 'node:stream';
import { execa, type Options } from 'execa';

/** A command that ended badly, with everything one needs to run it again by hand. */
export class CommandError extends Error {
  override readonly name = 'CommandError';
  /** As it could be pasted into a shell. */
  readonly command: string;
  readonly exitCode: number | undefined;
  /** Interleaved stdout and stderr, the last part of it where it was long. */
  readonly output: string;
  /** True where the program itself could not be found. */
  readonly notFound: boolean;
  constructor(
    command: string,
    exitCode: number | undefined,
    output: string,
    notFound: boolean,
    cause: unknown,
  ) {
    super(`${command} ${notFound ? 'was not found' : `ended with exit code ${exitCode ?? 'none'}`}`, {
      cause,
    });
    this.command = command;
    this.exitCode = exitCode;
    this.output = output;
    this.notFound = notFound;
  }
}

export interface RunOptions {
  readonly signal?: AbortSignal | undefined;
  readonly timeoutMs?: number;
  readonly input?: string | Uint8Array;
  readonly cwd?: string;
  /** Added to the allow-listed environment that every child gets. */
  readonly env?: Readonly<Record<string, string>>;
  /** Called for every line the program prints, stdout and stderr. */
  onLine?(line: string): void;
}

/** A program with piped stdio that is killed, with its descendants, when this process ends. */
export interface RunningProcess {
  readonly pid: number | undefined;
  readonly stdin: Writable;
  readonly stdout: Readable;
  readonly stderr: Readable;
  /** Resolves when it has ended, however it ended. */
  readonly ended: Promise<{ readonly exitCode: number | undefined; readonly signal: string | undefined }>;
  kill(signal?: 'SIGTERM' | 'SIGKILL'): void;
}

const OUTPUT_LIMIT = 64 * 1024;

/**
 * Runs a program to its end and gives what it wrote to stdout. There is no shell in between.
 * Throws CommandError where it ends badly.
 */
export async function run(file: string, args: readonly string[], options: RunOptions = {}): Promise<string> {
  const child = execa(file, args, {
    ...common(options),
    ...(options.input === undefined ? { stdin: 'ignore' } : { input: options.input }),
    all: true,
    reject: false,
    stripFinalNewline: false,
    ...(options.timeoutMs === undefined ? {} : { timeout: options.timeoutMs }),
  } satisfies Options);
  if (options.onLine) {
    for await (const line of child.iterable({ from: 'all' })) options.onLine(String(line));
  }
  const result = await child;
  if (result.failed) {
    options.signal?.throwIfAborted();
    const output = String(result.all ?? '').slice(-OUTPUT_LIMIT);
    throw new CommandError(result.escapedCommand, result.exitCode, output, result.code === 'ENOENT', result);
  }
  return String(result.stdout ?? '');
}

/** Starts a program and hands over its pipes. */
export function spawn(
  file: string,
  args: readonly string[],
  options: Omit<RunOptions, 'input' | 'timeoutMs'> = {},
): RunningProcess {
  const child = execa(file, args, { ...common(options), stdin: 'pipe', buffer: false, reject: false });
  const { stdin, stdout, stderr } = child;
  // A write to a program that has ended is told by `ended`; without a listener EPIPE would end us as well.
  stdin.on('error', () => {});
  return {
    pid: child.pid,
    stdin,
    stdout,
    stderr,
    ended: child.then((result) => ({ exitCode: result.exitCode, signal: result.signal })),
    kill: (signal = 'SIGTERM') => void child.kill(signal),
  };
}

/**
 * Starts a program that outlives us: it is in no process group of ours and nothing kills it. Its stdin is a pipe from
 * us, whose end tells it that we are gone; its output goes nowhere.
 */
export function spawnSurvivor(
  file: string,
  args: readonly string[],
): { readonly stdin: Writable; readonly ended: Promise<unknown> } {
  const child = execa(file, args, {
    detached: true,
    cleanup: false,
    reject: false,
    stdin: 'pipe',
    stdout: 'ignore',
    stderr: 'ignore',
    buffer: false,
    extendEnv: false,
    env: childEnvironment(process.env),
  });
  child.stdin.on('error', () => {});
  return { stdin: child.stdin, ended: child };
}

function common(options: RunOptions) {
  return {
    ...(options.signal ? { cancelSignal: options.signal } : {}),
    ...(options.cwd === undefined ? {} : { cwd: options.cwd }),
    extendEnv: false,
    env: childEnvironment(process.env, options.env),
    killDescendants: true,
  } as const;
}

const INHERITED =
  /^(PATH|HOME|USER|LOGNAME|LANG|LC_.*|NODE_COMPILE_CACHE|TMPDIR|TEMP|TZ|SHELL|TERM|NO_COLOR|XDG_.*|DOCKER_.*|CONTAINERD_.*|KIND_.*|(HTTPS?|NO|ALL)_PROXY|(https?|no|all)_proxy|SSL_CERT_.*)$/;

/**
 * What a child process may see of our environment. An allow-list, because ours holds the GitHub token and every
 * input of the Action.
 */
export function childEnvironment(
  own: Readonly<Record<string, string | undefined>>,
  added: Readonly<Record<string, string>> = {},
): Record<string, string> {
  const environment: Record<string, string> = {};
  for (const [name, value] of Object.entries(own)) {
    if (value !== undefined && INHERITED.test(name)) environment[name] = value;
  }
  return { ...environment, ...added };
}
