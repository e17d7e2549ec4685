import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { BadInputError, EnvironmentError, messageOf } from '../../model/problem.ts';
import type { ClusterSettings } from '../../model/settings.ts';
import { type CniManifest, readCniManifest } from '../cni/cni-manifest.ts';
import { requirePluginFolder } from '../cni/cni-plugins.ts';
import { type NamedCni, namedCni } from '../cni/cni-table.ts';
import { inotifyLimits, kernelModules } from '../host/host-facts.ts';
import { INOTIFY, INOTIFY_REMEDY, requireDocker, requireKind } from '../host/host-problems.ts';
import { type DockerInfo, dockerInfo, hasImage, localTags } from './docker-cli.ts';
import { requireImages } from './image-loading.ts';
import { kindVersion } from './kind-cli.ts';
import { buildKindConfig, type KindConfig } from './kind-config.ts';
import { chooseNodeImage, kindDefaultImage, type NodeImageChoice } from './node-image.ts';

/** Everything a cluster is created from, checked before anything is created. */
export interface Blueprint {
  readonly docker: DockerInfo;
  readonly kindVersion: string;
  readonly nodeImage: NodeImageChoice;
  readonly config: KindConfig;
  /** Undefined: the CNI is the user's own manifest. */
  readonly named: NamedCni | undefined;
  /** The user's file; undefined: it is kind's to install, or to be downloaded. */
  readonly manifest: CniManifest | undefined;
  /** Doubtful things that are no reason to stop. */
  readonly warnings: readonly string[];
}

/**
 * Looks at the machine and at everything the settings name, and creates nothing. Throws EnvironmentError where Docker,
 * kind, the kernel or an image is missing, BadInputError where a file or a version cannot be used.
 */
export async function drawBlueprint(
  settings: ClusterSettings,
  { kindConfigsDir, signal }: { readonly kindConfigsDir: string; readonly signal: AbortSignal },
): Promise<Blueprint> {
  const [dockerAnswer, kind] = await Promise.all([dockerInfo(signal), kindVersion(signal)]);
  const docker = requireDocker(dockerAnswer);
  const version = requireKind(kind);
  const named = namedCni(settings.cni);
  const [nodeImage, manifest, base, user, limits] = await Promise.all([
    nodeImageFor(settings, docker, version, signal),
    userManifest(settings, named),
    readFile(join(kindConfigsDir, named?.kindConfig ?? CUSTOM_CNI_CONFIG), 'utf8'),
    userConfig(settings.kindConfig),
    inotifyLimits(),
    requireImages(settings.images, signal),
    settings.cniPlugins === undefined ? undefined : requirePluginFolder(settings.cniPlugins),
    requireProxyMode(settings.kubeProxyMode),
  ]);
  const config = buildKindConfig({
    base,
    nodes: settings.nodes,
    kubeProxyMode: settings.kubeProxyMode,
    ...(settings.amplify?.propagationDelayMs === undefined
      ? {}
      : { minSyncPeriodMs: settings.amplify.propagationDelayMs }),
    ...(nodeImage.image === undefined ? {} : { image: nodeImage.image }),
    ...(user === undefined ? {} : { user }),
  });
  requireAgreement(settings, config, named);
  const scarce = limits && (limits.watches < INOTIFY.watches || limits.instances < INOTIFY.instances);
  const warnings = scarce
    ? [`inotify limits are low, nodes may fail with "too many open files": ${INOTIFY_REMEDY}`]
    : [];
  return { docker, kindVersion: version, nodeImage, config, named, manifest, warnings };
}

/** Any CNI that is installed after creation starts from the same configuration. */
const CUSTOM_CNI_CONFIG = 'flannel.yaml';

async function nodeImageFor(
  settings: ClusterSettings,
  docker: DockerInfo,
  version: string,
  signal: AbortSignal,
): Promise<NodeImageChoice> {
  const kindDefault = kindDefaultImage(version);
  const [tags, hasKindDefault] = await Promise.all([
    localTags('kindest/node', signal),
    kindDefault === undefined ? false : hasImage(kindDefault, signal),
  ]);
  return chooseNodeImage({
    ...(settings.nodeImage === undefined ? {} : { image: settings.nodeImage }),
    ...(settings.kubernetesVersion === undefined ? {} : { kubernetesVersion: settings.kubernetesVersion }),
    kindVersion: version,
    cgroupVersion: docker.cgroupVersion,
    localTags: tags,
    hasKindDefault,
  });
}

async function userManifest(
  { cni, cniManifest }: ClusterSettings,
  named: NamedCni | undefined,
): Promise<CniManifest | undefined> {
  if (cniManifest !== undefined) return await readCniManifest(cniManifest, 'cni-manifest');
  return named ? undefined : await readCniManifest(cni, 'cni');
}

async function userConfig(
  path: string | undefined,
): Promise<{ readonly path: string; readonly content: string } | undefined> {
  if (path === undefined) return undefined;
  try {
    return { path, content: await readFile(path, 'utf8') };
  } catch (error) {
    throw new BadInputError([
      {
        code: 'RP1801',
        what: `The kind configuration ${path} cannot be read.`,
        where: 'kind-config',
        why: messageOf(error),
        remedy: 'Write the path of the file as it is seen from the working directory.',
      },
    ]);
  }
}

async function requireProxyMode(mode: ClusterSettings['kubeProxyMode']): Promise<void> {
  const needed = { iptables: undefined, nftables: 'nf_tables', ipvs: 'ip_vs' }[mode];
  const module = (await kernelModules()).find(({ name }) => name === needed);
  if (module?.state !== 'missing') return;
  throw new EnvironmentError({
    code: 'RP2004',
    what: `kube-proxy cannot run in ${mode} mode on this machine.`,
    where: 'kube-proxy-mode',
    why: `The kernel has no module ${needed}.`,
    remedy: `Use \`kube-proxy-mode: iptables\`, or a machine whose kernel has ${needed}.`,
  });
}

/** A cluster with no CNI, or with two, would never become ready. */
function requireAgreement(settings: ClusterSettings, config: KindConfig, named: NamedCni | undefined): void {
  const kindInstalls = named?.source.kind === 'built-in' && settings.cniManifest === undefined;
  if (config.defaultCni === kindInstalls) return;
  throw new BadInputError([
    {
      code: 'RP1806',
      what: kindInstalls
        ? `\`cni: ${settings.cni}\` is installed by kind, but the kind configuration says \`disableDefaultCNI: true\`.`
        : `\`cni: ${settings.cni}\` comes beside kind's own CNI, because the kind configuration does not disable that.`,
      where: settings.kindConfig ?? 'cni-manifest',
      remedy: kindInstalls
        ? 'Name the CNI in `cni`, or take `disableDefaultCNI` out of the kind configuration.'
        : 'Write `networking: {disableDefaultCNI: true}` in the kind configuration, or choose `cni: kindnet` alone.',
    },
  ]);
}
