import { parseDocument, stringify } from 'yaml';
import { isRecord, listOf, type PlainRecord } from '../../model/plain-data.ts';
import { BadInputError } from '../../model/problem.ts';
import { mapOf, mapsOf } from '../plain-data.ts';

export interface KindConfigOptions {
  /** Content of kind-configs/<cni>.yaml. */
  readonly base: string;
  /** The user's own file; what it says wins over everything else. */
  readonly user?: { readonly path: string; readonly content: string };
  readonly nodes: number;
  readonly kubeProxyMode: 'iptables' | 'nftables' | 'ipvs';
  /** kube-proxy syncs at most this often; absent: as it does by itself. */
  readonly minSyncPeriodMs?: number;
  /** Node image; absent: kind's default. */
  readonly image?: string;
}

export interface KindConfig {
  /** For `kind create cluster --config`. */
  readonly yaml: string;
  readonly nodes: number;
  readonly podSubnet: string;
  readonly kubeProxyMode: string;
  /** Whether kind itself installs a CNI. */
  readonly defaultCni: boolean;
}

/**
 * The configuration a cluster is created with: ours for the CNI, with as many nodes as asked for, and the user's
 * merged over it. Maps are merged key by key; everything else, lists of nodes included, is replaced by the user's.
 * Throws BadInputError where the user's file is no kind configuration.
 */
export function buildKindConfig(options: KindConfigOptions): KindConfig {
  const base = parseMap(options.base);
  if (base === undefined) throw new Error('our own kind configuration is no map');
  const networking = { ...mapOf(base.networking), kubeProxyMode: options.kubeProxyMode };
  const ours = { ...base, networking, nodes: nodeList(mapsOf(base.nodes), options.nodes) };
  const merged: PlainRecord = options.user ? merge(ours, userMap(options.user)) : ours;
  const image = options.image;
  const nodes = mapsOf(merged.nodes).map((node) => (image === undefined ? node : { image, ...node }));
  const finalNetworking = mapOf(merged.networking);
  const patches = [
    ...listOf(merged.kubeadmConfigPatches),
    ...kubeProxyPatch(options.minSyncPeriodMs, String(finalNetworking.kubeProxyMode)),
  ];
  return {
    yaml: stringify({ ...merged, ...(patches.length > 0 && { kubeadmConfigPatches: patches }), nodes }),
    nodes: nodes.length,
    podSubnet: String(finalNetworking.podSubnet ?? '10.244.0.0/16'),
    kubeProxyMode: String(finalNetworking.kubeProxyMode),
    defaultCni: finalNetworking.disableDefaultCNI !== true,
  };
}

/** kubeadm merges it into the configuration that kind makes for kube-proxy; the last patch of a field wins. */
function kubeProxyPatch(minSyncPeriodMs: number | undefined, mode: string): readonly string[] {
  if (minSyncPeriodMs === undefined) return [];
  const kind = { kind: 'KubeProxyConfiguration', apiVersion: 'kubeproxy.config.k8s.io/v1alpha1' };
  return [stringify({ ...kind, [mode]: { minSyncPeriod: `${minSyncPeriodMs}ms` } })];
}

/** The first control plane, and as many copies of the first worker as are left. */
function nodeList(patterns: readonly PlainRecord[], count: number): readonly PlainRecord[] {
  const controlPlane = patterns.find(({ role }) => role === 'control-plane');
  const worker = patterns.find(({ role }) => role === 'worker');
  // kind itself makes a lone control plane schedulable, and fails where that was done before.
  if (count === 1) return [{ role: 'control-plane' }];
  return [controlPlane ?? { role: 'control-plane' }, ...Array(count - 1).fill(worker ?? { role: 'worker' })];
}

function merge(ours: PlainRecord, theirs: PlainRecord): PlainRecord {
  const merged: Record<string, unknown> = { ...ours };
  for (const [key, value] of Object.entries(theirs)) {
    merged[key] = isRecord(value) && isRecord(ours[key]) ? merge(ours[key], value) : value;
  }
  return merged;
}

function userMap({ path, content }: { readonly path: string; readonly content: string }): PlainRecord {
  const document = parseDocument(content);
  const [error] = document.errors;
  const [position] = error?.linePos ?? [];
  const where = position ? `${path}:${position.line}:${position.col}` : path;
  if (error) throw unusable(where, error.message.split('\n')[0] ?? error.message);
  const data: unknown = document.toJS();
  if (data === null) return {};
  if (!isRecord(data)) throw unusable(path, 'It is not a map.');
  if ((data.kind ?? 'Cluster') !== 'Cluster' || !/^(kind\.x-k8s\.io\/|$)/.test(String(data.apiVersion ?? '')))
    throw unusable(path, 'Its kind is not Cluster of kind.x-k8s.io.');
  if ('nodes' in data && (mapsOf(data.nodes).length === 0 || !Array.isArray(data.nodes)))
    throw unusable(path, '`nodes` is not a list of nodes.');
  return data;
}

function unusable(where: string, why: string): BadInputError {
  return new BadInputError([
    {
      code: 'RP1801',
      what: 'The kind configuration cannot be used.',
      where,
      why,
      remedy:
        'Write it as `kind create cluster --config` takes it: `kind: Cluster`, `apiVersion: kind.x-k8s.io/v1alpha4`.',
    },
  ]);
}

function parseMap(content: string): PlainRecord | undefined {
  const data: unknown = parseDocument(content).toJS();
  return isRecord(data) ? data : undefined;
}
