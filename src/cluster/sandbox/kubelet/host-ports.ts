import { createServer, type Server } from 'node:net';
import type { Container } from '../api/objects.ts';
import { forward } from '../network/forward.ts';
import { type PodNetwork, portOnHost } from '../network/pod-network.ts';

/** Ports of the node that lead to one pod. */
export class HostPorts {
  readonly #nodeAddress: string;
  readonly #network: PodNetwork;
  readonly #servers: Server[] = [];

  constructor(nodeAddress: string, network: PodNetwork) {
    this.#nodeAddress = nodeAddress;
    this.#network = network;
  }

  /** Opens every `hostPort` of the containers towards the pod's address. */
  open(containers: readonly Container[], address: string): void {
    for (const { containerPort, hostPort, hostIP } of containers.flatMap(({ ports = [] }) => ports)) {
      if (!hostPort) continue;
      const server = createServer({ allowHalfOpen: true, noDelay: true }, (client) => void this.#network.send(client, { address, port: containerPort }, forward));
      // A port that is taken is the scheduler's affair; here it can only be somebody else on this machine.
      server.on('error', () => {});
      server.listen({ host: hostIP && hostIP !== '0.0.0.0' ? hostIP : this.#nodeAddress, port: portOnHost(hostPort) });
      this.#servers.push(server);
    }
  }

  close(): void {
    for (const server of this.#servers) server.close();
  }
}
