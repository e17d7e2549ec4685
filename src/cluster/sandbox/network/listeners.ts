import { createServer, type Server, type Socket } from 'node:net';
import type { SandboxClock } from '../clock.ts';

/** An address to listen on, and what to do with who comes. */
export interface Listening {
  readonly host: string;
  readonly port: number;
  onConnection(client: Socket): void;
}

const RETRY_MS = 50;

/** A changing set of TCP listeners. Closing one leaves the connections it has accepted alone. */
export class Listeners {
  readonly #servers = new Map<string, { readonly server: Server; readonly given: AbortController }>();
  readonly #clock: SandboxClock;
  readonly #onError: (text: string) => void;

  constructor(clock: SandboxClock, onError: (text: string) => void) {
    this.#clock = clock;
    this.#onError = onError;
  }

  /** Listens on exactly these addresses from now on; one that listens already is left as it is. */
  set(wanted: readonly Listening[]): void {
    const keys = new Set(wanted.map(keyOf));
    for (const [key, { server, given }] of this.#servers) {
      if (keys.has(key)) continue;
      given.abort();
      server.close();
      this.#servers.delete(key);
    }
    for (const listening of wanted) if (!this.#servers.has(keyOf(listening))) this.#open(listening);
  }

  #open(listening: Listening): void {
    const { host, port, onConnection } = listening;
    const given = new AbortController();
    const server = createServer({ allowHalfOpen: true, noDelay: true }, onConnection);
    const listen = () => server.listen({ host, port, backlog: 1024 });
    let complained = false;
    server.on('error', (error: NodeJS.ErrnoException) => {
      if (!complained) this.#onError(`${host}:${port}: ${error.message}`);
      complained = true;
      // Somebody may have the port as the source of a connection, which passes.
      if (error.code === 'EADDRINUSE') this.#clock.after(RETRY_MS, () => !given.signal.aborted && listen());
    });
    listen();
    this.#servers.set(keyOf(listening), { server, given });
  }
}

function keyOf({ host, port }: Listening): string {
  return `${host}:${port}`;
}
