import { setTimeout as sleep } from 'node:timers/promises';
import type { Cluster } from '../cluster/cluster-provider.ts';
import { type ManifestObject, placeText } from '../model/manifest.ts';
import { BadInputError, type Problem } from '../model/problem.ts';
import { applyObject, type KubeManifest, UnknownKindError } from '../platform/kube-apply.ts';
import { KubeApiError } from '../platform/kube-request.ts';
import { findResource } from '../platform/kube-resources.ts';
import { inApplyOrder } from './apply-order.ts';
import { blamedField } from './blamed-field.ts';
import { prunedFields } from './pruned-fields.ts';
import { formerNamespaces, reHome } from './re-home.ts';

export interface ApplyWorkloadOptions {
  readonly cluster: Pick<Cluster, 'kubeConfig' | 'provider'>;
  /** The scenario's own namespace; exists. */
  readonly namespace: string;
  readonly objects: readonly ManifestObject[];
  readonly signal: AbortSignal;
}

/**
 * Applies the user's objects into the scenario's own namespace, in an order in which each finds what it needs.
 * Namespaces are skipped. Cluster-scoped objects are applied as they are to a cluster of our own, and refused in
 * an existing one.
 *
 * Resolves with warnings (fields that the server dropped). Throws BadInputError with everything that was refused.
 */
export async function applyWorkload(options: ApplyWorkloadOptions): Promise<readonly string[]> {
  const former = formerNamespaces(options.objects);
  const problems: Problem[] = [];
  const warnings: string[] = [];
  const objects = options.objects.filter(({ kind }) => kind !== 'Namespace');
  if (options.cluster.provider === 'existing') await refuseClusterScoped(options, objects);
  for (const object of inApplyOrder(objects)) {
    const outcome = await applyOne(options, object, former);
    if (outcome.kind === 'refused') problems.push(outcome.problem);
    else warnings.push(...outcome.warnings);
  }
  if (problems.length > 0) throw new BadInputError(problems);
  return warnings;
}

/** Somebody else's cluster is not touched at all where a part of the manifests can not stay inside of our namespace. */
async function refuseClusterScoped(
  { cluster, signal }: ApplyWorkloadOptions,
  objects: readonly ManifestObject[],
): Promise<void> {
  const resources = await Promise.all(
    objects.map((object) => findResource(cluster.kubeConfig, object, signal)),
  );
  const outside = objects.filter((_, index) => resources[index]?.namespaced === false);
  if (outside.length > 0) throw new BadInputError(outside.map(clusterScoped));
}

type Applied =
  | { readonly kind: 'applied'; readonly warnings: readonly string[] }
  | { readonly kind: 'refused'; readonly problem: Problem };

async function applyOne(
  { cluster, namespace, objects, signal }: ApplyWorkloadOptions,
  object: ManifestObject,
  former: ReadonlySet<string>,
): Promise<Applied> {
  const { kubeConfig } = cluster;
  // A kind that the manifests themselves define is served a moment after its definition is.
  const patienceMs = objects.some((other) => defines(other, object)) ? 15_000 : 0;
  const resource = await found(() => findResource(kubeConfig, object, signal), patienceMs, signal);
  if (!resource) return { kind: 'refused', problem: unknownKind(object) };
  const manifest = reHome(object, { namespace, namespaced: resource.namespaced, formerNamespaces: former });
  try {
    const live = await applyObject(kubeConfig, manifest, signal);
    return { kind: 'applied', warnings: pruned(object, manifest, live) };
  } catch (error) {
    if (error instanceof UnknownKindError) return { kind: 'refused', problem: unknownKind(object) };
    if (error instanceof KubeApiError) return { kind: 'refused', problem: refused(object, error) };
    throw error;
  }
}

function pruned(object: ManifestObject, manifest: KubeManifest, live: unknown): readonly string[] {
  return prunedFields(manifest, live).map((path) => {
    const where = placeText(object.placeOf(path));
    return `${where}: the API server has dropped ${path.join('.')} of ${title(object)}; its version does not support the field, or a feature is off`;
  });
}

function defines(definition: ManifestObject, { apiVersion, kind }: ManifestObject): boolean {
  if (definition.kind !== 'CustomResourceDefinition') return false;
  const spec = JSON.stringify(definition.content.spec ?? {});
  return (
    apiVersion.includes('/') && spec.includes(`"${apiVersion.split('/')[0]}"`) && spec.includes(`"${kind}"`)
  );
}

async function found<T>(
  look: () => Promise<T | undefined>,
  patienceMs: number,
  signal: AbortSignal,
): Promise<T | undefined> {
  const giveUpAt = performance.now() + patienceMs;
  for (;;) {
    const result = await look();
    if (result !== undefined || performance.now() >= giveUpAt) return result;
    await sleep(300, undefined, { signal });
  }
}

function refused(object: ManifestObject, { message, status }: KubeApiError): Problem {
  return {
    code: 'RP1503',
    what: `The API server refuses ${title(object)}.`,
    where: placeText(object.placeOf(blamedField(message, object.content))),
    why: `${message} (HTTP ${status})`,
    remedy:
      status === 403
        ? 'Give the kubeconfig user the right to create this object, or leave the object out.'
        : status === 501
          ? 'Take what the sandbox models (docs/sandbox.md), or run on kind.'
          : 'Correct the object; `kubectl apply --server-side --dry-run=server -f <file>` gives the same answer.',
  };
}

function unknownKind(object: ManifestObject): Problem {
  return {
    code: 'RP1501',
    what: `The cluster knows no ${object.kind} of ${object.apiVersion}.`,
    where: placeText(object.place),
    why: `${title(object)} can not be applied.`,
    remedy: 'Correct apiVersion and kind, or add the CustomResourceDefinition to the manifests.',
  };
}

function clusterScoped(object: ManifestObject): Problem {
  return {
    code: 'RP1502',
    what: `${title(object)} is cluster-scoped.`,
    where: placeText(object.place),
    why: 'In an existing cluster Rollproof changes nothing outside its own namespace.',
    remedy:
      'Leave the object out of the manifests that Rollproof gets, or let Rollproof boot a kind cluster.',
  };
}

function title({ kind, name }: ManifestObject): string {
  return `${kind} ${name}`;
}
