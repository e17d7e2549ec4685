import { type ChildProcess, spawn } from 'node:child_process';
import { mkdtempSync, readFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { GateResult, RequestCounts } from '../../src/model/verdict.ts';

/** One run of the built CLI, as a user starts it. */
export interface RollproofRun {
  readonly process: ChildProcess;
  readonly outputDir: string;
  /** Everything printed so far, stdout and stderr together. */
  output(): string;
  /** Resolves when the given text has been printed; rejects when the run ended without it. */
  printed(text: string | RegExp): Promise<void>;
  readonly ended: Promise<{ readonly exitCode: number | null; readonly output: string }>;
  /** Parsed `result.json`; only after `ended`. */
  result(): GateResult;
}

/** Starts `rollproof` from dist/, so that what is tested is what ships. */
export function runRollproof(
  args: readonly string[],
  options: { readonly env?: Readonly<Record<string, string>>; readonly cwd?: string } = {},
): RollproofRun {
  const outputDir = mkdtempSync(join(tmpdir(), 'rollproof-e2e-'));
  const takesOutput = args[0] === 'run' || args[0] === 'demo';
  const child = spawn(
    process.execPath,
    [join(process.cwd(), 'dist/cli.js'), ...args, ...(takesOutput ? ['--output', outputDir] : [])],
    {
      cwd: options.cwd ?? process.cwd(),
      env: { ...process.env, CI: 'true', ...options.env },
      stdio: ['ignore', 'pipe', 'pipe'],
    },
  );
  let output = '';
  const listeners = new Set<() => void>();
  for (const stream of [child.stdout, child.stderr]) {
    stream.setEncoding('utf8').on('data', (chunk: string) => {
      output += chunk;
      for (const listener of listeners) listener();
    });
  }
  const ended = new Promise<{ exitCode: number | null; output: string }>((resolve) => {
    child.on('close', (exitCode) => resolve({ exitCode, output }));
  });
  return {
    process: child,
    outputDir,
    output: () => output,
    printed: (text) =>
      new Promise((resolve, reject) => {
        const check = () => {
          if (typeof text === 'string' ? output.includes(text) : text.test(output)) {
            listeners.delete(check);
            resolve();
          }
        };
        listeners.add(check);
        void ended.then(() => reject(new Error(`ended without printing ${text}:\n${output}`)));
        check();
      }),
    ended,
    result: () => JSON.parse(readFileSync(join(outputDir, 'result.json'), 'utf8')),
  };
}

/** The laws every count has to obey; a violation names the law. */
export function brokenLaws(counts: RequestCounts): string[] {
  const laws: Record<string, boolean> = {
    'scheduled = sent + unsent': counts.scheduled === counts.sent + counts.unsent,
    'sent = ok + dropped + notJudged': counts.sent === counts.ok + counts.dropped + counts.notJudged,
  };
  return Object.entries(laws)
    .filter(([, holds]) => !holds)
    .map(([law]) => law);
}
