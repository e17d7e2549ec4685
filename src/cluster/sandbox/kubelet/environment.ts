import type { Container, Pod } from '../api/objects.ts';
import type { JsonObject } from '../json.ts';

/** Where values of environment variables may come from. */
export interface EnvironmentSources {
  readonly pod: Pod;
  readonly address: string;
  readonly nodeAddress: string;
  configMap(name: string): JsonObject | undefined;
}

/** A container's environment variables. Secrets and resource fields are left out. */
export function containerEnv(
  { env = [], envFrom = [] }: Container,
  sources: EnvironmentSources,
): Record<string, string> {
  const result: Record<string, string> = {};
  for (const { configMapRef, prefix = '' } of envFrom) {
    for (const [key, value] of Object.entries(sources.configMap(configMapRef?.name ?? '') ?? {}))
      result[prefix + key] = String(value);
  }
  for (const { name, value, valueFrom } of env) {
    const fromMap =
      valueFrom?.configMapKeyRef &&
      sources.configMap(valueFrom.configMapKeyRef.name ?? '')?.[valueFrom.configMapKeyRef.key];
    const fromField = valueFrom?.fieldRef && fieldValue(valueFrom.fieldRef.fieldPath, sources);
    const text = value ?? fromField ?? (fromMap === undefined ? '' : String(fromMap));
    result[name] = expanded(text, result);
  }
  return result;
}

/** `$(NAME)` becomes the value of a variable that exists; what names none stays as it is. */
export function expanded(text: string, variables: Readonly<Record<string, string>>): string {
  return text.replace(/\$\(([^)]+)\)/g, (whole, name) => variables[name] ?? whole);
}

function fieldValue(path: string, { pod, address, nodeAddress }: EnvironmentSources): string {
  const { metadata, spec } = pod;
  const map = /^metadata\.(labels|annotations)\['(.+)'\]$/.exec(path);
  if (map) return metadata[map[1] === 'labels' ? 'labels' : 'annotations']?.[map[2] ?? ''] ?? '';
  const known: Readonly<Record<string, string | undefined>> = {
    'metadata.name': metadata.name,
    'metadata.namespace': metadata.namespace,
    'metadata.uid': metadata.uid,
    'spec.nodeName': spec.nodeName,
    'spec.serviceAccountName': spec.serviceAccountName,
    'status.podIP': address,
    'status.hostIP': nodeAddress,
  };
  return known[path] ?? '';
}
