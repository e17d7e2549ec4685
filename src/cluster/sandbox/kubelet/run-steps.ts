import { get } from 'node:http';
import type { SandboxClock } from '../clock.ts';
import { portOnHost } from '../network/port-on-host.ts';
import type { ShellStep } from './shell.ts';

/** Where steps are run. */
export interface StepContext {
  readonly clock: SandboxClock;
  readonly signal: AbortSignal;
  /** Address of the pod: its own `localhost`. */
  readonly address: string;
  /** Signals the container's first process. */
  kill(signal: 'SIGTERM' | 'SIGKILL'): void;
}

/** Plays the steps of a command and gives its exit code; undefined where the signal cut it short. */
export async function runSteps(
  steps: readonly ShellStep[],
  context: StepContext,
): Promise<number | undefined> {
  let code = 0;
  for (const { command, onlyAfterSuccess } of steps) {
    if (onlyAfterSuccess && code !== 0) continue;
    switch (command.kind) {
      case 'sleep':
        if (!(await context.clock.sleep(command.ms, context.signal))) return undefined;
        code = 0;
        break;
      case 'exit':
        return command.code;
      case 'signal':
        if (command.signal !== 'reload') context.kill(command.signal === 'kill' ? 'SIGKILL' : 'SIGTERM');
        code = 0;
        break;
      case 'fetch': {
        const status = await httpStatus({
          ...command,
          address: context.address,
          timeoutMs: 10_000,
          signal: context.signal,
        }).catch(() => undefined);
        code = status !== undefined && status < 400 ? 0 : 1;
        break;
      }
      case 'write':
      case 'nothing':
        code = 0;
        break;
      case 'program':
        code = 127;
        break;
    }
    if (context.signal.aborted) return undefined;
  }
  return code;
}

/** One request on a connection of its own; gives the status. Throws where no answer comes. */
export function httpStatus(options: {
  readonly address: string;
  readonly port: number;
  readonly path: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly timeoutMs: number;
  readonly signal?: AbortSignal;
}): Promise<number> {
  const { address, port, path, headers = {}, timeoutMs, signal } = options;
  return new Promise((resolve, reject) => {
    const limit = AbortSignal.timeout(timeoutMs);
    const request = get(
      {
        host: address,
        port: portOnHost(port),
        path,
        headers,
        agent: false,
        signal: signal ? AbortSignal.any([signal, limit]) : limit,
      },
      (response) => {
        response.resume();
        response.on('error', () => {});
        resolve(response.statusCode ?? 0);
      },
    );
    request.on('error', (error) => reject(limit.aborted ? new Error('context deadline exceeded') : error));
  });
}
