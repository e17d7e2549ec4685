import type { Conversation, Speak } from './conversation.ts';
import { type Dialer, dial, unconnectedEnd } from './owned-connection.ts';
import type { RunningSend, Transport } from './transport.ts';

/** Every request on a connection of its own, which is closed after it. */
export function freshEach(dialer: Dialer, speak: Speak): Transport {
  return {
    send(onEnd) {
      const dialing = dial(dialer, (end) => {
        if (end.kind !== 'connected') return onEnd(unconnectedEnd(end));
        const { connection } = end;
        const { localPort, remote } = connection;
        const conversation: Conversation = speak(connection, () => {});
        running = conversation.exchange((result) => {
          onEnd({ ...result, facts: { localPort, remote, reused: false, ...result.facts } });
          conversation.close();
        });
      });
      let running: RunningSend = dialing;
      return { giveUp: (code) => running.giveUp(code) };
    },
    close() {},
  };
}
