import WebSocket from 'ws';
import type { ConnectionEnd, ProbePhase } from '../../../model/recording.ts';
import type { StreamSpec } from '../../protocol.ts';
import type { Speak } from './conversation.ts';
import { EchoQueue } from './echo-queue.ts';

/** What the protocol's library tells where a connection ended without a close frame. */
const NO_CLOSE_FRAME = 1006;

/** The handshake, then one text message a request and the same text back. */
export function webSocketConversation(spec: StreamSpec): Speak {
  return ({ socket, localPort, remote }, onLost) => {
    const queue = new EchoQueue(String(localPort), spec.expect.bodyContains);
    const unsent: string[] = [];
    let over = false;
    let bytesTaken = 0;
    let error: NodeJS.ErrnoException | undefined;
    const client = new WebSocket(`ws://${remote}${spec.path}`, {
      createConnection: () => socket,
      headers: { host: spec.host, 'user-agent': 'rollproof-prober' },
      perMessageDeflate: false,
      followRedirects: false,
    });
    const partial = () => client.readyState !== WebSocket.CONNECTING && socket.bytesRead > bytesTaken;
    const phase = (): ProbePhase => {
      if (unsent.length > 0 || socket.writableLength > 0) return 'send';
      return partial() ? 'body' : 'headers';
    };
    const end = (how: ConnectionEnd, code: string, oldestPhase?: ProbePhase) => {
      if (over) return;
      over = true;
      onLost(how, code);
      queue.failed(code, 'headers', oldestPhase ?? 'headers');
      socket.destroy();
    };
    /** What was read beyond whole frames is a part of one; several frames may come in one read. */
    const take = (payload: Buffer) => {
      bytesTaken = Math.min(socket.bytesRead, bytesTaken + frameBytes(payload.length));
    };
    socket.on('error', (cause: NodeJS.ErrnoException) => {
      error ??= cause;
    });
    client.on('open', () => {
      bytesTaken = socket.bytesRead;
      for (const message of unsent.splice(0)) client.send(message);
    });
    client.on('message', (data: Buffer) => {
      take(data);
      queue.answered(String(data));
    });
    client.on('ping', take);
    client.on('pong', take);
    client.on('unexpected-response', (_request, response) => {
      const { statusCode: status = 0 } = response;
      if (over) return;
      over = true;
      onLost('closed', `HTTP ${status}`);
      // A status that would be a good answer elsewhere is none to a handshake.
      const { statusFrom, statusTo } = spec.expect;
      if (status < statusFrom || status > statusTo) queue.rejected(status);
      else queue.failed('NOT_UPGRADED', 'headers');
      socket.destroy();
    });
    client.on('error', (cause: NodeJS.ErrnoException) => {
      error ??= cause;
    });
    client.on('close', (code) => {
      if (code !== NO_CLOSE_FRAME && error === undefined) return end('close-frame', `CLOSE_FRAME ${code}`);
      const cut = partial() ? 'body' : 'headers';
      if (error?.syscall === undefined && error?.code === undefined) return end('closed', 'CLOSED', cut);
      end('reset', error.code ?? error.name, cut);
    });
    return {
      get usable() {
        return !over && client.readyState <= WebSocket.OPEN;
      },
      exchange: (onEnd) =>
        queue.ask(
          onEnd,
          (message) => {
            if (client.readyState === WebSocket.CONNECTING) unsent.push(message);
            else client.send(message, () => {});
          },
          phase,
        ),
      close() {
        over = true;
        queue.failed('ABORTED', 'headers');
        if (client.readyState === WebSocket.OPEN) client.close(1000);
        // The answer to our close frame is not waited for.
        socket.destroySoon();
      },
    };
  };
}

/** Length of an unmasked frame. */
function frameBytes(payload: number): number {
  return payload + (payload < 126 ? 2 : payload < 65_536 ? 4 : 10);
}
