import type { ClusterNode } from '../cluster/cluster-provider.ts';
import { BadInputError } from '../model/problem.ts';
import type { KubeDeployment, KubePod } from '../platform/kube-objects.ts';

/** A strategic merge patch of a pod template. */
export interface TemplatePatch {
  readonly metadata?: { readonly annotations: Readonly<Record<string, string>> };
  readonly spec?: Readonly<Record<string, unknown>>;
}

/** What `kubectl rollout restart` writes. */
export function restartPatch(now: Date): TemplatePatch {
  return { metadata: { annotations: { 'kubectl.kubernetes.io/restartedAt': now.toISOString() } } };
}

/** Another image for one container. Throws BadInputError (RP1602) where there is no such container. */
export function imagePatch(deployment: KubeDeployment, container: string, image: string): TemplatePatch {
  const { containers, initContainers = [] } = deployment.spec.template.spec;
  if (containers.some(({ name }) => name === container))
    return { spec: { containers: [{ name: container, image }] } };
  if (initContainers.some(({ name }) => name === container)) {
    return { spec: { initContainers: [{ name: container, image }] } };
  }
  const names = [...containers, ...initContainers].map(({ name }) => name);
  throw new BadInputError([
    {
      code: 'RP1602',
      what: `Deployment ${deployment.metadata.name} has no container ${container}.`,
      where: 'update',
      why: `Its containers are ${names.join(', ')}.`,
      remedy: `Write update: image:${names[0] ?? '<container>'}=${image}`,
    },
  ]);
}

/** An environment variable in every container. */
export function environmentPatch(deployment: KubeDeployment, name: string, value: string): TemplatePatch {
  const containers = deployment.spec.template.spec.containers;
  return {
    spec: { containers: containers.map((container) => ({ name: container.name, env: [{ name, value }] })) },
  };
}

/**
 * All pods to another node, through `nodeName`: the one with the fewest of them now, of those that take pods.
 * A node that only its taint closes (a kind control plane) is the last choice: `nodeName` does not ask the scheduler.
 * Throws BadInputError (RP1603) where every node has a pod of the Deployment already.
 */
export function movePatch(pods: readonly KubePod[], nodes: readonly ClusterNode[]): TemplatePatch {
  const occupied = new Set(pods.map(({ spec }) => spec.nodeName));
  const free = nodes.filter(({ name }) => !occupied.has(name));
  const goal = free.find(({ schedulable }) => schedulable) ?? free[0];
  if (goal) return { spec: { nodeName: goal.name } };
  throw new BadInputError([
    {
      code: 'RP1603',
      what: 'update: move needs a node that has no pod of the Deployment yet.',
      where: 'update',
      why: `The cluster has ${nodes.length} ${nodes.length === 1 ? 'node' : 'nodes'}, and pods run on ${[...occupied].join(', ')}.`,
      remedy: 'Give the cluster more nodes (nodes: 2), or choose update: restart.',
    },
  ]);
}
