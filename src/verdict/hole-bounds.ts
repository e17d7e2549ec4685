/** Longest pause between two requests while an old pod is terminating, which is when requests get lost: typically for about 100 ms. */
export const HOLE_WHILE_TERMINATING_MS = 100;

/** Slow schedules may pause for so many of their intervals. */
export const HOLE_INTERVALS = 5;
