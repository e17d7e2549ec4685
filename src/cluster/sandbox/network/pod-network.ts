import type { Socket } from 'node:net';
import type { SandboxClock } from '../clock.ts';
import type { forward } from './forward.ts';
import { portOnHost } from './port-on-host.ts';

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

  /** A pod, or a node for pods with `hostNetwork`, has this address now. */
  up(address: string): void {
    this.#live.add(address);
  }

  /** Nobody has this address any more; connections that were joined before are left alone. */
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
