#!/usr/bin/env node
const args = process.argv.slice(2);

// `check` is over before the clients of clusters and registries would be loaded.
const { runCli } = args[0] === 'check' ? await import('./check-cli.ts') : await import('./run-cli.ts');

process.exitCode = await runCli(args);
