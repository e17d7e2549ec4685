import type { Container } from '../api/objects.ts';
import type { SandboxClock } from '../clock.ts';
import { forward } from '../network/forward.ts';
import { Listeners } from '../network/listeners.ts';
import type { PodNetwork } from '../network/pod-network.ts';
import { portOnHost } from '../network/port-on-host.ts';

/** Ports of the node that lead to one pod. */
export class HostPorts {
  readonly #nodeAddress: string;
  readonly #network: PodNetwork;
  readonly #listeners: Listeners;

  constructor({
    nodeAddress,
    network,
    clock,
  }: { readonly nodeAddress: string; readonly network: PodNetwork; readonly clock: SandboxClock }) {
    this.#nodeAddress = nodeAddress;
    this.#network = network;
    // A port that is taken is the scheduler's affair; here it can only be somebody else on this machine.
    this.#listeners = new Listeners(clock, () => {});
  }

  /** Opens every `hostPort` of the containers towards the pod's address. */
  open(containers: readonly Container[], address: string): void {
    const ports = containers.flatMap((container) => container.ports ?? []);
    this.#listeners.set(
      ports.flatMap(({ containerPort, hostPort, hostIP }) => {
        const host = hostIP && hostIP !== '0.0.0.0' ? hostIP : this.#nodeAddress;
        const to = { address, port: containerPort };
        return hostPort
          ? [
              {
                host,
                port: portOnHost(hostPort),
                onConnection: (client) => void this.#network.send(client, to, forward),
              },
            ]
          : [];
      }),
    );
  }

  close(): void {
    this.#listeners.set([]);
  }
}
