// Finds the load generators, or builds them: vegeta and k6 from their Go modules, oha from its crate, autocannon from
// its package; wrk has to be installed. What is built stays under node_modules/.cache.
import { execFileSync } from 'node:child_process';
import { cpSync, existsSync, mkdirSync, mkdtempSync, rmSync, symlinkSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';

/** Where what was built is kept. */
export const BIN = resolve('node_modules/.cache/rollproof-bench');
const VERSIONS = { vegeta: 'v12.12.0', k6: 'v1.8.1', oha: '1.16.0', autocannon: '8.0.0' } as const;

/**
 * A folder with every peer that is there or can be built, or only with those of some names, and the names of those that
 * are missing, with the reason.
 */
export function findPeers(names?: readonly string[]): {
  readonly bin: string;
  readonly missing: ReadonlyMap<string, string>;
} {
  mkdirSync(BIN, { recursive: true });
  const missing = new Map<string, string>();
  const need = (name: string, build: () => void) => {
    if (names?.includes(name) === false || existsSync(join(BIN, name))) return;
    // A link to what has gone since.
    rmSync(join(BIN, name), { force: true });
    const installed = onPath(name);
    if (installed !== undefined) {
      symlinkSync(installed, join(BIN, name));
      return;
    }
    try {
      console.log(`building ${name}`);
      build();
    } catch (error) {
      missing.set(name, error instanceof Error ? (error.message.split('\n')[0] ?? '') : String(error));
    }
  };
  need('vegeta', () => buildGo('vegeta', `github.com/tsenart/vegeta/v12@${VERSIONS.vegeta}`));
  need('k6', () => buildGo('k6', `go.k6.io/k6@${VERSIONS.k6}`));
  need('oha', () => {
    run('cargo', ['install', '--locked', '--root', BIN, `oha@${VERSIONS.oha}`]);
    symlinkSync(join(BIN, 'bin/oha'), join(BIN, 'oha'));
  });
  need('wrk', () => {
    throw new Error('install it (Debian: wrk)');
  });
  if (names?.includes('autocannon') !== false && !existsSync(join(BIN, 'node_modules/autocannon'))) {
    try {
      run('npm', ['install', '--prefix', BIN, '--no-save', '--silent', `autocannon@${VERSIONS.autocannon}`]);
    } catch {
      missing.set('autocannon', 'npm could not install it');
    }
  }
  return { bin: BIN, missing };
}

/** A module has no `main` for `go install` where it replaces others; a copy of it can be built. */
function buildGo(name: string, module: string): void {
  const env = { ...process.env, CGO_ENABLED: '0', GONOSUMDB: '*', GOFLAGS: '-buildvcs=false' };
  const { Dir } = JSON.parse(
    execFileSync('go', ['mod', 'download', '-json', module], { env, encoding: 'utf8' }),
  );
  const source = mkdtempSync(join(tmpdir(), `rollproof-${name}-`));
  try {
    cpSync(Dir, source, { recursive: true });
    execFileSync('chmod', ['-R', 'u+w', source]);
    execFileSync('go', ['build', '-mod=mod', '-trimpath', '-o', join(BIN, name), '.'], { cwd: source, env });
  } finally {
    rmSync(source, { recursive: true, force: true });
  }
}

function onPath(name: string): string | undefined {
  return (process.env.PATH ?? '')
    .split(':')
    .map((folder) => join(folder, name))
    .find((path) => existsSync(path));
}

function run(file: string, args: readonly string[]): void {
  execFileSync(file, args, { stdio: ['ignore', 'ignore', 'inherit'] });
}
