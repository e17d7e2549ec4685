import { type ConnectionMode, connectionsResting, type Measure } from '../model/scenario.ts';

const DEFAULT_CONNECTIONS = 10;
export const DEFAULT_IDLE_MS = 5_000;

/** Answers that take up to this long hold back no resting connection. */
const ROOM_MS = 1_000;

/** How many connections there are, and how long they rest: what was said, or what fits the rate. */
export function connectionsOf(
  mode: ConnectionMode,
  said: {
    readonly connections?: number | undefined;
    readonly idle?: number | undefined;
    readonly rate: number;
  },
): Pick<Measure, 'connections' | 'idleMs'> {
  if (mode !== 'idle-reuse') return { connections: said.connections ?? DEFAULT_CONNECTIONS };
  const { idle: idleMs = DEFAULT_IDLE_MS, rate } = said;
  return { connections: said.connections ?? connectionsResting(rate, idleMs + ROOM_MS), idleMs };
}
