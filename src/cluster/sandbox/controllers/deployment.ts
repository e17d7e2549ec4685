import { createHash } from 'node:crypto';
import type { DeploymentCondition } from 'kubernetes-types/apps/v1.js';
import {
  controlledBy,
  type Deployment,
  isControlledBy,
  isPodActive,
  type ReplicaSet,
} from '../api/objects.ts';
import { DEPLOYMENTS, PODS, REPLICA_SETS } from '../api/resources.ts';
import { canonicalJson, isJsonObject, sameJson } from '../json.ts';
import { type ControllerContext, type ControllerLoop, keyOf, ownerKeys, parseKey } from './controller.ts';
import { rolloutBounds } from './rollout-arithmetic.ts';

const MANAGER = 'kube-controller-manager';
const HASH_LABEL = 'pod-template-hash';
const REVISION = 'deployment.kubernetes.io/revision';
const DESIRED = 'deployment.kubernetes.io/desired-replicas';
const MAX = 'deployment.kubernetes.io/max-replicas';

/** Moves a Deployment from old ReplicaSets to the one of its template, within surge and unavailability. */
export function deploymentLoop(context: ControllerContext): ControllerLoop {
  const { api } = context;
  return {
    concerns({ resource, object }) {
      if (resource === DEPLOYMENTS) return [keyOf(object)];
      if (resource === REPLICA_SETS) return ownerKeys(object, 'Deployment');
      // Recreate waits for the old pods to be gone, which no ReplicaSet tells.
      return resource === PODS && object.metadata.deletionTimestamp ? deploymentsOfPod(object) : [];
    },
    reconcile(key) {
      const { namespace, name } = parseKey(key);
      const deployment = api.find(DEPLOYMENTS, namespace, name);
      return deployment && !deployment.metadata.deletionTimestamp
        ? new Rollout(context, deployment).step()
        : undefined;
    },
  };

  function deploymentsOfPod(pod: Parameters<typeof ownerKeys>[0]): string[] {
    return ownerKeys(pod, 'ReplicaSet').flatMap((key) => {
      const replicaSet = api.find(REPLICA_SETS, parseKey(key).namespace, parseKey(key).name);
      return replicaSet ? ownerKeys(replicaSet, 'Deployment') : [];
    });
  }
}

/** One look at one Deployment. */
class Rollout {
  readonly #context: ControllerContext;
  readonly #deployment: Deployment;
  readonly #replicas: number;
  #current: ReplicaSet | undefined;
  #old: ReplicaSet[];

  constructor(context: ControllerContext, deployment: Deployment) {
    this.#context = context;
    this.#deployment = deployment;
    this.#replicas = deployment.spec.replicas ?? 1;
    const all = context.api.store
      .list(REPLICA_SETS, deployment.metadata.namespace)
      .filter((set) => isControlledBy(set, deployment));
    this.#current = all
      .filter((set) => sameJson(templateOf(set), deployment.spec.template))
      .sort(byRevision)[0];
    this.#old = all.filter((set) => set !== this.#current);
  }

  step(): number | undefined {
    const { paused, strategy } = this.#deployment.spec;
    if (paused) this.#scaleWithoutRollout();
    else if (strategy?.type === 'Recreate') this.#recreate();
    else this.#roll();
    if (!paused) this.#forgetOldRevisions();
    return this.#writeStatus();
  }

  #scaleWithoutRollout(): void {
    const active = [this.#current, ...this.#old]
      .filter((set) => set !== undefined)
      .filter((set) => wanted(set) > 0);
    const [only] = active;
    if (active.length === 1 && only) this.#scale(only, this.#replicas);
  }

  #recreate(): void {
    for (const set of this.#old) this.#scale(set, 0);
    const oldPods = this.#context.api.store
      .list(PODS, this.#deployment.metadata.namespace)
      .filter((pod) => isPodActive(pod) && this.#old.some((set) => isControlledBy(pod, set)));
    if (oldPods.length > 0) return;
    this.#ensureCurrent(this.#replicas);
    if (this.#current) this.#scale(this.#current, this.#replicas);
  }

  /**
   * One step of a rolling update: grows the new ReplicaSet as far as the surge allows, and only where there is nothing to
   * grow shrinks the old ones. The write of one step, and every pod that becomes available, brings the next look.
   */
  #roll(): void {
    const { maxSurge, maxUnavailable } = rolloutBounds(this.#deployment);
    const total = () => this.#all().reduce((sum, set) => sum + wanted(set), 0);
    const room = () => this.#replicas + maxSurge - total();
    this.#ensureCurrent(Math.max(0, Math.min(this.#replicas, room())));
    const current = this.#current;
    if (!current) return;
    const growth = Math.min(this.#replicas, wanted(current) + Math.max(0, room()));
    if (growth !== wanted(current)) this.#scale(current, growth);
    else this.#shrinkOld(current, maxUnavailable);
  }

  /**
   * Takes old pods away as far as enough others are available: never below `replicas - maxUnavailable`, and new pods
   * that are not available yet count against it.
   */
  #shrinkOld(current: ReplicaSet, maxUnavailable: number): void {
    const total = this.#all().reduce((sum, set) => sum + wanted(set), 0);
    const minAvailable = this.#replicas - maxUnavailable;
    const newUnavailable = wanted(current) - (current.status?.availableReplicas ?? 0);
    let mayGo = total - minAvailable - newUnavailable;
    if (mayGo <= 0) return;
    // Old pods that do not serve anyway go first.
    for (const set of [...this.#old].sort(byRevision)) {
      const broken = Math.min(mayGo, wanted(set) - (set.status?.availableReplicas ?? 0));
      if (broken <= 0) continue;
      this.#scale(set, wanted(set) - broken);
      mayGo -= broken;
    }
    const available = this.#all().reduce((sum, set) => sum + (set.status?.availableReplicas ?? 0), 0);
    let spare = Math.min(mayGo, available - minAvailable);
    for (const set of [...this.#old].sort(byRevision)) {
      const step = Math.min(spare, wanted(set));
      if (step <= 0) continue;
      this.#scale(set, wanted(set) - step);
      spare -= step;
    }
  }

  #all(): ReplicaSet[] {
    return this.#current ? [this.#current, ...this.#old] : this.#old;
  }

  /** Creates the ReplicaSet of the template where there is none, and gives it the newest revision. */
  #ensureCurrent(replicas: number): void {
    const { api, event } = this.#context;
    const { namespace, name } = this.#deployment.metadata;
    const revision =
      Math.max(0, ...this.#old.map((set) => Number(set.metadata.annotations?.[REVISION] ?? 0))) + 1;
    if (this.#current) {
      this.#follow(this.#current);
      if (Number(this.#current.metadata.annotations?.[REVISION] ?? 0) < revision)
        this.#annotate(this.#current, { [REVISION]: String(revision) });
    } else {
      const { template, selector, minReadySeconds } = this.#deployment.spec;
      const hash = templateHash(template);
      const labels = { ...template.metadata?.labels, [HASH_LABEL]: hash };
      const body: unknown = {
        metadata: {
          name: `${name}-${hash}`,
          labels,
          annotations: { ...this.#sizeAnnotations(), [REVISION]: String(revision) },
          ownerReferences: [controlledBy(this.#deployment)],
        },
        spec: {
          replicas,
          ...(minReadySeconds !== undefined && { minReadySeconds }),
          selector: { ...selector, matchLabels: { ...selector.matchLabels, [HASH_LABEL]: hash } },
          template: { ...template, metadata: { ...template.metadata, labels } },
        },
      };
      this.#current = api.create(REPLICA_SETS, namespace, isJsonObject(body) ? body : {}, {
        manager: MANAGER,
      });
      event(this.#deployment, {
        type: 'Normal',
        reason: 'ScalingReplicaSet',
        message: `Scaled up replica set ${name}-${hash} from 0 to ${replicas}`,
      });
    }
    api.update({ resource: DEPLOYMENTS, namespace, name }, (draft) => {
      draft.metadata.annotations = {
        ...draft.metadata.annotations,
        [REVISION]: String(this.#current?.metadata.annotations?.[REVISION] ?? revision),
      };
    });
  }

  /** What is not part of the template changes without a rollout. */
  #follow(set: ReplicaSet): void {
    const { minReadySeconds = 0 } = this.#deployment.spec;
    if ((set.spec.minReadySeconds ?? 0) === minReadySeconds) return;
    const { namespace, name } = set.metadata;
    const followed = this.#context.api.update({ resource: REPLICA_SETS, namespace, name }, (draft) => {
      draft.spec.minReadySeconds = minReadySeconds;
    });
    if (followed) this.#replace(set, followed);
  }

  #scale(set: ReplicaSet, replicas: number): void {
    const before = wanted(set);
    if (before === replicas) return;
    const { namespace, name } = set.metadata;
    const scaled = this.#context.api.update({ resource: REPLICA_SETS, namespace, name }, (draft) => {
      draft.spec.replicas = replicas;
      draft.metadata.annotations = { ...draft.metadata.annotations, ...this.#sizeAnnotations() };
    });
    if (scaled) this.#replace(set, scaled);
    const direction = replicas > before ? 'up' : 'down';
    this.#context.event(this.#deployment, {
      type: 'Normal',
      reason: 'ScalingReplicaSet',
      message: `Scaled ${direction} replica set ${name} from ${before} to ${replicas}`,
    });
  }

  #annotate(set: ReplicaSet, annotations: Record<string, string>): void {
    const { namespace, name } = set.metadata;
    const annotated = this.#context.api.update({ resource: REPLICA_SETS, namespace, name }, (draft) => {
      draft.metadata.annotations = { ...draft.metadata.annotations, ...annotations };
    });
    if (annotated) this.#replace(set, annotated);
  }

  #replace(before: ReplicaSet, after: ReplicaSet): void {
    if (this.#current === before) this.#current = after;
    else this.#old = this.#old.map((set) => (set === before ? after : set));
  }

  #sizeAnnotations(): Record<string, string> {
    return {
      [DESIRED]: String(this.#replicas),
      [MAX]: String(this.#replicas + rolloutBounds(this.#deployment).maxSurge),
    };
  }

  #forgetOldRevisions(): void {
    const empty = this.#old
      .filter((set) => wanted(set) === 0 && (set.status?.replicas ?? 0) === 0)
      .sort(byRevision);
    const tooMany = empty.length - (this.#deployment.spec.revisionHistoryLimit ?? 10);
    for (const { metadata } of empty.slice(0, Math.max(0, tooMany))) {
      this.#context.api.delete({
        resource: REPLICA_SETS,
        namespace: metadata.namespace,
        name: metadata.name,
      });
    }
  }

  /** Counts, conditions, and when the progress deadline has to be looked at. */
  #writeStatus(): number | undefined {
    const { api, clock } = this.#context;
    const { namespace, name } = this.#deployment.metadata;
    const count = (field: 'replicas' | 'readyReplicas' | 'availableReplicas') =>
      this.#all().reduce((sum, set) => sum + (set.status?.[field] ?? 0), 0);
    const { maxUnavailable } = rolloutBounds(this.#deployment);
    const available = count('availableReplicas');
    const updated = this.#current?.status?.replicas ?? 0;
    const complete =
      updated === this.#replicas && count('replicas') === this.#replicas && available === this.#replicas;
    const failure = this.#all()
      .flatMap((set) => set.status?.conditions ?? [])
      .find(({ type }) => type === 'ReplicaFailure');
    let lookAgainMs: number | undefined;
    api.update({ resource: DEPLOYMENTS, namespace, name }, (draft) => {
      const before = draft.status;
      const condition = conditionWriter(before?.conditions ?? [], clock.timestamp());
      condition.set('Available', available >= this.#replicas - maxUnavailable, {
        true: ['MinimumReplicasAvailable', 'Deployment has minimum availability.'],
        false: ['MinimumReplicasUnavailable', 'Deployment does not have minimum availability.'],
      });
      const counts = {
        replicas: count('replicas'),
        updatedReplicas: updated,
        readyReplicas: count('readyReplicas'),
        availableReplicas: available,
        unavailableReplicas: Math.max(0, this.#all().reduce((sum, set) => sum + wanted(set), 0) - available),
      };
      const moved =
        before?.replicas !== counts.replicas ||
        before.updatedReplicas !== counts.updatedReplicas ||
        (before.readyReplicas ?? 0) < counts.readyReplicas ||
        (before.availableReplicas ?? 0) < available;
      lookAgainMs = this.#progress(condition, {
        complete,
        moved,
        generationChanged: before?.observedGeneration !== draft.metadata.generation,
      });
      if (failure)
        condition.put({
          type: 'ReplicaFailure',
          status: 'True',
          reason: failure.reason ?? 'FailedCreate',
          message: failure.message ?? '',
        });
      else condition.drop('ReplicaFailure');
      draft.status = {
        ...withoutZeros(counts),
        observedGeneration: draft.metadata.generation,
        conditions: condition.all(),
      };
    });
    return lookAgainMs;
  }

  #progress(
    condition: ConditionWriter,
    { complete, moved, generationChanged }: { complete: boolean; moved: boolean; generationChanged: boolean },
  ): number | undefined {
    const { spec } = this.#deployment;
    const set = this.#current?.metadata.name ?? '';
    const before = condition.get('Progressing');
    if (spec.paused) {
      condition.put({
        type: 'Progressing',
        status: 'Unknown',
        reason: 'DeploymentPaused',
        message: 'Deployment is paused',
      });
      return undefined;
    }
    if (complete) {
      condition.put(
        {
          type: 'Progressing',
          status: 'True',
          reason: 'NewReplicaSetAvailable',
          message: `ReplicaSet "${set}" has successfully progressed.`,
        },
        moved,
      );
      return undefined;
    }
    const finishedBefore = before?.reason === 'NewReplicaSetAvailable' && !generationChanged;
    if (finishedBefore) return undefined;
    if (moved || generationChanged || !before || before.reason === 'DeploymentPaused') {
      const reason = generationChanged ? 'NewReplicaSetCreated' : 'ReplicaSetUpdated';
      const message = generationChanged
        ? `Created new replica set "${set}"`
        : `ReplicaSet "${set}" is progressing.`;
      condition.put({ type: 'Progressing', status: 'True', reason, message }, true);
    }
    const since = Date.parse(condition.get('Progressing')?.lastUpdateTime ?? '');
    const leftMs = since + (spec.progressDeadlineSeconds ?? 600) * 1000 - this.#context.clock.now().getTime();
    if (leftMs > 0) return leftMs;
    condition.put({
      type: 'Progressing',
      status: 'False',
      reason: 'ProgressDeadlineExceeded',
      message: `ReplicaSet "${set}" has timed out progressing.`,
    });
    return undefined;
  }
}

interface ConditionWriter {
  get(type: string): DeploymentCondition | undefined;
  put(condition: Pick<DeploymentCondition, 'type' | 'status' | 'reason' | 'message'>, touch?: boolean): void;
  set(
    type: string,
    holds: boolean,
    texts: { readonly true: readonly [string, string]; readonly false: readonly [string, string] },
  ): void;
  drop(type: string): void;
  all(): DeploymentCondition[];
}

/** Conditions keep their transition time while their status stays, and their update time while nothing in them changes. */
function conditionWriter(before: readonly DeploymentCondition[], now: string): ConditionWriter {
  const conditions = new Map(before.map((condition) => [condition.type, condition]));
  const writer: ConditionWriter = {
    get: (type) => conditions.get(type),
    put(condition, touch = false) {
      const known = conditions.get(condition.type);
      const same = known?.status === condition.status && known.reason === condition.reason;
      const lastTransitionTime = known?.status === condition.status ? known.lastTransitionTime : now;
      const lastUpdateTime = same && !touch ? known.lastUpdateTime : now;
      conditions.set(condition.type, {
        ...condition,
        ...(lastTransitionTime && { lastTransitionTime }),
        ...(lastUpdateTime && { lastUpdateTime }),
      });
    },
    set(type, holds, texts) {
      const [reason, message] = holds ? texts.true : texts.false;
      writer.put({ type, status: holds ? 'True' : 'False', reason, message });
    },
    drop: (type) => void conditions.delete(type),
    all: () => [...conditions.values()],
  };
  return writer;
}

function wanted(set: ReplicaSet): number {
  return set.spec.replicas ?? 1;
}

function byRevision(a: ReplicaSet, b: ReplicaSet): number {
  return Number(a.metadata.annotations?.[REVISION] ?? 0) - Number(b.metadata.annotations?.[REVISION] ?? 0);
}

/** The template without the label that the Deployment controller added. */
function templateOf({ spec }: ReplicaSet): unknown {
  const { [HASH_LABEL]: _, ...labels } = spec.template?.metadata?.labels ?? {};
  return { ...spec.template, metadata: { ...spec.template?.metadata, labels } };
}

function templateHash(template: unknown): string {
  return createHash('sha256').update(canonicalJson(template)).digest('hex').slice(0, 10);
}

/** Counts of zero are left out of a status, as Kubernetes leaves them out. */
function withoutZeros<T extends Record<string, number>>(counts: T): Partial<T> {
  return Object.fromEntries(Object.entries(counts).filter(([, count]) => count !== 0)) as Partial<T>;
}
