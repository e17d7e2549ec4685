import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, onTestFinished } from 'vitest';

/** An empty folder that is gone when the test has ended. */
export function tempFolder(): string {
  const path = mkdtempSync(join(tmpdir(), 'rollproof-test-'));
  onTestFinished(() => rmSync(path, { recursive: true, force: true }));
  return path;
}

/** Makes empty folders, also for tests that run at the same time; all are gone with the file's tests. Call it at the file's top. */
export function tempFolders(): () => string {
  const parent = mkdtempSync(join(tmpdir(), 'rollproof-test-'));
  afterAll(() => rmSync(parent, { recursive: true, force: true }));
  return () => mkdtempSync(join(parent, 'folder-'));
}
