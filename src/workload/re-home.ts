import type { ManifestObject } from '../model/manifest.ts';
import { isRecord } from '../model/plain-data.ts';
import type { KubeManifest } from '../platform/kube-apply.ts';

/** Where an object goes: the scenario's own namespace, or nowhere in particular. */
export interface Home {
  readonly namespace: string;
  readonly namespaced: boolean;
  /** Namespaces the manifests name: references to them mean the objects that moved. */
  readonly formerNamespaces: ReadonlySet<string>;
}

/**
 * The object as it is applied: namespaced objects move into the scenario's namespace, and subjects of bindings follow
 * the ServiceAccounts that moved. Nothing else is changed; what the user's `status` says is left out.
 */
export function reHome({ apiVersion, kind, name, content }: ManifestObject, home: Home): KubeManifest {
  const { status: _, ...rest } = content;
  const { namespace: __, ...metadata } = isRecord(content.metadata) ? content.metadata : {};
  const subjects = content.subjects;
  return {
    ...rest,
    apiVersion,
    kind,
    metadata: { ...metadata, name, ...(home.namespaced ? { namespace: home.namespace } : {}) },
    ...(Array.isArray(subjects) ? { subjects: subjects.map((subject) => movedSubject(subject, home)) } : {}),
  };
}

/** The namespaces that objects of the manifests are in, `default` for those that leave it open. */
export function formerNamespaces(objects: readonly ManifestObject[]): ReadonlySet<string> {
  return new Set([
    'default',
    ...objects.map(({ namespace }) => namespace).filter((name) => name !== undefined),
  ]);
}

function movedSubject(subject: unknown, { namespace, formerNamespaces }: Home): unknown {
  if (!isRecord(subject) || subject.kind !== 'ServiceAccount') return subject;
  const former = subject.namespace;
  const moved = former === undefined || (typeof former === 'string' && formerNamespaces.has(former));
  return moved ? { ...subject, namespace } : subject;
}
