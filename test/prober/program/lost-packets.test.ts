import { describe, expect, it } from 'vitest';
import { droppedPackets, LostPackets } from '../../../src/prober/program/lost-packets.ts';

/** As Linux 6.18 prints it, on two processors. */
const statistics = (
  drops: readonly [string, string],
) => `entries  clashres found new invalid ignore delete chainlength insert insert_failed drop early_drop icmp_error  expect_new expect_create expect_delete search_restart
0001f69c  00000000 00000000 00000000 00018644 00000000 00000000 00000000 00000000 00000000 ${drops[0]} 0000410e 00000000  00000000 00000000 00000000 00000000
0001f69c  00000000 00000000 00000000 00018c7b 00000000 00000000 00000000 00000000 00000000 ${drops[1]} 00003473 00000000  00000000 00000000 00000000 00000000
`;

describe('packets that connection tracking threw away', () => {
  it('are summed over the processors', () => {
    expect(droppedPackets(statistics(['00006ccb', '00006b95']))).toBe(27_851 + 27_541);
  });

  it('are counted from one asking to the next', () => {
    const told = [statistics(['00000001', '00000000']), statistics(['00000001', '00000004'])];
    const packets = new LostPackets(() => told.shift() ?? statistics(['00000001', '00000004']));
    expect([packets.takeCount(), packets.takeCount()]).toEqual([4, 0]);
  });

  it('are none where nothing is tracked, or where it is told in words that are not known', () => {
    const untracked = new LostPackets(() => {
      throw Object.assign(new Error('no such file'), { code: 'ENOENT' });
    });
    expect(untracked.takeCount()).toBe(0);
    expect(droppedPackets('')).toBe(0);
    expect(droppedPackets('entries found\n00000001 00000002\n')).toBe(0);
  });
});
