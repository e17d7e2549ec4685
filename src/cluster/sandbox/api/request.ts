import { RESOURCES, type Resource } from './resources.ts';

/** Which objects a URL means. */
export interface ResourcePath {
  readonly resource: Resource;
  /** '' for cluster-scoped resources, undefined for all namespaces. */
  readonly namespace: string | undefined;
  readonly name?: string;
  readonly subresource?: string;
}

/** `/apis/apps/v1/namespaces/default/deployments/web/status`, taken apart; undefined where nothing is served. */
export function parseResourcePath(path: string): ResourcePath | undefined {
  const segments = path.split('/').filter(Boolean).map(decodeURIComponent);
  const [root, ...rest] = segments;
  if (root !== 'api' && root !== 'apis') return undefined;
  const group = root === 'api' ? '' : (rest.shift() ?? '');
  const version = rest.shift();
  // `namespaces/<name>/<plural>` is a namespace's content; `namespaces/<name>` and `namespaces/<name>/status` are itself.
  const inNamespace =
    rest[0] === 'namespaces' && rest.length > 2 && rest[2] !== 'status' && rest[2] !== 'finalize';
  const namespace = inNamespace ? rest[1] : undefined;
  const [plural, name, subresource, ...tooMuch] = inNamespace ? rest.slice(2) : rest;
  const resource = RESOURCES.find(
    (known) => known.group === group && known.version === version && known.plural === plural,
  );
  if (
    !resource ||
    tooMuch.length > 0 ||
    (resource.namespaced && name !== undefined && namespace === undefined)
  )
    return undefined;
  return {
    resource,
    namespace: resource.namespaced ? namespace : '',
    ...(name === undefined ? {} : { name }),
    ...(subresource === undefined ? {} : { subresource }),
  };
}
