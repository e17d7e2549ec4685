import { once } from 'node:events';
import { connect, createServer } from 'node:net';
import { describe, expect, it } from 'vitest';
import { realTime } from '../../../src/prober/program/loop-time.ts';

describe.each([
  ['economy pacing', false, false],
  ['precise pacing', true, false],
  ['precise pacing of a real-time process', true, true],
] as const)('time in %s', (_name, precise, realTimeProcess) => {
  it.each([0, 0.4, 1, 2.3, 7.7])('never wakes before an instant %f ms away', async (awayMs) => {
    for (const idle of [true, false]) {
      const time = realTime(
        () => idle,
        () => realTimeProcess,
      );
      const instantMs = time.nowMs() + awayMs;
      const wokenMs = await new Promise<number>((resolve) => {
        time.wakeAt(instantMs, () => resolve(time.nowMs()), precise);
      });
      expect(wokenMs).toBeGreaterThanOrEqual(instantMs);
    }
  });

  it('wakes once, for the last instant it was told', async () => {
    const time = realTime(
      () => true,
      () => realTimeProcess,
    );
    const woken: string[] = [];
    await new Promise<void>((resolve) => {
      time.wakeAt(time.nowMs() + 1, () => void woken.push('first'), precise);
      time.wakeAt(time.nowMs() + 3, () => void woken.push('second'), precise);
      time.afterPoll(() => {
        time.wakeAt(
          time.nowMs() + 2,
          () => {
            woken.push('third');
            setTimeout(resolve, 10);
          },
          precise,
        );
      });
    });
    expect(woken).toEqual(['third']);
  });

  it('reads all that has arrived before it wakes, and that the peer has closed, however late that is', async () => {
    const server = createServer();
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    const address = server.address();
    if (address === null || typeof address === 'string') throw new Error('no port');
    const accepted = once(server, 'connection');
    const time = realTime(
      () => false,
      () => realTimeProcess,
    );
    const told: string[] = [];
    const socket = connect(address.port, '127.0.0.1')
      .on('data', () => void told.push('data'))
      .on('end', () => void told.push('end'));
    const [peer] = await accepted;
    await new Promise<void>((resolve) => {
      time.wakeAt(
        time.nowMs() + 1,
        () => {
          told.push('woken');
          resolve();
        },
        precise,
      );
      peer.end('farewell');
      // The instant passes, and the farewell waits in the kernel.
      Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 200);
    });
    expect(told).toEqual(['data', 'end', 'woken']);
    socket.destroy();
    await new Promise((resolve) => server.close(resolve));
  });
});

describe('a wait in economy pacing after an instant that was missed', () => {
  /**
   * How much of a wait of 2 ms is left for being awake when it naps, behind a pause of 5 ms over the instant before.
   * Undefined where it did not nap: on a busy machine a wait may be over before anybody could.
   */
  async function leftAwakeMs(realTimeProcess: boolean): Promise<number | undefined> {
    const left: number[] = [];
    let instantMs = 0;
    const time = realTime(
      () => true,
      () => realTimeProcess,
      (napMs) => void left.push(instantMs - time.nowMs() - napMs),
    );
    await new Promise<void>((resolve) => {
      time.wakeAt(time.nowMs() + 1, resolve, false);
      Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 5);
    });
    left.length = 0;
    instantMs = time.nowMs() + 2;
    await new Promise<void>((resolve) => time.wakeAt(instantMs, resolve, false));
    return left[0];
  }

  it('is spent awake by a real-time process, but for what it rests', async () => {
    let awakeMs: number | undefined;
    for (let tries = 0; tries < 50 && (awakeMs ?? 0) <= 0.5; tries++) awakeMs = await leftAwakeMs(true);
    expect(awakeMs).toBeGreaterThan(0.5);
  });

  it('is slept by any other', async () => {
    let awakeMs: number | undefined;
    for (let tries = 0; tries < 50 && awakeMs === undefined; tries++) awakeMs = await leftAwakeMs(false);
    expect(awakeMs).toBeLessThanOrEqual(0);
  });
});
