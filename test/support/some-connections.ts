import type { ConnectionEnd, RecordingEntry } from '../../src/model/recording.ts';
import { TIMES } from './a-recording.ts';

/** A connection of the target, and the route that connection tracking told of it. */
export function connection(
  localPort: number,
  pod: string | undefined,
  { openedMs = 100, atMs, how }: { openedMs?: number; atMs: number; how: ConnectionEnd },
): readonly RecordingEntry[] {
  const opened = how === 'failed' ? {} : { openedMs };
  return [
    ...(pod === undefined
      ? []
      : [{ kind: 'route', atMs: openedMs, stream: 'target', localPort, podAddress: pod } as const]),
    { kind: 'connection', stream: 'target', localPort, dialedMs: openedMs - 1, ...opened, atMs, how },
  ];
}

export const OLD = ['10.244.1.2', '10.244.1.3'] as const;
const NEW = ['10.244.2.2', '10.244.2.3'] as const;
const { stoppedMs } = TIMES;

/** Two old pods lose three connections, and two new ones have them now. */
export const LOST_AND_KEPT: readonly RecordingEntry[] = [
  ...connection(40_001, OLD[0], { atMs: 5_500, how: 'closed' }),
  ...connection(40_002, OLD[0], { atMs: 5_500, how: 'reset' }),
  ...connection(40_003, OLD[1], { atMs: 5_600, how: 'closed' }),
  ...connection(40_004, NEW[0], { openedMs: 5_501, atMs: stoppedMs, how: 'kept' }),
  ...connection(40_005, NEW[0], { openedMs: 5_501, atMs: stoppedMs, how: 'kept' }),
  ...connection(40_006, NEW[1], { openedMs: 5_601, atMs: stoppedMs, how: 'kept' }),
];

/** Puts them before the end of a recording. */
export function withConnections(
  entries: readonly RecordingEntry[],
  connections: readonly RecordingEntry[],
): readonly RecordingEntry[] {
  return [...entries.slice(0, -1), ...connections, ...entries.slice(-1)];
}
