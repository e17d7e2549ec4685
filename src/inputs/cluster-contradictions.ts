import { didYouMean } from '../model/did-you-mean.ts';
import type { Problem } from '../model/problem.ts';
import type { ClusterSettings } from '../model/settings.ts';
import type { Config } from './config-schema.ts';
import { given } from './given.ts';
import { CNIS, type InputName, type InputValues } from './options.ts';
import { isManifestPath } from './paths-in-place.ts';
import { shownValue } from './shown-value.ts';

type ClusterKey = Exclude<keyof NonNullable<Config['cluster']>, 'provider'>;

/** Keys that describe a cluster to boot. */
const KIND_ONLY = [
  'cni',
  'cni-manifest',
  'cni-plugins',
  'kube-proxy-mode',
  'nodes',
  'node-image',
  'kubernetes-version',
  'kind-config',
  'images',
  'keep',
  'amplify-propagation-delay',
  'amplify-cpu',
] as const satisfies readonly (ClusterKey & InputName)[];

/** Those of them that the sandbox has, too. */
const OF_THE_SANDBOX: readonly ClusterKey[] = ['nodes', 'amplify-propagation-delay'];

export interface SaidAboutCluster {
  readonly inputs: InputValues;
  readonly section: NonNullable<Config['cluster']>;
  readonly settings: ClusterSettings;
  /** Where a key was said: `rollproof.yml:4:3`, `--cni`. */
  placeOf(key: ClusterKey): string | undefined;
}

/** What was said about the cluster and cannot hold together. */
export function clusterContradictions({ inputs, section, settings, placeOf }: SaidAboutCluster): Problem[] {
  const problem = (key: ClusterKey, parts: Omit<Problem, 'where'>): Problem => ({
    ...parts,
    ...given('where', placeOf(key)),
  });
  if (settings.provider === 'sandbox') {
    // An input that chooses the sandbox overrides a file that describes a cluster to boot.
    return KIND_ONLY.filter(
      (key) =>
        !OF_THE_SANDBOX.includes(key) &&
        (inputs[key] ?? (inputs.cluster === undefined ? section[key] : undefined)),
    ).map((key) =>
      problem(key, {
        code: 'RP1010',
        what: `${key} has no effect on the sandbox.`,
        remedy: `Remove ${key}, or choose cluster: kind.`,
      }),
    );
  }
  if (inputs.cluster !== undefined && settings.provider === 'existing') {
    const what = 'cluster and context are both given.';
    const remedy = 'Keep one of them: a context is a cluster that is there already.';
    return [problem('context', { code: 'RP1010', what, remedy })];
  }
  if (settings.provider === 'existing') {
    // An input that chooses an existing cluster overrides a file that describes one to boot.
    return KIND_ONLY.filter(
      (key) => inputs[key] ?? (inputs.context === undefined ? section[key] : undefined),
    ).map((key) =>
      problem(key, {
        code: 'RP1010',
        what: `${key} has no effect on the existing cluster of a context.`,
        remedy: `Remove ${key}, or remove context.`,
      }),
    );
  }
  const problems: Problem[] = [];
  if (settings.kubeconfig !== undefined) {
    const what = 'kubeconfig is given without a context.';
    problems.push(
      problem('kubeconfig', {
        code: 'RP1010',
        what,
        remedy: 'Name the context of the existing cluster as well.',
      }),
    );
  }
  if (settings.nodeImage !== undefined && settings.kubernetesVersion !== undefined) {
    const what = 'node-image and kubernetes-version are both given.';
    problems.push(
      problem('kubernetes-version', {
        code: 'RP1010',
        what,
        remedy: 'Keep one of them: the image decides the version.',
      }),
    );
  }
  const named: readonly string[] = CNIS;
  if (named.includes(settings.cni)) return problems;
  if (!isManifestPath(settings.cni)) {
    const meant = didYouMean(settings.cni, CNIS);
    const remedy = `${meant === undefined ? '' : `Did you mean ${meant}? `}Known are ${CNIS.join(', ')}; any other needs the path of its manifest.`;
    problems.push(
      problem('cni', { code: 'RP1015', what: `There is no CNI ${shownValue(settings.cni)}.`, remedy }),
    );
  } else if (settings.cniManifest !== undefined) {
    const what = 'cni-manifest is given, and cni is the path of a manifest already.';
    problems.push(
      problem('cni-manifest', {
        code: 'RP1010',
        what,
        remedy: `Remove one of them, or set cni to one of ${CNIS.join(', ')}.`,
      }),
    );
  }
  return problems;
}
