// Builds what the Action and the CLI run: programs, each one file with everything it needs, under dist/. Only the
// command line is in several, so that a command loads what it uses.
import { rm } from 'node:fs/promises';
import { build } from 'esbuild';

const outdir = process.argv[2] ?? 'dist';

const shared = {
  bundle: true,
  platform: 'node',
  format: 'esm',
  target: 'node24',
  // Stack traces in bug reports name functions all the same.
  minify: true,
  keepNames: true,
  legalComments: 'none',
  logLevel: 'warning',
  loader: { '.css': 'text' },
  // Some packages are CommonJS inside and call require() for Node's own modules.
  banner: {
    js: "import { createRequire as __createRequire } from 'node:module'; const require = __createRequire(import.meta.url);",
  },
} as const;

const programs = {
  main: 'src/action/main.ts',
  post: 'src/action/post.ts',
  prober: 'src/prober/program/main.ts',
  reaper: 'src/cluster/reaper/main.ts',
  'sandbox-pod': 'src/cluster/sandbox/program/main.ts',
};

await rm(outdir, { recursive: true, force: true });
await build({ ...shared, entryPoints: programs, outdir });
await build({
  ...shared,
  entryPoints: { cli: 'src/cli/main.ts' },
  splitting: true,
  chunkNames: 'cli-[hash]',
  outdir,
});
