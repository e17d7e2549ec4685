import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { afterEach, describe, expect, it } from 'vitest';
import type { ScenarioResult } from '../../src/model/verdict.ts';
import { brokenLaws, type RollproofRun, runRollproof } from '../support/run-rollproof.ts';

const APPS = 'test/e2e/apps';
const ONE_SCENARIO = ['--connection', 'new'];

describe('the gate on a real kind cluster', () => {
  afterEach(() => {
    expect(clusters()).toEqual([]);
  });

  it('turns red on a Deployment that stops before its endpoints are gone', async () => {
    const run = runRollproof(['run', '-f', `${APPS}/known-bad.yaml`, ...ONE_SCENARIO]);
    const { exitCode, output } = await run.ended;
    const scenario = onlyScenario(run);
    expect({ exitCode, verdict: scenario.verdict }, output).toEqual({ exitCode: 1, verdict: 'dropped' });
    expect(scenario.requests.dropped).toBeGreaterThan(0);
    expect(scenario.longestOutageMs).toBeGreaterThan(0);
    expect(scenario.runs[0]?.steady.dropped).toBe(0);
    expect(scenario.findings?.[0]?.cause).toBe('stops-before-endpoint-removal');
    expect(scenario.runs[0]?.rollout).toMatchObject({ outcome: 'completed', replacedPods: 2 });
    expectSums(scenario);
  });

  it('proves the fix of that Deployment without touching its file, and stays red', async () => {
    const app = `${APPS}/known-bad.yaml`;
    const before = readFileSync(app, 'utf8');
    const run = runRollproof(['run', '-f', app, ...ONE_SCENARIO, '--try-fix']);
    const { exitCode, output } = await run.ended;
    const scenario = onlyScenario(run);
    const [finding] = scenario.findings;
    expect({ exitCode, verdict: scenario.verdict }, output).toEqual({ exitCode: 1, verdict: 'dropped' });
    expect(finding?.fix, output).toMatchObject({
      state: 'proven',
      trials: { runs: 3, passed: 3, before: scenario.requests.dropped, dropped: 0 },
    });
    expect(finding?.fix?.place).toMatchObject({ file: app });
    expect(readFileSync(app, 'utf8')).toBe(before);
    const again = runRollproof(['report', run.outputDir]);
    expect((await again.ended).output).toContain(`Proven: ${scenario.requests.dropped} → 0 in 3 of 3 runs`);
  });

  it('stays green on the same Deployment with a preStop hook, over new and over kept-alive connections', async () => {
    const run = runRollproof(['run', '-f', `${APPS}/known-good.yaml`]);
    const { exitCode, output } = await run.ended;
    expect(exitCode, output).toBe(0);
    const { scenarios } = run.result();
    expect(scenarios.map(({ verdict }) => verdict)).toEqual(['pass', 'pass']);
    for (const scenario of scenarios) {
      expect(scenario.requests).toMatchObject({ dropped: 0, notJudged: 0, unsent: 0 });
      expect(scenario.runs[0]?.guards.filter(({ held }) => !held)).toEqual([]);
      expect(scenario.runs[0]?.served).toMatchObject({ how: 'conntrack' });
      expect(scenario.runs[0]?.rollout).toMatchObject({ outcome: 'completed', replacedPods: 2 });
      expectSums(scenario);
    }
  });

  it('gives no verdict where the prober is stopped over the rollout', async () => {
    const run = runRollproof(['run', '-f', `${APPS}/known-bad.yaml`, ...ONE_SCENARIO, '--baseline', '8s']);
    await run.printed('baseline');
    const probers = proberPids();
    expect(probers).not.toEqual([]);
    for (const pid of probers) process.kill(pid, 'SIGSTOP');
    const { exitCode, output } = await run.ended;
    const scenario = onlyScenario(run);
    expect({ exitCode, verdict: scenario.verdict }, output).toEqual({ exitCode: 3, verdict: 'inconclusive' });
    expectSums(scenario);
  });

  it('does not call an update that replaces nothing a pass', async () => {
    const run = runRollproof([
      'run',
      ...['-f', `${APPS}/known-good.yaml`, ...ONE_SCENARIO],
      ...['--update', 'command:kubectl -n $ROLLPROOF_NAMESPACE annotate deployment web note=unchanged'],
    ]);
    const { exitCode, output } = await run.ended;
    const scenario = onlyScenario(run);
    expect({ exitCode, verdict: scenario.verdict }, output).toEqual({
      exitCode: 4,
      verdict: 'rollout-failed',
    });
    expect(scenario.runs[0]?.rollout).toMatchObject({ outcome: 'nothing-replaced', replacedPods: 0 });
    expectSums(scenario);
  });

  it('recognises an image that can not be pulled within 30 s of the kubelet saying so', async () => {
    const run = runRollproof([
      'run',
      ...['-f', `${APPS}/known-good.yaml`, ...ONE_SCENARIO],
      ...['--update', 'image:web=registry.invalid/absent:1'],
    ]);
    const { exitCode, output } = await run.ended;
    const scenario = onlyScenario(run);
    expect({ exitCode, verdict: scenario.verdict }, output).toEqual({
      exitCode: 4,
      verdict: 'rollout-failed',
    });
    expect(scenario.runs[0]?.rollout).toMatchObject({ outcome: 'image-pull-failed' });
    expect(scenario.runs[0]?.rollout.durationMs).toBeLessThan(30_000);
    expectSums(scenario);
  });

  it('gives no verdict where the unchanged workload already fails, and does not trigger the update', async () => {
    const run = runRollproof([
      'run',
      '-f',
      `${APPS}/broken-baseline.yaml`,
      ...ONE_SCENARIO,
      '--path',
      '/absent',
    ]);
    const { exitCode, output } = await run.ended;
    const scenario = onlyScenario(run);
    expect({ exitCode, verdict: scenario.verdict }, output).toEqual({ exitCode: 3, verdict: 'inconclusive' });
    expect(scenario.reasons.map(({ code }) => code)).toContain('baseline-failing');
    expect(scenario.runs[0]?.phases.during.scheduled).toBe(0);
    expectSums(scenario);
  });
});

function onlyScenario(run: RollproofRun): ScenarioResult {
  const { scenarios } = run.result();
  expect(scenarios).toHaveLength(1);
  return scenarios[0] as ScenarioResult;
}

function expectSums(scenario: ScenarioResult): void {
  expect(brokenLaws(scenario.requests)).toEqual([]);
  for (const run of scenario.runs) {
    expect(Object.values(run.phases).flatMap(brokenLaws)).toEqual([]);
    expect(brokenLaws(run.steady)).toEqual([]);
    const scheduled = Object.values(run.phases).reduce((sum, phase) => sum + phase.scheduled, 0);
    expect(scheduled).toBe(run.requests.scheduled);
  }
}

function clusters(): string[] {
  return execFileSync('kind', ['get', 'clusters'], { encoding: 'utf8', stdio: ['ignore', 'pipe', 'ignore'] })
    .split('\n')
    .filter((name) => name.startsWith('rollproof-'));
}

/**
 * The probers in the node, as this machine sees them: the one that measures, and the one that asks pods at their own
 * addresses. Whatever only carries their stdio does not start like this.
 */
function proberPids(): readonly number[] {
  const found = execFileSync('pgrep', ['-f', '^/var/lib/rollproof/.*prober\\.mjs'], { encoding: 'utf8' });
  return found.trim().split('\n').map(Number);
}
