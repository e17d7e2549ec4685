import type {
  Deployment,
  EndpointSlice,
  KubeEvent,
  KubeObject,
  Namespace,
  Node,
  Pod,
  ReplicaSet,
  Service,
} from './objects.ts';

/** One kind that the sandbox serves. `T` is what the store holds for it. */
export interface Resource<T extends KubeObject = KubeObject> {
  readonly group: string;
  readonly version: string;
  readonly kind: string;
  readonly plural: string;
  readonly shortNames: readonly string[];
  readonly namespaced: boolean;
  /** Name of its type in the recorded schema. */
  readonly type: string;
  readonly status: boolean;
  /** Never present at run time: ties the resource to its object type. */
  readonly object?: T;
}

export const NAMESPACES = core<Namespace>('Namespace', {
  namespaced: false,
  status: true,
  shortNames: ['ns'],
});
export const NODES = core<Node>('Node', { namespaced: false, status: true, shortNames: ['no'] });
export const PODS = core<Pod>('Pod', { status: true, shortNames: ['po'] });
export const SERVICES = core<Service>('Service', { status: true, shortNames: ['svc'] });
export const EVENTS = core<KubeEvent>('Event', { shortNames: ['ev'] });
export const CONFIG_MAPS = core('ConfigMap', { shortNames: ['cm'] });
export const SERVICE_ACCOUNTS = core('ServiceAccount', { shortNames: ['sa'] });
export const DEPLOYMENTS = define<Deployment>('apps', 'Deployment', { status: true, shortNames: ['deploy'] });
export const REPLICA_SETS = define<ReplicaSet>('apps', 'ReplicaSet', { status: true, shortNames: ['rs'] });
export const ENDPOINT_SLICES = define<EndpointSlice>('discovery.k8s.io', 'EndpointSlice', {
  type: 'discovery.v1.EndpointSlice',
});

/** Everything the sandbox serves. The last six are stored and have no effect: nothing in the sandbox acts on them. */
export const RESOURCES: readonly Resource[] = [
  NAMESPACES,
  NODES,
  PODS,
  SERVICES,
  EVENTS,
  CONFIG_MAPS,
  DEPLOYMENTS,
  REPLICA_SETS,
  ENDPOINT_SLICES,
  SERVICE_ACCOUNTS,
  core('Secret', {}),
  define('policy', 'PodDisruptionBudget', { status: true, shortNames: ['pdb'] }),
  define('rbac.authorization.k8s.io', 'Role', { type: 'rbac.v1.Role' }),
  define('rbac.authorization.k8s.io', 'RoleBinding', { type: 'rbac.v1.RoleBinding' }),
  define('networking.k8s.io', 'Ingress', {
    type: 'networking.v1.Ingress',
    plural: 'ingresses',
    status: true,
    shortNames: ['ing'],
  }),
];

/** `v1` or `apps/v1`. */
export function apiVersionOf({ group, version }: Resource): string {
  return group === '' ? version : `${group}/${version}`;
}

/** `deployments.apps`, `pods`: how messages name a resource. */
export function qualifiedName({ plural, group }: Resource): string {
  return group === '' ? plural : `${plural}.${group}`;
}

type Details = Partial<Pick<Resource, 'namespaced' | 'status' | 'shortNames' | 'type' | 'plural'>>;

function core<T extends KubeObject = KubeObject>(kind: string, details: Details): Resource<T> {
  return define<T>('', kind, { type: `core.v1.${kind}`, ...details });
}

function define<T extends KubeObject = KubeObject>(
  group: string,
  kind: string,
  details: Details,
): Resource<T> {
  return {
    group,
    version: 'v1',
    kind,
    plural: `${kind.toLowerCase()}s`,
    shortNames: [],
    namespaced: true,
    status: false,
    type: `${group}.v1.${kind}`,
    ...details,
  };
}
