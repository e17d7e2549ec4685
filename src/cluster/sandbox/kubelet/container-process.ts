import { fileURLToPath } from 'node:url';
import { spawn } from '../../../platform/process.ts';
import { portOnHost } from '../network/port-on-host.ts';

/** How a container ended. */
export interface ContainerExit {
  readonly exitCode: number;
  readonly signal: number | undefined;
}

/** A container's process. */
export interface ContainerProcess {
  /** Resolves with its first sign of life, or its end: an interpreter's start counts as the creation of a container. */
  readonly booted: Promise<void>;
  readonly ended: Promise<ContainerExit>;
  signal(signal: 'SIGTERM' | 'SIGKILL'): void;
  /** The last part of what it printed. */
  log(): string;
}

export interface ContainerProcessOptions {
  readonly args: readonly string[];
  readonly address: string;
  readonly hostname: string;
  readonly ports: readonly number[];
  readonly env: Readonly<Record<string, string>>;
}

const LOG_LIMIT = 64 * 1024;
const SIGNAL_NUMBERS: Readonly<Record<string, number>> = { SIGINT: 2, SIGKILL: 9, SIGTERM: 15 };

/** Starts the pod program at an address of its own. It ends when this process ends, however that ends. */
export function startContainerProcess({
  args,
  address,
  hostname,
  ports,
  env,
}: ContainerProcessOptions): ContainerProcess {
  const shift = Object.fromEntries([...ports, ...portsIn(args)].map((port) => [port, portOnHost(port)]));
  const child = spawn(process.execPath, [programPath(), ...args], {
    env: { ...env, HOSTNAME: hostname, SANDBOX_ADDRESS: address, SANDBOX_PORT_SHIFT: JSON.stringify(shift) },
  });
  let log = '';
  const booted = Promise.withResolvers<void>();
  void child.ended.then(() => booted.resolve());
  for (const stream of [child.stdout, child.stderr]) {
    stream.setEncoding('utf8');
    stream.on('data', (text: string) => {
      log = (log + text).slice(-LOG_LIMIT);
      booted.resolve();
    });
  }
  return {
    booted: booted.promise,
    ended: child.ended.then(({ exitCode, signal }) => {
      const number = signal === undefined ? undefined : (SIGNAL_NUMBERS[signal] ?? 0);
      return { exitCode: exitCode ?? (number === undefined ? 255 : 128 + number), signal: number };
    }),
    // Not through the child's own kill(), which follows a SIGTERM up with a SIGKILL: that is the grace period's task.
    signal(name) {
      try {
        if (child.pid !== undefined) process.kill(child.pid, name);
      } catch (error) {
        if (!(error instanceof Error && 'code' in error && error.code === 'ESRCH')) throw error;
      }
    },
    log: () => log,
  };
}

/** The source file where the sources run, the bundle beside ours where we are bundled. */
function programPath(): string {
  return fileURLToPath(
    new URL(import.meta.url.endsWith('.ts') ? '../program/main.ts' : './sandbox-pod.js', import.meta.url),
  );
}

function portsIn(args: readonly string[]): number[] {
  return args.flatMap((arg) => /^--port=(\d+)$/.exec(arg)?.[1] ?? []).map(Number);
}
