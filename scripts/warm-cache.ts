// `npm ci` ends with this: every source file is compiled once, so that the hundreds of processes that the tests start
// find it in Node's compile cache, the first time as well. Nothing rests on it: what is missing is compiled later.
import { spawnSync } from 'node:child_process';
import { globSync } from 'node:fs';
import { basename, resolve } from 'node:path';
import { NODE_FLAGS } from '../src/prober/vantage/node-flags.ts';
import { COMPILE_CACHE, TEST_FLAGS } from './test-node.ts';

/** They act when they are loaded. */
const PROGRAMS: ReadonlySet<string> = new Set(['main.ts', 'post.ts']);

const IMPORT_ALL = 'for (const file of process.argv.slice(1)) await import(file)';

const modules = globSync('src/**/*.ts')
  .filter((file) => !PROGRAMS.has(basename(file)))
  .map((file) => resolve(file));

// Code is remembered for the flags that it was compiled with.
for (const flags of [[], TEST_FLAGS])
  run([...flags, '--input-type=module', '--eval', IMPORT_ALL, ...modules]);
for (const flags of [[], NODE_FLAGS]) run([...flags, 'src/prober/program/main.ts']);
run(['src/cluster/sandbox/program/main.ts']);
run(['dist/cli.js', 'check', '--help']);

function run(args: readonly string[]): void {
  const env = { ...process.env, NODE_COMPILE_CACHE: COMPILE_CACHE };
  // Those that wait for orders end with their stdin.
  spawnSync(process.execPath, args, { env, input: '', stdio: ['pipe', 'ignore', 'ignore'], timeout: 60_000 });
}
