import { afterEach, describe, expect, it, vi } from 'vitest';
import { runCli } from '../../src/cli/run-cli.ts';

/** What a command line ends with, and what it says on stderr. */
async function said(...args: readonly string[]): Promise<{ exitCode: number; stderr: string }> {
  const written: string[] = [];
  vi.spyOn(process.stderr, 'write').mockImplementation((chunk) => written.push(String(chunk)) > 0);
  return { exitCode: await runCli(args), stderr: written.join('') };
}

describe('a command line that is not understood', () => {
  afterEach(() => vi.restoreAllMocks());

  it.each([
    [
      ['run', '--updaet', 'restart'],
      "Unknown option '--updaet'.",
      'Did you mean --update? rollproof run --help',
    ],
    [['rnu'], "Unknown command 'rnu'.", 'Did you mean run? rollproof --help'],
    [['probe'], "Missing required argument 'url'.", 'rollproof probe --help'],
    [['probe', 'http://127.0.0.1/', '--rate'], 'argument missing.', 'rollproof probe --help'],
    [['check', '--format', 'xml'], 'Allowed choices are text, json, github.', 'rollproof check --help'],
  ])('%j is bad input with a code and a remedy', async (args, what, remedy) => {
    const { exitCode, stderr } = await said(...args);
    expect(exitCode).toBe(2);
    expect(stderr).toMatch(/^RP1019 {2}[A-Z]/);
    expect(stderr).toContain(what);
    expect(stderr).toContain(remedy);
  });
});
