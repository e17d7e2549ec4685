import type { HttpConnection, HttpEngine } from './http-connection.ts';
import { sendOnFreshConnection } from './http-new.ts';
import type { Dialer } from './owned-connection.ts';
import type { RunningSend, SendEnd, Transport } from './transport.ts';

/** A place in the pool. It is empty until its turn comes, and again when its connection has closed. */
interface Slot {
  connection?: HttpConnection;
  busy: boolean;
}

/**
 * `connections` kept-alive connections, used in turn. A busy one is passed over; where all are busy, the
 * request gets an additional connection that is closed after it. As in any pool, a connection that the server closed
 * while it was idle is replaced before a request is written to it, and that is not counted as anything.
 */
export function httpKeepAlive(engine: HttpEngine, dialer: Dialer, connections: number): Transport {
  const slots: Slot[] = Array.from({ length: Math.max(1, connections) }, () => ({ busy: false }));
  let turn = 0;

  const nextIdle = (): Slot | undefined => {
    for (let passed = 0; passed < slots.length; passed++) {
      const slot = slots[turn];
      turn = (turn + 1) % slots.length;
      if (slot && !slot.busy) return slot;
    }
    return undefined;
  };

  const sendOnAdditional = (seq: number, onEnd: (end: SendEnd) => void): RunningSend => {
    let opened: HttpConnection | undefined;
    return sendOnFreshConnection({
      ...{ engine, dialer, seq },
      onOpen(connection) {
        opened = connection;
      },
      onEnd(end) {
        opened?.close();
        onEnd(end);
      },
    });
  };

  const sendOn = (slot: Slot, seq: number, onEnd: (end: SendEnd) => void): RunningSend => {
    slot.busy = true;
    const end = (result: SendEnd) => {
      slot.busy = false;
      onEnd(result);
    };
    const open = () =>
      sendOnFreshConnection({
        ...{ engine, dialer, seq, onEnd: end },
        onOpen(connection) {
          slot.connection = connection;
        },
      });
    if (!slot.connection?.usable) return open();
    let replacement: RunningSend | undefined;
    const running = slot.connection.exchange(seq, end, () => {
      replacement = open();
    });
    return { giveUp: (code) => (replacement ?? running).giveUp(code) };
  };

  return {
    send(onEnd, seq) {
      const slot = nextIdle();
      return slot ? sendOn(slot, seq, onEnd) : sendOnAdditional(seq, onEnd);
    },
    close() {
      for (const slot of slots) slot.connection?.close();
    },
  };
}
