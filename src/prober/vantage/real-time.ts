/**
 * Makes the process whose number follows a real-time one, with the lowest of these priorities; threads and processes
 * that it starts are ordinary. Whenever it has something to do it does it at once: under the highest of the ordinary
 * priorities others finish their turn first, which takes milliseconds. It is asked for from outside, because a prober in
 * a node may not ask, and when the program is loaded, because what loads in real time holds others up.
 */
export const MAKE_REAL_TIME = ['chrt', '--fifo', '--reset-on-fork', '--pid', '1'] as const;
