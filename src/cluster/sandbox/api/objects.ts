import type { Deployment as AnyDeployment, ReplicaSet as AnyReplicaSet } from 'kubernetes-types/apps/v1.js';
import type {
  Event as AnyEvent,
  Namespace as AnyNamespace,
  Node as AnyNode,
  Pod as AnyPod,
  Service as AnyService,
} from 'kubernetes-types/core/v1.js';
import type { EndpointSlice as AnyEndpointSlice } from 'kubernetes-types/discovery/v1.js';
import type { ObjectMeta, OwnerReference } from 'kubernetes-types/meta/v1.js';

export type { Container, ContainerStatus, PodCondition, PodSpec, Probe } from 'kubernetes-types/core/v1.js';

/** Metadata as every stored object has it. Cluster-scoped objects have the namespace ''. */
export interface Meta extends Omit<ObjectMeta, 'deletionTimestamp' | 'deletionGracePeriodSeconds'> {
  name: string;
  namespace: string;
  uid: string;
  resourceVersion: string;
  generation: number;
  creationTimestamp: string;
  deletionTimestamp?: string;
  deletionGracePeriodSeconds?: number;
}

/** Any stored object. */
export interface KubeObject {
  apiVersion: string;
  kind: string;
  metadata: Meta;
}

/** A kubernetes-types object with the parts that a stored one always has. */
type Stored<T> = Omit<T, 'apiVersion' | 'kind' | 'metadata' | 'spec' | 'status'> &
  KubeObject &
  (T extends { spec?: infer S } ? { spec: NonNullable<S> } : unknown) &
  (T extends { status?: infer S } ? { status?: NonNullable<S> } : unknown);

export type Deployment = Stored<AnyDeployment>;
export type ReplicaSet = Stored<AnyReplicaSet>;
export type Pod = Stored<AnyPod>;
export type Service = Stored<AnyService>;
export type EndpointSlice = Stored<AnyEndpointSlice>;
export type Namespace = Stored<AnyNamespace>;
export type Node = Stored<AnyNode>;
export type KubeEvent = Stored<AnyEvent>;

/** The reference that makes `owner` the controller of another object. */
export function controlledBy(owner: KubeObject): OwnerReference {
  const { apiVersion, kind, metadata } = owner;
  return {
    apiVersion,
    kind,
    name: metadata.name,
    uid: metadata.uid,
    controller: true,
    blockOwnerDeletion: true,
  };
}

/** True where `owner` is the controller of `object`. */
export function isControlledBy(object: KubeObject, owner: KubeObject): boolean {
  return (
    object.metadata.ownerReferences?.some(
      (reference) => reference.controller === true && reference.uid === owner.metadata.uid,
    ) ?? false
  );
}

/** True where the pod's Ready condition is True. */
export function isPodReady(pod: Pod): boolean {
  return pod.status?.conditions?.some(({ type, status }) => type === 'Ready' && status === 'True') ?? false;
}

/** True until every container of the pod has ended for good: also for a pod that is being deleted and still runs. */
export function isPodActive(pod: Pod): boolean {
  return pod.status?.phase !== 'Succeeded' && pod.status?.phase !== 'Failed';
}
