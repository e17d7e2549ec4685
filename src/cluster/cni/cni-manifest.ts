import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { parseAllDocuments } from 'yaml';
import { imagesIn } from '../../model/manifest-images.ts';
import { isRecord, property } from '../../model/plain-data.ts';
import { BadInputError, EnvironmentError, messageOf } from '../../model/problem.ts';
import { DownloadError, download } from '../../platform/download.ts';
import type { KubeManifest } from '../../platform/kube-apply.ts';
import { CommandError, run } from '../../platform/process.ts';
import { mapOf, mapsOf } from '../plain-data.ts';
import type { CniSource, NamedCni } from './cni-table.ts';

export interface CniManifest {
  readonly objects: readonly KubeManifest[];
  /** DaemonSets that have to be ready, as `namespace/name`. */
  readonly daemonSets: readonly string[];
  /** Images its pods need. */
  readonly images: readonly string[];
  /** Tag of the image its first DaemonSet runs: the version, as far as a manifest tells. */
  readonly version: string | undefined;
}

/** Reads a CNI's manifest from a file of the user's. Throws BadInputError with the place where it cannot be used. */
export async function readCniManifest(path: string, input: 'cni' | 'cni-manifest'): Promise<CniManifest> {
  try {
    return parseCniManifest(await readFile(path, 'utf8'), path);
  } catch (error) {
    if (error instanceof BadInputError) throw error;
    const remedy =
      input === 'cni'
        ? 'Write `kindnet`, `calico`, `flannel`, `cilium`, or the path of a manifest that exists.'
        : 'Write the path of the manifest as it is seen from the working directory.';
    throw new BadInputError([
      {
        code: 'RP1804',
        what: `The CNI manifest ${path} cannot be read.`,
        where: input,
        why: messageOf(error),
        remedy,
      },
    ]);
  }
}

export interface FetchOptions {
  /** Version the cluster will have, where it is known: charts ask for it. */
  readonly kubernetes: string | undefined;
  /** Takes what is kept on the way. */
  readonly workDir: string;
  readonly signal: AbortSignal;
}

/**
 * Gets a named CNI's manifest from where its project publishes it; a Helm chart is rendered by `helm`.
 * Throws EnvironmentError where it cannot be had.
 */
export async function fetchCniManifest(
  cni: NamedCni,
  source: Exclude<CniSource, { kind: 'built-in' }>,
  { kubernetes, workDir, signal }: FetchOptions,
): Promise<CniManifest> {
  const content = await downloadFor(cni, source.file, signal);
  if (source.kind === 'manifest') return parseCniManifest(new TextDecoder().decode(content), source.file.url);
  const chart = join(workDir, `${cni.name}-${source.version}.tgz`);
  await writeFile(chart, content);
  return await renderChart({ name: cni.name, chart, source, kubernetes, signal });
}

export interface RenderOptions {
  readonly name: string;
  /** Path of the chart's archive. */
  readonly chart: string;
  readonly source: Extract<CniSource, { kind: 'helm-chart' }>;
  readonly kubernetes: string | undefined;
  readonly signal: AbortSignal;
}

/** Renders a chart. Throws EnvironmentError where there is no `helm` or it refuses. */
export async function renderChart({
  name,
  chart,
  source,
  kubernetes,
  signal,
}: RenderOptions): Promise<CniManifest> {
  const values = Object.entries(source.values).flatMap(([key, value]) => ['--set', `${key}=${value}`]);
  const version = kubernetes === undefined ? [] : ['--kube-version', kubernetes];
  const args = [
    'template',
    name,
    chart,
    '--namespace',
    source.namespace,
    '--include-crds',
    ...version,
    ...values,
  ];
  try {
    return parseCniManifest(await run('helm', args, { signal }), chart);
  } catch (error) {
    if (!(error instanceof CommandError)) throw error;
    throw new EnvironmentError(
      {
        code: 'RP2203',
        what: `The Helm chart of ${name} ${source.version} could not be rendered.`,
        why: error.notFound
          ? 'There is no `helm` on this machine.'
          : `${error.command}\n${error.output.trim()}`,
        remedy: 'Install Helm, or render the chart elsewhere and give the file as `cni-manifest`.',
      },
      { cause: error },
    );
  }
}

/** Largest manifest or chart that is read: several times what the CNIs we know have. */
const MAX_BYTES = 16 * 1024 * 1024;

async function downloadFor(
  cni: NamedCni,
  { url, sha256 }: { readonly url: string; readonly sha256: string },
  signal: AbortSignal,
): Promise<Uint8Array> {
  try {
    return await download({ url, sha256, maxBytes: MAX_BYTES, signal });
  } catch (error) {
    if (!(error instanceof DownloadError)) throw error;
    throw new EnvironmentError(
      {
        code: 'RP2201',
        what: `The manifest of ${cni.name} could not be downloaded.`,
        where: url,
        why: error.message,
        remedy: 'Download it elsewhere and give the file as `cni-manifest`.',
      },
      { cause: error },
    );
  }
}

/** Reads the objects of a manifest of any number of documents. Throws BadInputError with file, line and column. */
export function parseCniManifest(content: string, path: string): CniManifest {
  const documents = parseAllDocuments(content);
  const list = Array.isArray(documents) ? documents : [];
  for (const { errors } of list) {
    const [error] = errors;
    if (!error) continue;
    const [position] = error.linePos ?? [];
    const where = position ? `${path}:${position.line}:${position.col}` : path;
    throw unusable(where, error.message.split('\n')[0] ?? error.message);
  }
  const objects = list
    .map((document): unknown => document.toJS())
    .flatMap((data) => (isList(data) ? data.items : [data]))
    .filter((data) => data !== null && data !== undefined)
    .map((data) => {
      if (isManifest(data)) return data;
      throw unusable(path, 'One of its documents has no apiVersion, kind or metadata.name.');
    });
  if (objects.length === 0) throw unusable(path, 'It is empty.');
  return {
    // Everything else may need a namespace or a kind that another document defines.
    objects: objects.toSorted((one, other) => rank(one) - rank(other)),
    daemonSets: objects
      .filter(({ kind }) => kind === 'DaemonSet')
      .map(({ metadata }) => `${metadata.namespace ?? 'default'}/${metadata.name}`),
    images: [...new Set(imagesIn(objects))],
    version: versionOf(objects),
  };
}

function versionOf(objects: readonly KubeManifest[]): string | undefined {
  const agent = objects.find(({ kind }) => kind === 'DaemonSet');
  const podSpec = mapOf(mapOf(mapOf(agent?.spec).template).spec);
  const image = mapsOf(podSpec.containers)[0]?.image;
  return typeof image === 'string' ? /:([^:/@]+)(@|$)/.exec(image)?.[1] : undefined;
}

function rank({ kind }: KubeManifest): number {
  if (kind === 'Namespace') return 0;
  return kind === 'CustomResourceDefinition' ? 1 : 2;
}

function isList(data: unknown): data is { readonly items: readonly unknown[] } {
  return isRecord(data) && data.kind === 'List' && Array.isArray(data.items);
}

function isManifest(data: unknown): data is KubeManifest {
  const required = [property(data, 'apiVersion'), property(data, 'kind'), property(data, 'metadata', 'name')];
  return required.every((value) => typeof value === 'string');
}

function unusable(where: string, why: string): BadInputError {
  const remedy = 'Check the file with `kubectl apply --dry-run=client -f`.';
  return new BadInputError([
    { code: 'RP1805', what: 'The CNI manifest cannot be used.', where, why, remedy },
  ]);
}
