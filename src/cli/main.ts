#!/usr/bin/env node
import { ignoreBrokenPipes } from '../platform/broken-pipe.ts';
import { nodeTooOld } from './node-version.ts';

const args = process.argv.slice(2);

/** The program itself; `check` is over before the clients of clusters and registries would be loaded. */
async function run(): Promise<number> {
  const { runCli } = args[0] === 'check' ? await import('./check-cli.ts') : await import('./run-cli.ts');
  return await runCli(args);
}

ignoreBrokenPipes(process.stdout, process.stderr);

// Asked first: an older Node fails while it loads the rest, with words that help nobody, and with the exit code of a
// verdict.
const complaint = nodeTooOld(process.versions.node);
if (complaint !== undefined) process.stderr.write(`${complaint}\n`);
process.exitCode = complaint === undefined ? await run() : 5;
