import { connect, type Socket } from 'node:net';

/** What became of a connection that was sent on. */
export type Forwarding = { readonly established: boolean };

/**
 * Joins a client's connection to an address and lets both sides' bytes, half-closes and resets through. Resolves when
 * it is over. Once joined nothing but the two ends breaks it, whatever the proxy learns later.
 */
export function forward(
  client: Socket,
  to: { readonly address: string; readonly port: number },
): Promise<Forwarding> {
  return new Promise((resolve) => {
    let established = false;
    const upstream = connect({ host: to.address, port: to.port, allowHalfOpen: true, noDelay: true });
    client.setNoDelay(true);
    upstream.once('connect', () => {
      established = true;
      client.pipe(upstream);
      upstream.pipe(client);
    });
    // An error on one side is a reset on the other: the client must not take it for a clean end.
    upstream.once('error', () => client.resetAndDestroy());
    client.once('error', () => upstream.resetAndDestroy());
    client.once('close', (hadError) => {
      if (hadError || !established) upstream.destroy();
    });
    upstream.once('close', () => {
      if (!client.writableEnded) client.resetAndDestroy();
      resolve({ established });
    });
  });
}
