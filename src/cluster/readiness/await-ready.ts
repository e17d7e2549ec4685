import type { KubeConfig } from '@kubernetes/client-node';
import { EnvironmentError } from '../../model/problem.ts';
import type { KubeEvent, KubeList, KubeObject, KubePod } from '../../platform/kube-objects.ts';
import { kubeRequest } from '../../platform/kube-request.ts';
import { watchKube } from '../../platform/kube-watch.ts';
import {
  type ClusterState,
  imageTrouble,
  type NodeObject,
  podTrouble,
  type ReadinessGoal,
  type WorkloadObject,
  whatIsMissing,
} from './cluster-state.ts';

export interface AwaitReadyOptions extends ReadinessGoal {
  readonly kubeConfig: KubeConfig;
  /** Nodes, CNI and DNS must stand this long after the call. */
  readonly deadlineMs: number;
  readonly signal: AbortSignal;
  /** Told every few seconds what is still missing. */
  progress(line: string): void;
}

/**
 * Resolves once all nodes are Ready, the DaemonSets are ready on all of them and DNS is available, which watches tell.
 * Gives the cluster as it then is. Throws EnvironmentError that says what was missing, and why as far as pods and
 * events tell: at the deadline, or earlier where an image stays out of reach.
 */
export async function awaitReady(options: AwaitReadyOptions): Promise<ClusterState> {
  const { kubeConfig, signal } = options;
  const stop = new AbortController();
  let wake = Promise.withResolvers<void>();
  const follow = <T extends KubeObject>(path: string) => {
    const known = new Map<string, T>();
    const onChange = (change: string, object: T) => {
      if (change === 'deleted') known.delete(object.metadata.uid);
      else known.set(object.metadata.uid, object);
      wake.resolve();
    };
    const { ended } = watchKube<T>({
      kubeConfig,
      path,
      signal: AbortSignal.any([signal, stop.signal]),
      onChange,
    });
    return { known, ended };
  };
  const nodes = follow<NodeObject>('/api/v1/nodes');
  const daemonSets = follow<WorkloadObject>('/apis/apps/v1/daemonsets');
  const deployments = follow<WorkloadObject>('/apis/apps/v1/deployments');
  const pods = follow<KubePod>('/api/v1/pods');
  const lost = Promise.race([nodes.ended, daemonSets.ended, deployments.ended, pods.ended]);
  // Changes come from the watches; the clock is for the deadlines.
  const clock = setInterval(() => wake.resolve(), 1_000);
  try {
    const began = performance.now();
    let saidAt = began;
    let imagesMissingSince = Number.POSITIVE_INFINITY;
    for (;;) {
      const state: ClusterState = {
        nodes: [...nodes.known.values()],
        daemonSets: [...daemonSets.known.values()],
        deployments: [...deployments.known.values()],
        pods: [...pods.known.values()],
      };
      const missing = whatIsMissing(state, options);
      if (missing.length === 0) return state;
      const now = performance.now();
      const images = imageTrouble(state);
      imagesMissingSince = images.length > 0 ? Math.min(imagesMissingSince, now) : Number.POSITIVE_INFINITY;
      if (now - imagesMissingSince > IMAGE_PATIENCE_MS) throw await notReady(options, state, images);
      if (now - began > options.deadlineMs) throw await notReady(options, state, missing);
      if (now - saidAt > PROGRESS_EVERY_MS) {
        saidAt = now;
        options.progress(`waiting: ${missing.join('; ')}`);
      }
      await Promise.race([wake.promise, lost]);
      signal.throwIfAborted();
      wake = Promise.withResolvers<void>();
    }
  } finally {
    clearInterval(clock);
    stop.abort();
  }
}

/** A pull is tried again by the kubelet; one that fails this long is not going to succeed. */
const IMAGE_PATIENCE_MS = 45_000;
const PROGRESS_EVERY_MS = 5_000;

async function notReady(
  { kubeConfig, signal }: AwaitReadyOptions,
  state: ClusterState,
  missing: readonly string[],
): Promise<EnvironmentError> {
  const details = [...podTrouble(state), ...(await lastWarnings(kubeConfig, signal))];
  return new EnvironmentError({
    code: 'RP2102',
    what: `The cluster did not become ready: ${missing.join('; ')}.`,
    ...(details.length > 0 ? { why: details.join('\n') } : {}),
    remedy:
      'Look at the cluster logs beside the report. Images that nodes cannot pull can be loaded from Docker with `images`.',
  });
}

const WARNINGS = 10;

async function lastWarnings(kubeConfig: KubeConfig, signal: AbortSignal): Promise<readonly string[]> {
  try {
    const query = { fieldSelector: 'type=Warning', limit: '200' };
    const list = await kubeRequest<KubeList<KubeEvent>>(kubeConfig, {
      path: '/api/v1/events',
      query,
      signal,
    });
    const lines = (list.items ?? []).map(
      ({ involvedObject: { kind, name }, reason, message }) => `event ${kind} ${name}: ${reason}: ${message}`,
    );
    return [...new Set(lines)].slice(-WARNINGS);
  } catch {
    signal.throwIfAborted();
    // What is missing is known without them.
    return [];
  }
}
