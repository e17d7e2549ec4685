import { apiVersionOf, PODS, RESOURCES, type Resource } from './resources.ts';
import { KUBERNETES_VERSION } from './schema.ts';

const VERBS = ['create', 'delete', 'deletecollection', 'get', 'list', 'patch', 'update', 'watch'];

/** Answers to the paths under which clients ask what there is; undefined for every other path. */
export function discover(path: string): object | undefined {
  if (path === '/version') return { ...KUBERNETES_VERSION, platform: 'rollproof-sandbox' };
  if (path === '/api') return { kind: 'APIVersions', versions: ['v1'], serverAddressByClientCIDRs: [] };
  if (path === '/apis') return { kind: 'APIGroupList', apiVersion: 'v1', groups: groups().map(groupEntry) };
  if (path === '/healthz' || path === '/livez' || path === '/readyz') return { status: 'ok' };
  const group = /^\/apis\/([^/]+)$/.exec(path)?.[1];
  if (group && groups().includes(group)) return { kind: 'APIGroup', apiVersion: 'v1', ...groupEntry(group) };
  const groupVersion = path === '/api/v1' ? 'v1' : /^\/apis\/([^/]+\/[^/]+)$/.exec(path)?.[1];
  const resources = RESOURCES.filter((resource) => apiVersionOf(resource) === groupVersion);
  if (groupVersion === undefined || resources.length === 0) return undefined;
  return { kind: 'APIResourceList', apiVersion: 'v1', groupVersion, resources: resources.flatMap(describe) };
}

function groups(): string[] {
  return [...new Set(RESOURCES.map(({ group }) => group))].filter(Boolean);
}

function groupEntry(name: string) {
  const version = { groupVersion: `${name}/v1`, version: 'v1' };
  return { name, versions: [version], preferredVersion: version };
}

function describe(resource: Resource): object[] {
  const { plural, kind, namespaced, shortNames } = resource;
  const main = { name: plural, singularName: kind.toLowerCase(), namespaced, kind, verbs: VERBS, shortNames };
  const status = {
    name: `${plural}/status`,
    singularName: '',
    namespaced,
    kind,
    verbs: ['get', 'patch', 'update'],
  };
  const log = { name: `${plural}/log`, singularName: '', namespaced, kind, verbs: ['get'] };
  return [main, ...(resource.status ? [status] : []), ...(resource.kind === PODS.kind ? [log] : [])];
}
