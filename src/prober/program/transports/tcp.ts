import type { ProbePhase } from '../../../model/recording.ts';
import type { StreamSpec } from '../../protocol.ts';
import type { Speak } from './conversation.ts';
import { EchoQueue } from './echo-queue.ts';

/** An answer is one line. */
const LONGEST_LINE = 64 * 1024;

/** One line a message, and the same line back. */
export function tcpConversation(spec: StreamSpec): Speak {
  return ({ socket, localPort }, onLost) => {
    const queue = new EchoQueue(String(localPort), spec.expect.bodyContains);
    let line = '';
    let over = false;
    const phase = (): ProbePhase => (socket.writableLength > 0 ? 'send' : line === '' ? 'headers' : 'body');
    const end = (how: 'closed' | 'reset', code: string) => {
      if (over) return;
      over = true;
      const unread = socket.writableLength > 0 ? 'send' : 'headers';
      onLost(how, code);
      queue.failed(code, unread, phase());
      socket.destroy();
    };
    socket.setEncoding('latin1');
    socket.on('data', (chunk) => {
      line += chunk;
      for (let at = line.indexOf('\n'); at >= 0; at = line.indexOf('\n')) {
        queue.answered(line.slice(0, at));
        line = line.slice(at + 1);
      }
      if (line.length > LONGEST_LINE) end('reset', 'ANSWER_TOO_LONG');
    });
    socket.on('end', () => end('closed', 'CLOSED'));
    socket.on('error', (error: NodeJS.ErrnoException) => end('reset', error.code ?? error.name));
    socket.on('close', () => end('closed', 'CLOSED'));
    return {
      get usable() {
        return !over;
      },
      exchange: (onEnd) => queue.ask(onEnd, (message) => socket.write(`${message}\n`, 'latin1'), phase),
      close() {
        over = true;
        queue.failed('ABORTED', 'headers');
        socket.destroy();
      },
    };
  };
}
