import type { Cluster } from '../cluster/cluster-provider.ts';
import { EnvironmentError } from '../model/problem.ts';
import type { TargetKind } from '../model/scenario.ts';
import { applyObject } from '../platform/kube-apply.ts';
import { awaitAvailable } from './await-available.ts';
import {
  STEADY_CONTROL_NAME,
  STEADY_CONTROL_PORT,
  steadyControlManifests,
} from './steady-control-manifests.ts';
import { findTarget, type Target } from './target-address.ts';

export interface SteadyControlOptions {
  readonly cluster: Cluster;
  readonly namespace: string;
  /** How it is probed: the same way as the Deployment under test. */
  readonly target: TargetKind;
  /** `host-port`: the node it must run on, that of the probed pod. */
  readonly entryNode?: string;
  /** Image with Node in it, for clusters where CoreDNS's image is not known to be on the nodes. */
  readonly proberImage: string;
  readonly signal: AbortSignal;
}

/** The steady control's address, and what a request to it is. */
export interface SteadyControl extends Target {
  readonly path: string;
}

/**
 * Deploys a small workload of our own that is not rolled, to be probed the same way at the same time: where it drops
 * requests too, the cluster or the runner is to blame. Resolves when it is available.
 * Throws EnvironmentError (RP2502) where it does not become so.
 */
export async function deploySteadyControl(options: SteadyControlOptions): Promise<SteadyControl> {
  const { cluster, namespace, target, signal } = options;
  const { kubeConfig } = cluster;
  for (const manifest of steadyControlManifests({ ...options, coreDnsImage: cluster.coreDnsImage })) {
    await applyObject(kubeConfig, manifest, signal);
  }
  const workload = { namespace, deployment: STEADY_CONTROL_NAME, service: STEADY_CONTROL_NAME };
  const availability = await awaitAvailable({ ...workload, kubeConfig, timeoutMs: 120_000, signal });
  if (availability.kind === 'failed') throw failure(`${availability.outcome}: ${availability.detail}`);
  const search = await findTarget({ ...workload, cluster, servicePort: STEADY_CONTROL_PORT, target, signal });
  if (search.kind !== 'found') throw failure(search.problem.what);
  return { ...search.target, path: '/health' };
}

function failure(why: string): EnvironmentError {
  return new EnvironmentError({
    code: 'RP2502',
    what: 'The steady control, a small Deployment of Rollproof’s own, did not become available.',
    why,
    remedy: 'Look at the pods in the kept cluster (--keep); the nodes may lack memory, disk or the image.',
  });
}
