import { setTimeout as sleep } from 'node:timers/promises';
import type { KubeConfig } from '@kubernetes/client-node';
import type { DeploymentFact, RolloutOutcome } from '../model/recording.ts';
import {
  EMPTY_VIEW,
  isTerminating,
  lastingTrouble,
  type WorkloadView,
  withFact,
} from '../model/workload-view.ts';
import { deploymentFact, isPodOf, podFact } from '../platform/kube-facts.ts';
import type { KubeDeployment, KubeEvent, KubeList, KubePod } from '../platform/kube-objects.ts';
import { findKube, kubeRequest } from '../platform/kube-request.ts';
import { labelSelector } from '../platform/label-selector.ts';
import { listEndpoints } from './service-endpoints.ts';

export interface AwaitAvailableOptions {
  readonly kubeConfig: KubeConfig;
  readonly namespace: string;
  readonly deployment: string;
  readonly service: string;
  readonly timeoutMs: number;
  readonly signal: AbortSignal;
  /** Untrusted text: names of pods are in it. */
  progress?(line: string): void;
}

export type Availability =
  | { readonly kind: 'available' }
  /** The workload is at fault: what happened and the evidence. `detail` is untrusted text. */
  | { readonly kind: 'failed'; readonly outcome: RolloutOutcome; readonly detail: string };

/**
 * Waits until every replica of the Deployment is available and nothing of it is ending, and then until the Service
 * has as many ready endpoints (for a short while: what endpoints it ought to have is `findTarget`'s question).
 * A workload that can not become available is recognised within seconds and is a result.
 */
export async function awaitAvailable(options: AwaitAvailableOptions): Promise<Availability> {
  const openedMs = performance.now();
  const clock = () => performance.now() - openedMs;
  let availableAtMs: number | undefined;
  let told = '';
  for (let view = EMPTY_VIEW; ; ) {
    view = await look(options, view, clock());
    const failure = judge(view, clock());
    if (failure) return failure;
    let waitingFor = missing(view);
    if (waitingFor === undefined) {
      availableAtMs ??= clock();
      const wanted = view.deployment?.replicas ?? 0;
      const ready = (await listEndpoints(options)).filter((endpoint) => endpoint.ready).length;
      if (ready >= wanted || clock() - availableAtMs > ENDPOINTS_PATIENCE_MS) return { kind: 'available' };
      waitingFor = `Service ${options.service} to have endpoints: ${ready} of ${wanted} are ready`;
    } else {
      availableAtMs = undefined;
    }
    if (clock() > options.timeoutMs) {
      const why = (await newestWarning(options, view)) ?? '';
      return {
        kind: 'failed',
        outcome: 'timed-out',
        detail: `after ${options.timeoutMs / 1000} s still waiting for ${waitingFor}${why}`,
      };
    }
    if (waitingFor !== told) options.progress?.(`waiting for ${waitingFor}`);
    told = waitingFor;
    await sleep(POLL_MS, undefined, { signal: options.signal });
  }
}

const POLL_MS = 400;
const ENDPOINTS_PATIENCE_MS = 10_000;

function judge(view: WorkloadView, nowMs: number): Availability | undefined {
  if (!view.deployment)
    return { kind: 'failed', outcome: 'create-failed', detail: 'the Deployment does not exist' };
  if (view.deployment.paused)
    return { kind: 'failed', outcome: 'paused', detail: 'the Deployment is paused (spec.paused)' };
  const trouble = lastingTrouble(view, nowMs);
  return trouble ? { kind: 'failed', outcome: trouble.outcome, detail: trouble.detail } : undefined;
}

function missing({ deployment, pods }: WorkloadView): string | undefined {
  if (!deployment || deployment.observedGeneration < deployment.generation)
    return 'the Deployment controller';
  const { replicas, updatedReplicas, availableReplicas } = deployment;
  if (replicas === 0) return 'the Deployment to have replicas';
  if (updatedReplicas < replicas || availableReplicas < replicas) {
    return `pods to be available: ${availableReplicas} of ${replicas} are`;
  }
  return [...pods.values()].some(isTerminating) ? 'ending pods to be gone' : undefined;
}

/** The view after a fresh LIST. */
async function look(
  options: AwaitAvailableOptions,
  before: WorkloadView,
  atMs: number,
): Promise<WorkloadView> {
  const { kubeConfig, namespace, signal } = options;
  const deployment = await findDeployment(options);
  if (!deployment) return EMPTY_VIEW;
  const { items = [] } = await kubeRequest<KubeList<KubePod>>(kubeConfig, {
    path: `/api/v1/namespaces/${namespace}/pods`,
    query: { labelSelector: labelSelector(deployment.spec.selector) },
    signal,
  });
  const pods = items.filter((pod) => isPodOf(options.deployment, pod));
  const existing = new Set(pods.map(({ metadata }) => metadata.uid));
  const gone = [...before.pods.values()].filter(({ uid }) => !existing.has(uid));
  const facts: readonly Parameters<typeof withFact>[1][] = [
    { ...deploymentFact(deployment), atMs, change: 'listed' } satisfies DeploymentFact,
    ...gone.map((pod) => ({ ...pod, atMs, change: 'deleted' as const })),
    ...pods.map((pod) => ({ ...podFact(pod), atMs, change: 'listed' as const })),
  ];
  return facts.reduce(withFact, before);
}

async function findDeployment(options: AwaitAvailableOptions): Promise<KubeDeployment | undefined> {
  const { kubeConfig, namespace, deployment, signal } = options;
  const path = `/apis/apps/v1/namespaces/${namespace}/deployments/${deployment}`;
  return await findKube<KubeDeployment>(kubeConfig, { path, signal });
}

/** The kubelet's newest word on a pod that is not ready, for the reader who asks why. */
async function newestWarning(
  options: AwaitAvailableOptions,
  view: WorkloadView,
): Promise<string | undefined> {
  const { kubeConfig, namespace, signal } = options;
  const unready = new Set([...view.pods.values()].filter(({ ready }) => !ready).map(({ name }) => name));
  const query = { fieldSelector: 'type=Warning' };
  const path = `/api/v1/namespaces/${namespace}/events`;
  const { items = [] } = await kubeRequest<KubeList<KubeEvent>>(kubeConfig, { path, query, signal });
  const about = items.findLast(({ involvedObject }) => unready.has(involvedObject.name ?? ''));
  return about && `; ${about.involvedObject.name}: ${about.reason}: ${about.message}`;
}
