import { parseCommand, type ShellStep } from './shell.ts';

/** What runs in a container of the sandbox. */
export interface ContainerProgram {
  /** Arguments of the pod program; see program/pod-settings.ts. */
  readonly args: readonly string[];
  /** What the start command does before it: sleeps, mostly. */
  readonly before: readonly ShellStep[];
  /** False where the image has no shell, no `sleep`, nothing but its own program. */
  readonly hasShell: boolean;
}

/** What the catalogue says of an image. */
export type Resolution =
  | { readonly kind: 'program'; readonly program: ContainerProgram }
  /** A registry would not have it: the pull fails, as it would in a real cluster. */
  | { readonly kind: 'no-such-image'; readonly message: string }
  /** A real cluster may well run it, the sandbox can not. */
  | { readonly kind: 'unknown'; readonly why: string };

/** A container's start, as its spec has it. */
export interface ContainerStart {
  readonly image: string;
  readonly command: readonly string[];
  readonly args: readonly string[];
  /** Content of a file that a ConfigMap is mounted as. */
  file(path: string): string | undefined;
}

interface Entry {
  readonly repositories: readonly RegExp[];
  readonly tags: RegExp;
  readonly hasShell: boolean;
  /** Arguments of the pod program, or why this start can not be played. */
  start(start: ContainerStart): Started | string;
}

interface Started {
  readonly args: readonly string[];
  readonly before?: readonly ShellStep[];
}

const VERSION_TAG =
  /^v?\d+(\.\d+)*(-[a-z0-9.-]+)?$|^(latest|stable|mainline|alpine|slim|glibc|musl|uclibc)(-[a-z0-9.-]+)?$/;

/** The images that have a stand-in. docs/sandbox.md has the same list for people. */
const CATALOGUE: readonly Entry[] = [
  {
    // Its stop signal is SIGQUIT: no new connections, requests in flight are answered, idle connections are closed.
    repositories: [
      /^(docker\.io\/)?(library\/)?nginx$/,
      /^public\.ecr\.aws\/(docker\/library|nginx)\/nginx$/,
    ],
    tags: VERSION_TAG,
    hasShell: true,
    start: (start) => nginx(start, 80),
  },
  {
    repositories: [/^(docker\.io\/)?nginxinc\/nginx-unprivileged$/],
    tags: VERSION_TAG,
    hasShell: true,
    start: (start) => nginx(start, 8080),
  },
  {
    repositories: [/^(registry\.k8s\.io|k8s\.gcr\.io)\/e2e-test-images\/agnhost$/],
    tags: VERSION_TAG,
    hasShell: true,
    start: agnhost,
  },
  {
    repositories: [/^(docker\.io\/)?(library\/)?busybox$/],
    tags: VERSION_TAG,
    hasShell: true,
    start: busybox,
  },
  {
    repositories: [/^registry\.k8s\.io\/coredns(\/coredns)?$/, /^(docker\.io\/)?coredns\/coredns$/],
    tags: VERSION_TAG,
    hasShell: false,
    start: coreDns,
  },
  {
    repositories: [/^(registry\.k8s\.io|k8s\.gcr\.io)\/pause$/],
    tags: VERSION_TAG,
    hasShell: false,
    start: () => ({ args: ['--no-server', '--on-sigterm=exit'] }),
  },
  {
    repositories: [/^(docker\.io\/)?rollproof\/sample$/],
    tags: /./,
    hasShell: false,
    start: ({ command, args }) => ({ args: [...command, ...args] }),
  },
];

/** Names under `.invalid` never resolve (RFC 2606): the way to ask for a pull that fails. */
const NEVER_THERE = /^[^/]*\.invalid(:\d+)?\//;

/** What a container's image and command come to. */
export function resolveImage(start: ContainerStart): Resolution {
  const { repository, tag } = parseReference(start.image);
  if (NEVER_THERE.test(start.image))
    return {
      kind: 'no-such-image',
      message: `failed to pull and unpack image "${start.image}": no such host`,
    };
  const entry = CATALOGUE.find(({ repositories }) =>
    repositories.some((pattern) => pattern.test(repository)),
  );
  if (!entry)
    return {
      kind: 'unknown',
      why: `the image ${start.image}: the sandbox runs no containers, it has stand-ins for ${KNOWN_IMAGES.join(', ')}`,
    };
  if (!entry.tags.test(tag))
    return { kind: 'no-such-image', message: `failed to pull and unpack image "${start.image}": not found` };
  const started = entry.start(start);
  if (typeof started === 'string') return { kind: 'unknown', why: `${started} (image ${start.image})` };
  return { kind: 'program', program: { before: [], ...started, hasShell: entry.hasShell } };
}

/** For messages. */
export const KNOWN_IMAGES = [
  'nginx',
  'nginxinc/nginx-unprivileged',
  'agnhost',
  'busybox',
  'coredns',
  'pause',
  'rollproof/sample',
] as const;

function parseReference(image: string): { readonly repository: string; readonly tag: string } {
  const [named = ''] = image.split('@');
  const match = /^(.*?)(?::([^:/]+))?$/.exec(named);
  return { repository: match?.[1] ?? named, tag: match?.[2] ?? 'latest' };
}

function nginx({ command, args, file }: ContainerStart, port: number): Started | string {
  if (file('/etc/nginx') !== undefined) return 'an nginx configuration of its own';
  const start = mainProgram([...command, ...args], 'nginx');
  if (!start) return `the command ${JSON.stringify([...command, ...args])}`;
  return {
    before: start.before,
    args: [`--port=${port}`, '--pages=nginx', '--keep-alive=75000', '--on-sigterm=drain'],
  };
}

function agnhost({ command, args }: ContainerStart): Started | string {
  const [mode = 'pause', ...flags] = [...command, ...args].filter((word) => !/(^|\/)agnhost$/.test(word));
  if (mode === 'pause') return { args: ['--no-server', '--on-sigterm=exit'] };
  if (mode !== 'netexec') return `agnhost ${mode}`;
  const port = flagValue(flags, 'http-port') ?? '8080';
  const delaySeconds = Number(flagValue(flags, 'delay-shutdown') ?? 0);
  // A Go program without a handler that is process 1 survives its own SIGTERM and exits with 2.
  const stop =
    delaySeconds > 0
      ? [`--on-sigterm=linger:${delaySeconds * 1000}`]
      : ['--on-sigterm=exit', '--exit-code=2'];
  return { args: [`--port=${port}`, '--pages=netexec', '--keep-alive=180000', ...stop] };
}

function busybox({ command, args }: ContainerStart): Started | string {
  const argv = [...command, ...args];
  const steps = parseCommand(argv);
  if (!steps || argv.length === 0) return `the command ${JSON.stringify(argv)}`;
  const before = steps.slice(0, -1);
  const last = steps.at(-1)?.command;
  // Process 1 without a handler: SIGTERM does nothing, the end of the grace period ends it.
  if (last?.kind === 'sleep')
    return { before, args: ['--no-server', '--on-sigterm=ignore', `--end-after=${last.ms}`] };
  if (last?.kind === 'exit' || last?.kind === 'nothing')
    return {
      before,
      args: ['--no-server', '--end-after=0', `--exit-code=${last.kind === 'exit' ? last.code : 0}`],
    };
  if (last?.kind !== 'program' || last.argv[0] !== 'httpd') return `the command ${JSON.stringify(argv)}`;
  const page = before
    .map(({ command: step }) => step)
    .find((step) => step.kind === 'write' && /index\.html$/.test(step.file));
  const port = flagValue(last.argv, 'p')?.replace(/^.*:/, '') ?? '80';
  const answer = page?.kind === 'write' ? [`--answer=${page.text}`] : ['--pages=none'];
  return { before, args: [`--port=${port}`, '--keep-alive=0', '--on-sigterm=ignore', ...answer] };
}

function coreDns({ command, args, file }: ContainerStart): Started | string {
  const path = flagValue([...command, ...args], 'conf') ?? '/Corefile';
  const corefile = file(path) ?? '';
  const health = /^\s*health\s*(?:[^\s:{]*:(\d+))?/m.exec(corefile);
  const lameduck = /^\s*lameduck\s+(\d+)s\s*$/m.exec(corefile)?.[1];
  return {
    args: [
      ...(health ? [`--port=${health[1] ?? 8080}`] : ['--no-server']),
      '--pages=health',
      `--on-sigterm=${lameduck === undefined ? 'exit' : `linger:${Number(lameduck) * 1000}`}`,
    ],
  };
}

/** The steps before a main program; undefined where the command is something else. No command at all is the image's own. */
function mainProgram(
  argv: readonly string[],
  program: string,
): { readonly before: readonly ShellStep[] } | undefined {
  if (argv.length === 0) return { before: [] };
  const steps = parseCommand(argv);
  const last = steps?.at(-1)?.command;
  return steps && last?.kind === 'program' && last.argv[0] === program
    ? { before: steps.slice(0, -1) }
    : undefined;
}

/** `--name=value`, `--name value`, `-name value`. */
function flagValue(args: readonly string[], name: string): string | undefined {
  const index = args.findIndex(
    (word) => word.replace(/^--?/, '').split('=')[0] === name && word.startsWith('-'),
  );
  const word = args[index];
  if (word === undefined) return undefined;
  return word.includes('=') ? word.slice(word.indexOf('=') + 1) : args[index + 1];
}
