import type { Sandbox } from '../../src/cluster/sandbox/sandbox.ts';
import { type RolloutOptions, runRollout } from '../../src/rollout/rollout.ts';
import { kubeConfigOf } from '../cluster/sandbox/quick-sandbox.ts';

/** Rolls a Deployment of a sandbox as a run does it, with nothing to apply and nobody to tell. */
export function rollOnSandbox(
  sandbox: Sandbox,
  rolled: Pick<RolloutOptions, 'namespace' | 'scenario' | 'observation' | 'clock' | 'emit'> &
    Partial<RolloutOptions>,
): ReturnType<typeof runRollout> {
  return runRollout({
    cluster: {
      kubeConfig: kubeConfigOf(sandbox),
      provider: 'sandbox',
      nodes: sandbox.nodes,
      kubeconfigPath: '/nowhere/kubeconfig',
    },
    updatedObjects: [],
    applyObjects: () => Promise.resolve(),
    workingDirectory: '.',
    progress: () => {},
    signal: new AbortController().signal,
    ...rolled,
  });
}
