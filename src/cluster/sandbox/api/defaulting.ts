import { isJsonObject, type Json, type JsonObject } from '../json.ts';
import { defaultsOf, fieldSchema, resolve, type Schema } from './schema.ts';

/** Fills in what a real API server fills in: recorded defaults, and those that depend on other fields. */
export function withDefaults(value: Json, schema: Schema): Json {
  if (Array.isArray(value)) {
    const items = resolve(schema).items;
    return items ? value.map((item) => withDefaults(item, items)) : value;
  }
  if (!isJsonObject(value)) return value;
  const fixed = structuredClone(defaultsOf(schema.ref));
  const filled: JsonObject = { ...fixed, ...value };
  const computed = COMPUTED[schema.ref ?? '']?.(filled, value) ?? filled;
  return Object.fromEntries(
    Object.entries(computed).map(([key, field]) => {
      const inner = fieldSchema(schema, key);
      return [key, inner ? withDefaults(field, inner) : field];
    }),
  );
}

/** `filled` has the fixed defaults already, `given` is what the user wrote. */
type Computed = (filled: JsonObject, given: JsonObject) => JsonObject;

const COMPUTED: Readonly<Record<string, Computed>> = {
  'apps.v1.DeploymentStrategy': (filled) =>
    filled.type === 'RollingUpdate' ? { rollingUpdate: {}, ...filled } : filled,
  'core.v1.Container': (filled) => ({
    imagePullPolicy: isFloatingTag(filled.image) ? 'Always' : 'IfNotPresent',
    ...filled,
  }),
  'core.v1.PodSpec': (filled) => {
    const spec = { serviceAccountName: 'default', serviceAccount: 'default', ...filled };
    return filled.hostNetwork === true ? { ...spec, containers: withHostPorts(filled.containers) } : spec;
  },
  'core.v1.ServicePort': (filled) => ({
    ...(filled.port === undefined ? {} : { targetPort: filled.port }),
    ...filled,
  }),
  'core.v1.ServiceSpec': (filled, given) => {
    if (filled.type === 'ExternalName') return { type: 'ExternalName', sessionAffinity: 'None', ...given };
    return filled.type === 'ClusterIP' ? filled : { externalTrafficPolicy: 'Cluster', ...filled };
  },
};

function isFloatingTag(image: Json | undefined): boolean {
  const reference = typeof image === 'string' ? image : '';
  if (reference.includes('@')) return false;
  const tag = /:([^:/]+)$/.exec(reference)?.[1];
  return tag === undefined || tag === 'latest';
}

/** With host networking every port is a port of the node. */
function withHostPorts(containers: Json | undefined): Json {
  if (!Array.isArray(containers)) return containers ?? null;
  return containers.map((container: Json) => {
    if (!isJsonObject(container) || !Array.isArray(container.ports)) return container;
    const ports = container.ports.map((port: Json) =>
      isJsonObject(port) ? { hostPort: port.containerPort ?? null, ...port } : port,
    );
    return { ...container, ports };
  });
}
