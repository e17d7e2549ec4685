/**
 * How Node is started for the prober. A small young generation is cleared often and quickly: no request is late for it,
 * and the process stays small however long it runs.
 */
export const NODE_FLAGS: readonly string[] = ['--max-semi-space-size=1'];
