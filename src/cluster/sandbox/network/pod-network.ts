import type { Socket } from 'node:net';
import type { SandboxClock } from '../clock.ts';
import type { forward } from './forward.ts';

/**
 * What a node does with traffic for a pod that is gone. `refused`: its address answers with a reset. `black-hole`:
 * nobody answers, and the client waits until it gives up.
 */
export type DeadAddress = 'refused' | 'black-hole';

/** Knows which pod addresses exist, and what traffic to the others meets. */
export class PodNetwork {
  readonly #live = new Set<string>();
  readonly #deadAddress: DeadAddress;
  readonly #clock: SandboxClock;
  readonly #swallowMs: number;

  /** `swallowMs`: how long a black hole holds a connection before it is reset, so that none is held for ever. */
  constructor(options: {
    readonly deadAddress: DeadAddress;
    readonly clock: SandboxClock;
    readonly swallowMs?: number;
  }) {
    this.#deadAddress = options.deadAddress;
    this.#clock = options.clock;
    this.#swallowMs = options.swallowMs ?? 60_000;
  }

  up(address: string): void {
    this.#live.add(address);
  }

  down(address: string): void {
    this.#live.delete(address);
  }

  /** Takes a client's connection to an address, dead or alive. Resolves when it is over. */
  async send(
    client: Socket,
    to: { readonly address: string; readonly port: number },
    deliver: typeof forward,
  ): Promise<void> {
    if (this.#live.has(to.address) || this.#deadAddress === 'refused') {
      await deliver(client, { address: to.address, port: portOnHost(to.port) });
      return;
    }
    const gone = new AbortController();
    client.once('close', () => gone.abort());
    client.on('error', () => {});
    client.resume();
    await this.#clock.sleep(this.#swallowMs, gone.signal);
    client.resetAndDestroy();
  }
}

/** Above every port that Kubernetes and the kernel hand out. */
const SHIFT = 61_000;

/**
 * The port a pod's port has on this machine: the same, unless only root may listen on it. Pods with port 80 run for
 * everybody this way; a Service's own address is not shifted, because clients use its port as it is.
 */
export function portOnHost(port: number): number {
  return port < lowestPort() ? port + SHIFT : port;
}

let lowest: number | undefined;

function lowestPort(): number {
  lowest ??= process.getuid?.() === 0 ? 1 : 1024;
  return lowest;
}
