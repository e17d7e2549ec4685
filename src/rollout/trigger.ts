import type { Cluster } from '../cluster/cluster-provider.ts';
import type { ManifestObject } from '../model/manifest.ts';
import { BadInputError } from '../model/problem.ts';
import type { Update } from '../model/scenario.ts';
import type { KubeDeployment } from '../platform/kube-objects.ts';
import { KubeApiError, kubeRequest } from '../platform/kube-request.ts';
import { getDeployment, type ListedWorkload } from './list-workload.ts';
import {
  environmentPatch,
  imagePatch,
  movePatch,
  restartPatch,
  type TemplatePatch,
} from './template-patch.ts';
import { runUpdateCommand } from './update-command.ts';

/** What of a cluster an update needs. */
export type UpdatedCluster = Pick<Cluster, 'kubeConfig' | 'kubeconfigPath' | 'nodes' | 'provider'>;

export interface TriggerOptions {
  readonly cluster: UpdatedCluster;
  readonly namespace: string;
  readonly update: Update;
  /** The workload as it is now. */
  readonly current: ListedWorkload;
  /** `update: apply`: what is applied. */
  readonly updatedObjects: readonly ManifestObject[];
  /** Applies objects into the scenario's namespace; throws BadInputError where the server refuses one. */
  applyObjects(objects: readonly ManifestObject[], signal: AbortSignal): Promise<unknown>;
  /** Where a command of the user's runs. */
  readonly workingDirectory: string;
  progress(line: string): void;
  readonly signal: AbortSignal;
}

export type Triggered =
  /** The Deployment's generation after our write; equal to the one before where the write changed nothing. */
  | { readonly kind: 'written'; readonly generation: number }
  | {
      readonly kind: 'failed';
      readonly outcome: 'update-rejected' | 'command-failed';
      readonly detail: string;
    };

/**
 * Makes the change that starts the rolling update. Resolves when it is written (for a command: when it has ended).
 * Throws BadInputError where the update does not fit the workload (no such container, no second node).
 */
export async function triggerUpdate(options: TriggerOptions): Promise<Triggered> {
  const { update, current } = options;
  switch (update.kind) {
    case 'restart':
      return await patchTemplate(options, restartPatch(new Date()));
    case 'image':
      return await patchTemplate(options, imagePatch(current.deployment, update.container, update.image));
    case 'env':
      return await patchTemplate(options, environmentPatch(current.deployment, update.name, update.value));
    case 'sequence':
      return await patchTemplate(
        options,
        environmentPatch(current.deployment, update.name, String(update.to)),
      );
    case 'move': {
      const { nodes, provider } = options.cluster;
      const allowed = provider !== 'existing' ? nodes : nodes.filter(({ schedulable }) => schedulable);
      return await patchTemplate(options, movePatch(current.pods, allowed));
    }
    case 'apply':
      return await applyUpdate(options);
    case 'command': {
      const failure = await runUpdateCommand(options, update.command);
      return failure
        ? { kind: 'failed', outcome: 'command-failed', detail: failure }
        : await written(options);
    }
  }
}

async function patchTemplate(
  { cluster, namespace, current, signal }: TriggerOptions,
  template: TemplatePatch,
): Promise<Triggered> {
  try {
    const patched = await kubeRequest<KubeDeployment>(cluster.kubeConfig, {
      method: 'PATCH',
      path: `/apis/apps/v1/namespaces/${namespace}/deployments/${current.deployment.metadata.name}`,
      query: { fieldManager: 'rollproof-update' },
      contentType: 'application/strategic-merge-patch+json',
      body: { spec: { template } },
      signal,
    });
    return { kind: 'written', generation: patched.metadata.generation ?? 0 };
  } catch (error) {
    if (error instanceof KubeApiError)
      return { kind: 'failed', outcome: 'update-rejected', detail: error.message };
    throw error;
  }
}

async function applyUpdate(options: TriggerOptions): Promise<Triggered> {
  try {
    await options.applyObjects(options.updatedObjects, options.signal);
  } catch (error) {
    if (!(error instanceof BadInputError)) throw error;
    const detail = error.problems
      .map(({ what, where, why }) => [where, what, why].filter((part) => part !== undefined).join(' '))
      .join('; ');
    return { kind: 'failed', outcome: 'update-rejected', detail };
  }
  return await written(options);
}

async function written({ cluster, namespace, current, signal }: TriggerOptions): Promise<Triggered> {
  const deployment = current.deployment.metadata.name;
  const now = await getDeployment({ kubeConfig: cluster.kubeConfig, namespace, deployment, signal });
  return { kind: 'written', generation: now.metadata.generation ?? 0 };
}
