// Fails where dist/ is not what the sources give: the Action runs dist/, so a stale one ships old behaviour.
import { execFileSync } from 'node:child_process';
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

const fresh = mkdtempSync(join(tmpdir(), 'rollproof-dist-'));
try {
  execFileSync(process.execPath, ['scripts/build.ts', fresh], { stdio: 'inherit' });
  const names = [...new Set([...listing(fresh), ...listing('dist')])].sort();
  const stale = names.filter((name) => content(join(fresh, name)) !== content(join('dist', name)));
  if (stale.length > 0) {
    console.error(
      `dist/ is stale: ${stale.join(', ')}\nRun: npm run build, and commit dist/ with the sources.`,
    );
    process.exitCode = 1;
  }
} finally {
  rmSync(fresh, { recursive: true, force: true });
}

function listing(directory: string): string[] {
  try {
    return readdirSync(directory);
  } catch {
    return [];
  }
}

function content(path: string): string | undefined {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return undefined;
  }
}
