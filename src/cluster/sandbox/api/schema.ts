import type { Json } from '../json.ts';
import recorded from './kubernetes.json' with { type: 'json' };

/** What the recorded OpenAPI document says about a value; see scripts/record-kubernetes-schema.ts. */
export interface Schema {
  readonly type?: string;
  readonly format?: string;
  /** Name of a type in the recorded document. */
  readonly ref?: string;
  readonly enum?: readonly string[];
  readonly required?: readonly string[];
  readonly items?: Schema;
  /** Schema of every value of a free-form map. */
  readonly values?: Schema;
  readonly properties?: Readonly<Record<string, Schema>>;
  readonly listType?: string;
  readonly listKeys?: readonly string[];
  readonly mapType?: string;
  readonly patchStrategy?: string;
  readonly mergeKey?: string;
}

const TYPES: Readonly<Record<string, Schema>> = recorded.types;
const DEFAULTS: Readonly<Record<string, Readonly<Record<string, Json>>>> = recorded.defaults;

/** The version of the API server the schema was recorded from, as `/version` gives it. */
export const KUBERNETES_VERSION: {
  readonly major: string;
  readonly minor: string;
  readonly gitVersion: string;
} = recorded.version;

/** Follows `ref`, keeping what the referring field says about itself (merge key, list keys). */
export function resolve(schema: Schema): Schema {
  const { ref, ...own } = schema;
  return ref === undefined ? schema : { ...TYPES[ref], ...own };
}

/** Schema of a field of a struct, or of a value of a map; undefined where the type has no such field. */
export function fieldSchema(schema: Schema, key: string): Schema | undefined {
  const type = resolve(schema);
  return type.properties?.[key] ?? type.values;
}

/** Fixed defaults of a recorded type, by field. */
export function defaultsOf(ref: string | undefined): Readonly<Record<string, Json>> {
  return (ref === undefined ? undefined : DEFAULTS[ref]) ?? {};
}

/** A type without declared fields (`FieldsV1`, a quantity) holds anything. */
export function isOpaque(schema: Schema): boolean {
  const type = resolve(schema);
  return type.type === undefined || (type.type === 'object' && !type.properties && !type.values);
}

/** The keys that identify an item of an associative list, or undefined for lists that are replaced whole. */
export function associativeKeys(schema: Schema): readonly string[] | undefined {
  return schema.listType === 'map' ? schema.listKeys : undefined;
}
