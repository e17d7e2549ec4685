import { readFileSync, writeFileSync } from 'node:fs';
import { constants, setPriority } from 'node:os';

/**
 * Asks the kernel to run this process before others, where it may ask (root, or a raised limit); elsewhere nothing
 * changes. On two cores that four busy processes shared, the longest pause of a timer shrank to a quarter.
 */
export function goFirstInLine(): void {
  try {
    setPriority(constants.priority.PRIORITY_HIGHEST);
  } catch {
    // Not permitted. What pauses that costs is measured and guarded against.
  }
  if (isAloneInSession()) raiseSession();
}

/**
 * Where the kernel groups processes by session, as most distributions' kernels do, a priority counts only among the
 * processes of one session, and sessions share the processors equally: the session has to be raised as well.
 */
function raiseSession(): void {
  try {
    writeFileSync('/proc/self/autogroup', String(constants.priority.PRIORITY_HIGHEST));
  } catch {
    // No such groups, or not permitted.
  }
}

/** Whoever starts a prober gives it a session of its own; one that shares another's must not raise that. */
function isAloneInSession(): boolean {
  try {
    // `pid (name) state ppid pgrp session`, and the name may hold anything.
    const stat = readFileSync('/proc/self/stat', 'utf8');
    const [, , , session] = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
    return Number(session) === process.pid;
  } catch {
    return false;
  }
}
