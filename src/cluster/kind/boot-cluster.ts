import { chmod } from 'node:fs/promises';
import { join } from 'node:path';
import { KubeConfig } from '@kubernetes/client-node';
import type { ClusterSettings } from '../../model/settings.ts';
import type { KubeService } from '../../platform/kube-objects.ts';
import { kubeRequest } from '../../platform/kube-request.ts';
import type { AcquireContext } from '../cluster-provider.ts';
import { adaptManifest } from '../cni/adapt-manifest.ts';
import { applyCni } from '../cni/apply-cni.ts';
import { type CniManifest, fetchCniManifest } from '../cni/cni-manifest.ts';
import { installCniPlugins } from '../cni/cni-plugins.ts';
import { awaitReady } from '../readiness/await-ready.ts';
import { awaitService } from '../readiness/await-service.ts';
import type { ClusterState } from '../readiness/cluster-state.ts';
import type { Blueprint } from './blueprint.ts';
import { hasImage, type NodeContainer, nodeContainers } from './docker-cli.ts';
import { loadImages } from './image-loading.ts';
import { createCluster, type KindStage, readKubeconfig } from './kind-cli.ts';
import { dockerNodeShell } from './node-shell.ts';

export interface BootOptions {
  readonly name: string;
  readonly settings: ClusterSettings;
  readonly blueprint: Blueprint;
  readonly context: AcquireContext;
}

export interface BootedCluster {
  readonly kubeConfig: KubeConfig;
  /** Mode 0600. */
  readonly kubeconfigPath: string;
  /** As it was when it had become ready. */
  readonly state: ClusterState;
  readonly containers: readonly NodeContainer[];
  /** Undefined where kind installed the CNI. */
  readonly manifest: CniManifest | undefined;
}

/** How long nodes, CNI and DNS may take once the control plane is up; images may have to be pulled meanwhile. */
const READY_MS = 300_000;
const SERVICE_MS = 60_000;

/**
 * Creates a cluster and does beside kind's work what can be done: images are loaded while the control plane starts, the
 * CNI is installed while workers join. Nothing is under way any more when it throws; what was created is left there.
 */
export async function bootCluster(options: BootOptions): Promise<BootedCluster> {
  const { name, settings, blueprint, context } = options;
  const { workDir, progress } = context;
  const kubeconfigPath = join(workDir, 'kubeconfig');
  const stop = new AbortController();
  const signal = AbortSignal.any([context.signal, stop.signal]);
  const nodeShell = dockerNodeShell(signal);
  const loading = { cluster: name, architecture: blueprint.docker.architecture, workDir, signal, progress };

  const creation = createCluster({
    name,
    config: blueprint.config.yaml,
    kubeconfigPath,
    signal,
    onStageDone: (stage) => progress(STAGE_TEXTS[stage]),
  });
  const manifest = cniManifest(blueprint, { workDir, signal });
  const containers = creation.nodesUp.then(() => clusterNodes(name, signal));
  const nodes = containers.then((all) => all.map((container) => container.name));
  const cniImages = all(creation.nodesUp, manifest).then(async ([, its]) =>
    loadImages({ ...loading, images: await presentImages(its?.images ?? [], signal) }),
  );
  const plugins = nodes.then((names) =>
    installCniPlugins({
      ...loading,
      nodeShell,
      nodes: names,
      needsBridge: blueprint.named?.needsBridgePlugin ?? false,
      ...(settings.cniPlugins === undefined ? {} : { folder: settings.cniPlugins }),
    }),
  );
  const userImages = cniImages.then(async () => {
    const present = await presentImages(context.imagesIfPresent, signal);
    const images = [...new Set([...settings.images, ...present])];
    await loadImages({ ...loading, images });
    if (images.length > 0) progress(`loaded ${images.join(', ')}`);
  });
  const kubeConfig = creation.controlPlaneUp.then(() => clientOf(name, signal));
  const cni = all(kubeConfig, manifest, plugins, cniImages).then(async ([client, its]) => {
    if (!its) return;
    await applyCni(client, adaptManifest(settings.cni, its.objects, blueprint.config), signal);
    progress(`applied the manifest of ${settings.cni}`);
  });
  const state = all(kubeConfig, manifest).then(([client, its]) =>
    awaitReady({
      kubeConfig: client,
      nodes: blueprint.config.nodes,
      daemonSets: its?.daemonSets ?? ['kube-system/kindnet'],
      deadlineMs: READY_MS,
      signal,
      progress,
    }),
  );
  const service = all(state, kubeConfig, nodes).then(async ([, client, names]) => {
    progress('nodes, CNI and DNS are ready');
    const dns = await dnsService(client, signal);
    await awaitService({ nodeShell, nodes: names, service: dns, deadlineMs: SERVICE_MS, signal });
    progress(`the Service ${dns.name} answers on every node`);
  });

  const parts = [
    creation.finished,
    manifest,
    containers,
    cniImages,
    plugins,
    userImages,
    cni,
    state,
    service,
  ];
  try {
    await Promise.all(parts);
    await chmod(kubeconfigPath, 0o600);
    return {
      kubeconfigPath,
      kubeConfig: await kubeConfig,
      state: await state,
      containers: await containers,
      manifest: await manifest,
    };
  } catch (error) {
    stop.abort();
    await Promise.allSettled(parts);
    // What was under way ends with an abort of its own; the reason for it is worth more.
    context.signal.throwIfAborted();
    throw error;
  }
}

const STAGE_TEXTS: Readonly<Record<KindStage, string>> = {
  'node-image': 'the node image is there',
  nodes: 'the nodes run',
  configuration: 'the nodes are configured',
  'control-plane': 'the control plane is up',
  cni: 'kind has installed its CNI',
  storage: 'kind has installed its StorageClass',
  workers: 'the workers have joined',
};

function all<T extends readonly Promise<unknown>[]>(...promises: T) {
  return Promise.all(promises);
}

async function cniManifest(
  { named, manifest, nodeImage }: Blueprint,
  options: { readonly workDir: string; readonly signal: AbortSignal },
): Promise<CniManifest | undefined> {
  if (manifest || !named || named.source.kind === 'built-in') return manifest;
  return await fetchCniManifest(named, named.source, { ...options, kubernetes: nodeImage.version });
}

async function clusterNodes(name: string, signal: AbortSignal): Promise<readonly NodeContainer[]> {
  const containers = await nodeContainers(name, signal);
  return containers.filter(({ role }) => role !== 'external-load-balancer');
}

/** Those of the images that Docker holds. The others are left for the nodes to pull. */
async function presentImages(images: readonly string[], signal: AbortSignal): Promise<readonly string[]> {
  const present = await Promise.all(images.map((image) => hasImage(image, signal)));
  return images.filter((_, index) => present[index]);
}

async function clientOf(name: string, signal: AbortSignal): Promise<KubeConfig> {
  const client = new KubeConfig();
  client.loadFromString(await readKubeconfig(name, signal));
  return client;
}

/** CoreDNS' metrics: the one HTTP Service that every cluster has and that pods answer. */
async function dnsService(
  kubeConfig: KubeConfig,
  signal: AbortSignal,
): Promise<{ readonly name: string; readonly url: string }> {
  const path = '/api/v1/namespaces/kube-system/services/kube-dns';
  const { spec } = await kubeRequest<KubeService>(kubeConfig, { path, signal });
  const address = spec.clusterIP ?? '';
  const port = spec.ports?.find(({ name }) => name === 'metrics')?.port ?? 9153;
  return {
    name: 'kube-dns',
    url: `http://${address.includes(':') ? `[${address}]` : address}:${port}/metrics`,
  };
}
