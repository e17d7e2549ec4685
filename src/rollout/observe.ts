import { setTimeout as sleep } from 'node:timers/promises';
import type { Change, RecordingEntry } from '../model/recording.ts';
import { EMPTY_VIEW, type WorkloadView, withFact } from '../model/workload-view.ts';
import {
  deploymentFact,
  endpointsFact,
  isPodOf,
  isReplicaSetOf,
  podFact,
  replicaSetFact,
} from '../platform/kube-facts.ts';
import type {
  KubeDeployment,
  KubeEndpointSlice,
  KubeEvent,
  KubeObject,
  KubePod,
  KubeReplicaSet,
} from '../platform/kube-objects.ts';
import { type KubeWatch, watchKube } from '../platform/kube-watch.ts';
import { ExitCodeKeeper } from './exit-code-keeper.ts';
import type { WorkloadPlace } from './list-workload.ts';
import { observeInfrastructure } from './observe-infrastructure.ts';

export interface ObserveOptions extends Omit<WorkloadPlace, 'signal'> {
  /** Name of the Service that is probed. */
  readonly service: string;
  /** Milliseconds since the recording opened. */
  clock(): number;
  emit(entry: RecordingEntry): void;
  readonly silenceMs?: number;
  /**
   * Pods may be held until they tell how they ended: only where nothing of theirs outlives the cluster, because a
   * finalizer that stays keeps its namespace from ever going.
   */
  readonly mayHoldPods?: boolean;
}

export interface Observation extends AsyncDisposable {
  /** What is known of the workload now. */
  view(): WorkloadView;
  /** Resolves at the next fact, or after this long. Rejects when a watch is lost for good, or on abort. */
  nextFact(withinMs: number, signal: AbortSignal): Promise<void>;
  /**
   * From now on these pods stay until they have told how their containers ended, where pods may be held: nothing
   * happens elsewhere. Never fails.
   */
  holdPods(pods: readonly KubePod[], signal: AbortSignal): Promise<void>;
  /** Closes all watches and lets go of every pod that is held; idempotent. */
  [Symbol.asyncDispose](): Promise<void>;
}

/**
 * Watches the Deployment, its ReplicaSets and pods, the Service's EndpointSlices and the events about them, and emits
 * every change as a fact with its time of arrival. Resolves when all that exists has been told as `listed`.
 * Nodes and infrastructure pods are watched too; where that is forbidden, a note says so.
 */
export async function observe(options: ObserveOptions): Promise<Observation> {
  const stop = new AbortController();
  const { namespace, deployment, service, clock } = options;
  let view = EMPTY_VIEW;
  let told = Promise.withResolvers<void>();
  const emit = (entry: RecordingEntry) => {
    view = withFact(view, entry);
    options.emit(entry);
    told.resolve();
    told = Promise.withResolvers();
  };
  const common = (resource: string) => ({
    kubeConfig: options.kubeConfig,
    signal: stop.signal,
    ...(options.silenceMs === undefined ? {} : { silenceMs: options.silenceMs }),
    onRelisted(why: string) {
      const text = `the watch of ${resource} was interrupted and its subject listed anew: ${why}`;
      emit({ kind: 'note', atMs: clock(), level: 'info', subject: 'watch-relisted', text });
    },
  });
  const keeper = options.mayHoldPods ? new ExitCodeKeeper({ ...options, emit }) : undefined;
  const arrival = (change: Change) => ({ atMs: clock(), change });
  let past = true;

  const watches: readonly KubeWatch[] = [
    watchKube<KubeDeployment>({
      ...common('the Deployment'),
      path: `/apis/apps/v1/namespaces/${namespace}/deployments`,
      query: { fieldSelector: `metadata.name=${deployment}` },
      onChange: (change, object) => emit({ ...deploymentFact(object), ...arrival(change) }),
    }),
    watchKube<KubeReplicaSet>({
      ...common('the ReplicaSets'),
      path: `/apis/apps/v1/namespaces/${namespace}/replicasets`,
      onChange(change, object) {
        if (isReplicaSetOf(deployment, object)) emit({ ...replicaSetFact(object), ...arrival(change) });
      },
    }),
    watchKube<KubePod>({
      ...common('the pods'),
      path: `/api/v1/namespaces/${namespace}/pods`,
      onChange(change, object) {
        if (!isPodOf(deployment, object)) return;
        emit({ ...podFact(object), ...arrival(change) });
        keeper?.see(change, object);
      },
    }),
    watchKube<KubeEndpointSlice>({
      ...common('the EndpointSlices'),
      path: `/apis/discovery.k8s.io/v1/namespaces/${namespace}/endpointslices`,
      query: { labelSelector: `kubernetes.io/service-name=${service}` },
      onChange(change, object) {
        const fact = { ...endpointsFact(object), ...arrival(change) };
        emit(fact);
        keeper?.seeEndpoints(fact);
      },
    }),
    watchKube<KubeEvent>({
      ...common('the events'),
      path: `/api/v1/namespaces/${namespace}/events`,
      onChange(change, event) {
        // What happened before the observation began is another story; an event's own expiry is none at all.
        if (past || change === 'deleted' || !isAbout(deployment, event.involvedObject)) return;
        emit(eventFact(event, clock()));
      },
    }),
  ];
  const infrastructure = observeInfrastructure({
    kubeConfig: options.kubeConfig,
    signal: stop.signal,
    namespace,
    clock,
    emit,
  });

  const close = async () => {
    stop.abort();
    await Promise.allSettled([...watches.map(({ ended }) => ended), infrastructure.ended]);
    await keeper?.[Symbol.asyncDispose]();
  };
  try {
    await Promise.all([...watches.map(({ listed }) => listed), infrastructure.ready]);
    past = false;
  } catch (error) {
    await close();
    throw error;
  }
  // "No events" must never be taken for "nothing happened": a lost watch ends whoever waits for facts.
  const lost = Promise.all(watches.map(({ ended }) => ended)).then(() => {});
  lost.catch(() => {});
  return {
    view: () => view,
    async nextFact(withinMs, signal) {
      const over = new AbortController();
      const deadline = sleep(withinMs, undefined, { signal: AbortSignal.any([signal, over.signal]) });
      deadline.catch(() => {});
      try {
        await Promise.race([told.promise, lost, deadline]);
      } finally {
        over.abort();
      }
      signal.throwIfAborted();
    },
    async holdPods(pods, signal) {
      await keeper?.hold(pods, signal);
    },
    [Symbol.asyncDispose]: close,
  };
}

function isAbout(deployment: string, { kind, name = '' }: KubeEvent['involvedObject']): boolean {
  if (kind === 'Deployment') return name === deployment;
  return (kind === 'ReplicaSet' || kind === 'Pod') && name.startsWith(`${deployment}-`);
}

function eventFact(
  { involvedObject, reason, type, message }: KubeEvent & KubeObject,
  atMs: number,
): RecordingEntry {
  return {
    kind: 'event',
    atMs,
    object: `${involvedObject.kind ?? ''}/${involvedObject.name ?? ''}`,
    reason: reason ?? '',
    type: type ?? '',
    message: message ?? '',
  };
}
