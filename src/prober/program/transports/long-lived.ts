import type { StreamSpec } from '../../protocol.ts';
import type { Speak } from './conversation.ts';
import { Lane } from './lane.ts';
import type { Dialer } from './owned-connection.ts';
import type { Transport, TransportFact } from './transport.ts';

/**
 * `spec.connections` long-lived connections, used in turn, each with any number of requests in flight. One that is lost
 * is dialed again at once, as a client would, but only if it had answered something: a peer that accepts and closes
 * must not be dialed in a circle. Every connection is told when it has ended.
 */
export function longLived(
  spec: StreamSpec,
  dialer: Dialer,
  speak: Speak,
  tell: (fact: TransportFact) => void,
): Transport {
  const lanes: (Lane | undefined)[] = Array.from({ length: Math.max(1, spec.connections) });
  let turn = 0;
  let closed = false;

  const open = (place: number): Lane => {
    const lane = new Lane(dialer, speak, (lost, fact) => {
      tell({ kind: 'connection', stream: spec.id, ...fact });
      if (lanes[place] !== lost) return;
      lanes[place] = undefined;
      if (lost.answered && !closed) open(place);
    });
    lanes[place] = lane;
    return lane;
  };

  return {
    send(onEnd) {
      const place = turn;
      turn = (turn + 1) % lanes.length;
      let lane = lanes[place];
      if (lane && !lane.usable) lane.leave('closed');
      lane = lanes[place];
      return (lane?.usable ? lane : open(place)).send(onEnd);
    },
    close() {
      closed = true;
      for (const lane of lanes) lane?.leave('kept');
    },
  };
}
