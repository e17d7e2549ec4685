import { isJsonObject, type Json, type JsonObject, sameJson } from '../../json.ts';
import { associativeKeys, defaultsOf, fieldSchema, isOpaque, resolve, type Schema } from '../schema.ts';

/**
 * A set of fields in the notation of `metadata.managedFields[].fieldsV1`: a tree with the keys `f:<field>`,
 * `k:<keys of an associative list's item>`, `v:<value of a set>` and `.` for the item or map itself.
 */
export type FieldSet = JsonObject;

/** The parts of a value that are owned one by one, each under its FieldsV1 key; undefined where it is owned whole. */
export function partsOf(
  value: Json,
  schema: Schema,
): Map<string, { value: Json; schema: Schema }> | undefined {
  const type = resolve(schema);
  if (isOpaque(schema) || type.mapType === 'atomic') return undefined;
  if (isJsonObject(value)) {
    return new Map(
      Object.entries(value).map(([key, field]) => [
        `f:${key}`,
        { value: field, schema: fieldSchema(schema, key) ?? {} },
      ]),
    );
  }
  if (!Array.isArray(value)) return undefined;
  const items = type.items ?? {};
  const keys = associativeKeys(type);
  if (keys)
    return new Map(
      value.map((item: Json) => [itemKey(item, keys, items.ref), { value: item, schema: items }]),
    );
  if (type.listType === 'set')
    return new Map(value.map((item: Json) => [`v:${JSON.stringify(item)}`, { value: item, schema: {} }]));
  return undefined;
}

/** Every field that is set in a value. */
export function fieldsOf(value: Json, schema: Schema): FieldSet {
  const parts = partsOf(value, schema);
  if (!parts || parts.size === 0) return {};
  const fields: Record<string, Json> = {};
  for (const [key, part] of parts) {
    const isItem = key.startsWith('k:');
    fields[key] = isItem
      ? { '.': {}, ...fieldsOf(part.value, part.schema) }
      : fieldsOf(part.value, part.schema);
  }
  return fields;
}

/** The fields of `after` that are new or have another value than in `before`. */
export function changedFields(before: Json | undefined, after: Json, schema: Schema): FieldSet | undefined {
  if (before === undefined) return fieldsOf(after, schema);
  if (sameJson(before, after)) return undefined;
  const parts = partsOf(after, schema);
  const known = partsOf(before, schema);
  if (!parts || !known || parts.size === 0) return {};
  const fields: Record<string, Json> = {};
  for (const [key, part] of parts) {
    const old = known.get(key);
    const changed = changedFields(old?.value, part.value, part.schema);
    if (changed) fields[key] = !old && key.startsWith('k:') ? { '.': {}, ...changed } : changed;
  }
  return fields;
}

/** Fields in either. */
export function union(a: FieldSet, b: FieldSet): FieldSet {
  const merged: Record<string, Json> = { ...a };
  for (const [key, inner] of Object.entries(b))
    merged[key] = union(branch(merged, key), isJsonObject(inner) ? inner : {});
  return merged;
}

/** Fields of `a` that are not in `b`. Only leaves count: a branch stays while something under it stays. */
export function difference(a: FieldSet, b: FieldSet): FieldSet {
  const rest: Record<string, Json> = {};
  for (const [key, inner] of Object.entries(a)) {
    if (!(key in b)) rest[key] = inner;
    else {
      const remaining = difference(branch(a, key), branch(b, key));
      if (Object.keys(remaining).length > 0) rest[key] = remaining;
    }
  }
  return rest;
}

/** Subtree under a key; empty where there is none. */
export function branch(set: FieldSet, key: string): FieldSet {
  const inner = set[key];
  return isJsonObject(inner) ? inner : {};
}

/** True for a field without owned fields under it. */
export function isLeaf(set: FieldSet): boolean {
  return Object.keys(set).length === 0;
}

function itemKey(item: Json, keys: readonly string[], ref: string | undefined): string {
  const defaults = defaultsOf(ref);
  const given = isJsonObject(item) ? item : {};
  const identity = keys
    .map((key) => [key, given[key] ?? defaults[key]] as const)
    .filter(([, value]) => value !== undefined);
  return `k:${JSON.stringify(Object.fromEntries(identity))}`;
}
