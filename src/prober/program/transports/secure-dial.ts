import { isIP } from 'node:net';
import { connect, type TLSSocket } from 'node:tls';
import { CLOSED } from './http-connection.ts';
import { type Dial, type DialEnd, dial, type OwnedConnection } from './owned-connection.ts';

/**
 * Dials as `dial` does, and then shakes hands for TLS over that socket. Every handshake is a whole one; no certificate
 * is verified: what is looked for is whether requests are answered, mostly by addresses that no certificate names.
 * What goes wrong between the connection and the end of the handshake is told with the phase `tls`.
 */
export function secureDial(host: string): Dial {
  const name = new URL(`https://${host}`).hostname;
  const named = isIP(name) === 0 && !name.startsWith('[') ? { servername: name } : {};
  return (dialer, onEnd, handsOver = false) => {
    let secure: TLSSocket | undefined;
    let ended = false;
    const end = (result: DialEnd) => {
      if (ended) return;
      ended = true;
      onEnd(result);
    };
    const dialing = dial(dialer, (result) => {
      if (result.kind !== 'connected') return end(result);
      const { localPort } = result.connection;
      let connection: OwnedConnection | undefined;
      const fail = (code: string) => end({ kind: 'failed', phase: 'tls', code, localPort });
      const socket = connect({
        ...{ socket: result.connection.socket, ALPNProtocols: ['http/1.1'], rejectUnauthorized: false },
        ...named,
      });
      secure = socket;
      socket.once('secureConnect', () => {
        connection = { ...result.connection, socket };
        end({ kind: 'connected', connection });
      });
      if (handsOver) socket.on('data', (received) => connection?.receive?.(received));
      // Stays for the socket's whole life: an error on an idle connection must not end the prober.
      socket.on('error', (error: NodeJS.ErrnoException) => {
        fail(codeOf(error));
        socket.destroy();
      });
      socket.once('close', () => fail(CLOSED));
    });
    return {
      get localPort() {
        return dialing.localPort;
      },
      giveUp(code) {
        if (!secure) return dialing.giveUp(code);
        if (ended) return;
        end({ kind: 'failed', phase: 'tls', code, localPort: dialing.localPort ?? 0 });
        secure.destroy();
      },
    };
  };
}

/** Node tells a close in good order within a handshake as a reset that no system call reported. */
function codeOf({ code, syscall, name }: NodeJS.ErrnoException): string {
  return code === 'ECONNRESET' && syscall === undefined ? CLOSED : (code ?? name);
}
