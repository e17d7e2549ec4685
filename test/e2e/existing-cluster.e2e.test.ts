import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { kindCluster } from '../support/kind-cluster.ts';
import { runRollproof } from '../support/run-rollproof.ts';

const NAME = 'existing-for-rollproof';
const IMAGES = ['nginx:1.22', 'node:24-slim'];
const cluster = kindCluster(NAME);
const { kubeconfig, kubectl } = cluster;

describe('in an existing cluster', () => {
  beforeAll(() => cluster.boot(IMAGES));
  afterAll(() => cluster.remove());

  it('probes from a pod, in a namespace of its own, and leaves nothing behind', async () => {
    const before = everything();
    const run = runRollproof(
      ['run', '-f', 'test/e2e/apps/known-good.yaml', '--connection', 'new', '--context', `kind-${NAME}`],
      { env: { KUBECONFIG: kubeconfig } },
    );
    const { exitCode, output } = await run.ended;
    expect(exitCode, output).toBe(0);
    const [scenario] = run.result().scenarios;
    expect(scenario?.verdict).toBe('pass');
    expect(scenario?.runs[0]?.served).toMatchObject({ how: 'inferred' });
    const recording = readFileSync(join(run.outputDir, 'recordings/01-new-connections-run-1.ndjson'), 'utf8');
    // What nobody would remove should we be killed is not put on any pod.
    expect(recording).not.toContain('exit-codes-kept');
    expect(recording).not.toContain('"held":');
    await everythingIs(before);
  });

  it('refuses what is not inside of a namespace, before anything is applied', async () => {
    const before = everything();
    const run = runRollproof(
      ['run', '-f', 'test/e2e/apps/cluster-scoped.yaml', '--context', `kind-${NAME}`],
      { env: { KUBECONFIG: kubeconfig } },
    );
    const { exitCode, output } = await run.ended;
    expect(exitCode, output).toBe(2);
    expect(output).toMatch(/cluster-scoped\.yaml:\d+:\d+/);
    expect(output).toContain('RP1502');
    await everythingIs(before);
  });
});

/** A namespace that is being deleted takes its content with it a moment later. */
async function everythingIs(expected: readonly string[]): Promise<void> {
  await expect.poll(everything, { timeout: 90_000, interval: 1_000 }).toEqual(expected);
}

/** Names of all namespaces and of what Rollproof could have made in the ones that were there before. */
function everything(): string[] {
  const kinds = 'namespaces,clusterroles,deployments,services,configmaps';
  return kubectl('get', kinds, '--all-namespaces', '-o', 'name').trim().split('\n').sort();
}
