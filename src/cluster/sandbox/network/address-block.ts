import { once } from 'node:events';
import { createServer, type Server } from 'node:http';

/** Second octets from which a sandbox takes one. 127.0 is everybody's, and some systems use 127.53 for DNS. */
const FIRST_BLOCK = 64;
const LAST_BLOCK = 127;

/** Port of the API server, as on a real control plane. */
export const API_PORT = 6443;

/**
 * The addresses of one sandbox: a /16 of the loopback network, so that several sandboxes stand side by side.
 *
 * `127.<block>.0.1` API server, `127.<block>.0.2` clients outside the cluster, `127.<block>.1.<n>` nodes, `127.<block>.<16 + n>.x` pods of node n,
 * `127.<block>.128.0` to `127.<block>.255.255` Services.
 */
export class AddressBlock {
  readonly block: number;
  #nextService = 0;

  constructor(block: number) {
    this.block = block;
  }

  get apiServer(): string {
    return `127.${this.block}.0.1`;
  }

  /** Where requests of this machine, from outside the cluster, come from: so sandboxes do not share source ports. */
  get runner(): string {
    return `127.${this.block}.0.2`;
  }

  /** Address of a node; nodes count from 1. */
  node(number: number): string {
    return `127.${this.block}.1.${number}`;
  }

  /** Network of a node's pods, as `Node.spec.podCIDR` has it. */
  podNetwork(node: number): string {
    return `127.${this.block}.${16 + node}.0/24`;
  }

  /** Address of a node's pod; pods count from 2 and wrap, so that an address rests before it is used again. */
  pod(node: number, serial: number): string {
    return `127.${this.block}.${16 + node}.${2 + (serial % 252)}`;
  }

  /** The node whose pod or whose own address this is; undefined for an address from elsewhere. */
  nodeOf(address: string): number | undefined {
    const [first, block, third = 0, fourth] = address.split('.').map(Number);
    if (first !== 127 || block !== this.block) return undefined;
    if (third === 1) return fourth;
    return third > 16 && third < 128 ? third - 16 : undefined;
  }

  isServiceAddress(address: string): boolean {
    const [first, block, third = 0] = address.split('.').map(Number);
    return first === 127 && block === this.block && third >= 128;
  }

  /** The next Service address for which `taken` answers false. */
  freeServiceAddress(taken: (address: string) => boolean): string {
    for (let tries = 0; tries < 128 * 256; tries += 1) {
      this.#nextService = (this.#nextService % (128 * 256 - 2)) + 1;
      const address = `127.${this.block}.${128 + (this.#nextService >> 8)}.${this.#nextService & 255}`;
      if (!taken(address)) return address;
    }
    throw new Error('every Service address is taken');
  }
}

/**
 * Takes the first block that nobody on this machine has. Holding the API server's address is holding the block, so
 * a sandbox that died leaves nothing behind. Throws where no block is free or the system has no 127.0.0.0/8.
 */
export async function claimAddressBlock(): Promise<{
  readonly addresses: AddressBlock;
  readonly server: Server;
}> {
  let lastError: unknown;
  for (let block = FIRST_BLOCK; block <= LAST_BLOCK; block += 1) {
    const addresses = new AddressBlock(block);
    const server = createServer();
    try {
      server.listen(API_PORT, addresses.apiServer);
      await once(server, 'listening');
      return { addresses, server };
    } catch (error) {
      lastError = error;
    }
  }
  throw new Error(`no free block of loopback addresses between 127.${FIRST_BLOCK} and 127.${LAST_BLOCK}`, {
    cause: lastError,
  });
}
