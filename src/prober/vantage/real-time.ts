import { run } from '../../platform/process.ts';

/** What makes it a real-time process, with the lowest of these priorities. Threads it starts are ordinary again. */
const COMMAND = ['chrt', '--fifo', '--reset-on-fork', '1'] as const;

/**
 * A script for `sh -c` that becomes the command in its arguments: as a real-time process where that is permitted, as an
 * ordinary one elsewhere.
 */
export const BECOME_REAL_TIME = `${COMMAND.join(' ')} true 2> /dev/null && exec ${COMMAND.join(' ')} "$@"; exec "$@"`;

let permitted: Promise<boolean> | undefined;

/**
 * What to write before a command of this machine so that its process, whenever it has something to do, does it at once:
 * also the highest of the ordinary priorities lets others finish their turn, which takes milliseconds. Empty where that
 * is not permitted, or not known.
 */
export async function realTimeFront(): Promise<readonly string[]> {
  permitted ??= run(COMMAND[0], [...COMMAND.slice(1), 'true']).then(
    () => true,
    () => false,
  );
  return (await permitted) ? COMMAND : [];
}
