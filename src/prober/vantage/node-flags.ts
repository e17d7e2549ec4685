/**
 * How Node is started for the prober. A small young generation is cleared often and quickly, and the process stays small
 * however long it runs. That it is cleared between two requests takes a function of its own.
 */
export const NODE_FLAGS: readonly string[] = ['--max-semi-space-size=1', '--expose-gc'];
