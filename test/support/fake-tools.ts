import { chmodSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { onTestFinished, vi } from 'vitest';

/** Stand-ins for programs, alone on PATH: what has no script does not exist. */
export interface FakeTools {
  /** Folder for what a script wants to remember; `$STATE` in scripts. */
  readonly state: string;
  /** Every call so far: `kind delete cluster --name x`. */
  calls(): readonly string[];
}

/**
 * Puts shell scripts on PATH in place of programs, by name. Each is called with the program's arguments; only what
 * the shell itself can do is there, and /bin/sleep and the like by their paths. Undone when the test has ended.
 */
export function fakeTools(scripts: Readonly<Record<string, string>>): FakeTools {
  const state = mkdtempSync(join(tmpdir(), 'rollproof-tools-'));
  const log = join(state, 'calls.log');
  writeFileSync(log, '');
  for (const [name, script] of Object.entries(scripts)) {
    const path = join(state, name);
    writeFileSync(path, `#!/bin/sh\nSTATE='${state}'\necho "${name} $*" >> '${log}'\n${script}\n`);
    chmodSync(path, 0o755);
  }
  vi.stubEnv('PATH', state);
  onTestFinished(() => {
    vi.unstubAllEnvs();
    rmSync(state, { recursive: true, force: true });
  });
  return {
    state,
    calls: () =>
      readFileSync(log, 'utf8')
        .split('\n')
        .filter((line) => line !== ''),
  };
}
