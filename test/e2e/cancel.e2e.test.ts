import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { describe, expect, it } from 'vitest';
import { runRollproof } from '../support/run-rollproof.ts';

const ARGS = ['run', '-f', 'test/e2e/apps/known-good.yaml', '--connection', 'new'];

describe('whatever ends the run', () => {
  it('Ctrl-C in the middle of a rollout removes the cluster, keeps the recording, and ends with 130', async () => {
    const run = runRollproof(ARGS);
    await run.printed('update triggered');
    run.process.kill('SIGINT');
    const { exitCode, output } = await run.ended;
    expect(exitCode, output).toBe(130);
    expect(leftovers()).toEqual([]);
    const recording = readFileSync(join(run.outputDir, 'recordings/01-new-connections-run-1.ndjson'), 'utf8');
    expect(recording.trimEnd().split('\n').at(-1)).toContain('"reason":"cancelled"');
  });

  it('a kill that nobody can catch leaves the clean-up to the reaper', async () => {
    const run = runRollproof(ARGS);
    await run.printed('the control plane is up');
    run.process.kill('SIGKILL');
    await run.ended;
    for (const deadline = Date.now() + 60_000; leftovers().length > 0 && Date.now() < deadline; )
      await sleep(500);
    expect(leftovers()).toEqual([]);
  });
});

/** Containers of our clusters, stopped ones included. */
function leftovers(): string[] {
  const format = '{{.Label "io.x-k8s.kind.cluster"}}';
  return execFileSync('docker', ['ps', '--all', '--format', format], { encoding: 'utf8' })
    .split('\n')
    .filter((cluster) => cluster.startsWith('rollproof-'));
}
