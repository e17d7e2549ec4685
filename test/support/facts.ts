import type { ContainerState, DeploymentFact, PodFact, WorkloadBefore } from '../../src/model/recording.ts';

/** A Deployment of one replica whose generation 2 is complete; what matters to a test is given. */
export function deploymentFact(more: Partial<DeploymentFact> = {}): DeploymentFact {
  return {
    kind: 'deployment',
    atMs: 0,
    change: 'modified',
    uid: 'deployment-1',
    generation: 2,
    observedGeneration: 2,
    replicas: 1,
    existingReplicas: 1,
    updatedReplicas: 1,
    readyReplicas: 1,
    availableReplicas: 1,
    conditions: [],
    ...more,
  };
}

/** A ready pod of the new template. */
export function podFact(name: string, more: Partial<PodFact> = {}): PodFact {
  return {
    kind: 'pod',
    atMs: 0,
    change: 'modified',
    uid: `uid-${name}`,
    name,
    node: 'worker',
    templateHash: 'new',
    phase: 'Running',
    ready: true,
    containers: [],
    ...more,
  };
}

/** A pod of the new template whose only container is in this state. */
export function podWith(
  name: string,
  container: Partial<ContainerState>,
  more: Partial<PodFact> = {},
): PodFact {
  const state: ContainerState = { name: 'app', state: 'waiting', ready: false, restarts: 0, ...container };
  return podFact(name, { ready: false, phase: 'Pending', containers: [state], ...more });
}

/** One replica of the old template in generation 1. */
export function workloadBefore(more: Partial<WorkloadBefore> = {}): WorkloadBefore {
  return {
    kind: 'workload-before',
    atMs: 0,
    generation: 1,
    replicas: 1,
    templateHash: 'old',
    pods: [{ uid: 'uid-old', name: 'old', templateHash: 'old', terminating: false }],
    ...more,
  };
}
