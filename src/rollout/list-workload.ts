import type { KubeConfig } from '@kubernetes/client-node';
import { BadInputError } from '../model/problem.ts';
import type { WorkloadAfter, WorkloadBefore } from '../model/recording.ts';
import { isPodOf, isReplicaSetOf, podIdentity, templateHashOf } from '../platform/kube-facts.ts';
import type { KubeDeployment, KubeList, KubePod, KubeReplicaSet } from '../platform/kube-objects.ts';
import { findKube, kubeRequest } from '../platform/kube-request.ts';
import { labelSelector } from '../platform/label-selector.ts';

/** Where the Deployment under test lives. */
export interface WorkloadPlace {
  readonly kubeConfig: KubeConfig;
  readonly namespace: string;
  readonly deployment: string;
  readonly signal: AbortSignal;
}

/** The truth about a Deployment at one instant, by LIST. */
export interface ListedWorkload {
  readonly deployment: KubeDeployment;
  /** Template hash of the ReplicaSet the Deployment points to now; empty where it has made none yet. */
  readonly templateHash: string;
  /** Every pod of the Deployment that exists, terminating ones included. */
  readonly pods: readonly KubePod[];
}

/** Lists the Deployment with its ReplicaSets and pods. Throws BadInputError (RP1601) where it does not exist. */
export async function listWorkload(place: WorkloadPlace): Promise<ListedWorkload> {
  const deployment = await getDeployment(place);
  const { kubeConfig, namespace, signal } = place;
  const query = { labelSelector: labelSelector(deployment.spec.selector) };
  const [replicaSets, pods] = await Promise.all([
    kubeRequest<KubeList<KubeReplicaSet>>(kubeConfig, {
      path: `/apis/apps/v1/namespaces/${namespace}/replicasets`,
      query,
      signal,
    }),
    kubeRequest<KubeList<KubePod>>(kubeConfig, {
      path: `/api/v1/namespaces/${namespace}/pods`,
      query,
      signal,
    }),
  ]);
  const current = (replicaSets.items ?? []).find(
    (replicaSet) =>
      isReplicaSetOf(place.deployment, replicaSet) && revision(replicaSet) === revision(deployment),
  );
  return {
    deployment,
    templateHash: current ? templateHashOf(current) : '',
    pods: (pods.items ?? []).filter((pod) => isPodOf(place.deployment, pod)),
  };
}

/** Reads the Deployment alone. Throws BadInputError (RP1601) where it does not exist. */
export async function getDeployment({
  kubeConfig,
  namespace,
  deployment,
  signal,
}: WorkloadPlace): Promise<KubeDeployment> {
  const path = `/apis/apps/v1/namespaces/${namespace}/deployments/${deployment}`;
  const found = await findKube<KubeDeployment>(kubeConfig, { path, signal });
  if (found) return found;
  throw new BadInputError([
    {
      code: 'RP1601',
      what: `There is no Deployment ${deployment} in the namespace ${namespace}.`,
      why: 'Rollproof follows the rolling update of a Deployment of apps/v1; other kinds are not supported yet.',
      remedy: 'Name a Deployment that the manifests contain, and let no update rename or delete it.',
    },
  ]);
}

/** The listed truth as the recording's entry before the update. Pods that have ended for good serve nobody. */
export function workloadBefore(listed: ListedWorkload, atMs: number): WorkloadBefore {
  const { deployment, templateHash, pods } = listed;
  return {
    kind: 'workload-before',
    atMs,
    generation: deployment.metadata.generation ?? 0,
    replicas: deployment.spec.replicas ?? 1,
    templateHash,
    pods: pods
      .filter(({ status }) => status?.phase !== 'Failed' && status?.phase !== 'Succeeded')
      .map(podIdentity),
  };
}

/** The listed truth as the recording's entry after the rollout. */
export function workloadAfter(listed: ListedWorkload, atMs: number): WorkloadAfter {
  const { deployment, templateHash, pods } = listed;
  return {
    kind: 'workload-after',
    atMs,
    generation: deployment.metadata.generation ?? 0,
    observedGeneration: deployment.status?.observedGeneration ?? 0,
    replicas: deployment.spec.replicas ?? 1,
    updatedReplicas: deployment.status?.updatedReplicas ?? 0,
    availableReplicas: deployment.status?.availableReplicas ?? 0,
    templateHash,
    pods: pods.map(podIdentity),
  };
}

/** The Deployment controller counts its revisions on the Deployment and on the ReplicaSet that is its current one. */
function revision({ metadata }: KubeDeployment | KubeReplicaSet): string | undefined {
  return metadata.annotations?.['deployment.kubernetes.io/revision'];
}
