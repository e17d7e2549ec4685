import type { KubeConfig } from '@kubernetes/client-node';
import { EnvironmentError } from '../../model/problem.ts';
import type { KubeEvent, KubeList, KubeObject, KubePod } from '../../platform/kube-objects.ts';
import { kubeRequest } from '../../platform/kube-request.ts';
import { watchKube } from '../../platform/kube-watch.ts';
import {
  type ClusterState,
  type NodeObject,
  podTrouble,
  type ReadinessGoal,
  unreachableImages,
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
      const images = unreachableImages(state);
      imagesMissingSince = images.length > 0 ? Math.min(imagesMissingSince, now) : Number.POSITIVE_INFINITY;
      if (now - imagesMissingSince > IMAGE_PATIENCE_MS) throw await imagesMissing(options, state, images);
      if (now - began > options.deadlineMs) throw await notReady(options, state, missing);
      if (now - saidAt > PROGRESS_EVERY_MS) {
        saidAt = now;
        options.progress(
          `waiting: ${missing[0]}${missing.length > 1 ? ` (and for ${missing.length - 1} more)` : ''}`,
        );
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
  options: AwaitReadyOptions,
  state: ClusterState,
  missing: readonly string[],
): Promise<EnvironmentError> {
  return new EnvironmentError({
    code: 'RP2102',
    what: `The cluster did not become ready: ${missing.join('; ')}.`,
    ...(await evidence(options, state)),
    remedy: 'Look at the cluster logs beside the report, and run `rollproof doctor`.',
  });
}

async function imagesMissing(
  options: AwaitReadyOptions,
  state: ClusterState,
  images: readonly string[],
): Promise<EnvironmentError> {
  return new EnvironmentError({
    code: 'RP2108',
    what: `The cluster did not become ready: its nodes cannot pull ${images.join(', ')}.`,
    ...(await evidence(options, state)),
    remedy: `Pull on this machine what they cannot (\`docker pull ${images[0]}\`): what Docker holds is loaded into them.`,
  });
}

const LINES = 8;
const LINE_LENGTH = 300;

/** Why, as far as pods and the last warnings tell. */
async function evidence(
  { kubeConfig, signal }: AwaitReadyOptions,
  state: ClusterState,
): Promise<{ readonly why?: string }> {
  const pods = podTrouble(state).slice(0, LINES);
  const warnings = (await warningsOf(kubeConfig, signal)).slice(-LINES);
  const lines = [...pods, ...warnings].map((line) =>
    line.length > LINE_LENGTH ? `${line.slice(0, LINE_LENGTH)}…` : line,
  );
  return lines.length > 0 ? { why: lines.join('\n') } : {};
}

async function warningsOf(kubeConfig: KubeConfig, signal: AbortSignal): Promise<readonly string[]> {
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
    return [...new Set(lines)];
  } catch {
    signal.throwIfAborted();
    // What is missing is known without them.
    return [];
  }
}
