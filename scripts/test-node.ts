import { resolve } from 'node:path';

/** Where the processes that tests start find their compiled sources. */
export const COMPILE_CACHE = resolve(import.meta.dirname, '../node_modules/.cache/node');

/** A test runs its code a few times: making it fast takes more of the processor than it ever gives back. */
export const TEST_FLAGS: readonly string[] = ['--no-turbofan'];
