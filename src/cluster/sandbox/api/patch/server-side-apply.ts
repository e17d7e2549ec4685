import { isJsonObject, type Json, type JsonObject, sameJson } from '../../json.ts';
import { resolve, type Schema } from '../schema.ts';
import {
  branch,
  changedFields,
  difference,
  type FieldSet,
  fieldsOf,
  isLeaf,
  partsOf,
  union,
} from './field-set.ts';

/** One manager's fields, as `metadata.managedFields` lists them. */
export interface ManagedFields {
  readonly manager: string;
  readonly operation: 'Apply' | 'Update';
  readonly apiVersion: string;
  readonly time: string;
  readonly fieldsType: 'FieldsV1';
  readonly fieldsV1: FieldSet;
  readonly subresource?: string;
}

/** A field that another manager owns with another value. */
export interface ApplyConflict {
  readonly manager: string;
  readonly path: string;
}

export interface Applied {
  readonly merged: JsonObject;
  /** Owners after the apply, without the applying manager's own entry. */
  readonly others: readonly ManagedFields[];
  /** What the applying manager owns now. */
  readonly own: FieldSet;
  /** Empty where nothing stands in the way or `force` was given. */
  readonly conflicts: readonly ApplyConflict[];
}

/**
 * Merges an applied configuration into the live object the way server-side apply does: what is applied is set and
 * owned; what this manager applied before and applies no longer goes away unless somebody else owns it too; a field
 * that somebody else owns with another value is a conflict, or with `force` is taken over.
 * Left out: conversion between API versions, and unions.
 */
export function serverSideApply(
  live: JsonObject,
  config: JsonObject,
  options: {
    readonly schema: Schema;
    readonly managers: readonly ManagedFields[];
    readonly manager: string;
    readonly force: boolean;
  },
): Applied {
  const { schema, managers, manager, force } = options;
  const own = ownable(fieldsOf(config, schema));
  const isOwn = (entry: ManagedFields) =>
    entry.manager === manager && entry.operation === 'Apply' && entry.subresource === undefined;
  const previous = managers.find(isOwn)?.fieldsV1 ?? {};
  const rivals = managers.filter((entry) => !isOwn(entry));

  const contested = changes(live, config, schema);
  const conflicts = rivals.flatMap((entry) => {
    const paths = contested ? overlap(contested, entry.fieldsV1) : [];
    return paths.map((path) => ({ manager: entry.manager, path }));
  });
  const others =
    force && contested
      ? rivals.map((entry) => ({ ...entry, fieldsV1: difference(entry.fieldsV1, contested) }))
      : rivals;

  const kept = others.reduce<FieldSet>((set, { fieldsV1 }) => union(set, fieldsV1), own);
  const abandoned = difference(previous, kept);
  const remaining = isLeaf(abandoned) ? live : prune(live, abandoned, kept, schema);
  const merged = merge(remaining, config, schema);
  return {
    merged: isJsonObject(merged) ? merged : live,
    others: others.filter((entry) => !isLeaf(entry.fieldsV1)),
    own,
    conflicts: force ? [] : conflicts,
  };
}

/** Owners after a create, replace or patch: whoever writes a field owns it, and whoever had it loses it. */
export function ownersAfterUpdate(
  before: JsonObject | undefined,
  after: JsonObject,
  options: {
    readonly schema: Schema;
    readonly managers: readonly ManagedFields[];
    readonly entry: Omit<ManagedFields, 'fieldsV1'>;
  },
): readonly ManagedFields[] {
  const { schema, managers, entry } = options;
  const changed = ownable(changedFields(before, after, schema) ?? {});
  const gone = before ? difference(fieldsOf(before, schema), fieldsOf(after, schema)) : {};
  if (isLeaf(changed) && isLeaf(gone)) return managers;
  const same = (other: ManagedFields) =>
    other.manager === entry.manager &&
    other.operation === entry.operation &&
    other.subresource === entry.subresource;
  const mine = managers.find(same)?.fieldsV1 ?? {};
  const fieldsV1 = difference(union(mine, changed), gone);
  const rest = managers
    .filter((other) => !same(other))
    .map((other) => ({ ...other, fieldsV1: difference(difference(other.fieldsV1, changed), gone) }));
  return [...rest, { ...entry, fieldsV1 }].filter(({ fieldsV1: fields }) => !isLeaf(fields));
}

/** Identity and what the server writes itself belongs to nobody. */
function ownable(fields: FieldSet): FieldSet {
  const { 'f:apiVersion': _version, 'f:kind': _kind, ...rest } = fields;
  const metadata = branch(rest, 'f:metadata');
  const owned = Object.fromEntries(
    Object.entries(metadata).filter(([key]) =>
      /^f:(labels|annotations|finalizers|ownerReferences)$/.test(key),
    ),
  );
  const { 'f:metadata': _metadata, ...others } = rest;
  return Object.keys(owned).length === 0 ? others : { 'f:metadata': owned, ...others };
}

/** Fields of the configuration that the live object has with another value. */
function changes(live: Json, config: Json, schema: Schema): FieldSet | undefined {
  const wanted = partsOf(config, schema);
  const present = partsOf(live, schema);
  if (!wanted || !present) return sameJson(live, config) ? undefined : {};
  const fields: Record<string, Json> = {};
  for (const [key, part] of wanted) {
    const old = present.get(key);
    const changed = old && changes(old.value, part.value, part.schema);
    if (changed) fields[key] = changed;
  }
  return isLeaf(fields) ? undefined : fields;
}

/** Paths of the leaves of `contested` that are in `owned`. */
function overlap(contested: FieldSet, owned: FieldSet, path = ''): string[] {
  return Object.keys(contested).flatMap((key) => {
    if (!(key in owned)) return [];
    const here = path + readable(key);
    const inner = branch(contested, key);
    return isLeaf(inner) ? [here] : overlap(inner, branch(owned, key), here);
  });
}

/** `f:spec` as `.spec`, `k:{"name":"web"}` as `[name="web"]`. */
function readable(key: string): string {
  if (key.startsWith('f:')) return `.${key.slice(2)}`;
  if (!key.startsWith('k:')) return `[=${key.slice(2)}]`;
  const identity: Record<string, Json> = JSON.parse(key.slice(2));
  return `[${Object.entries(identity)
    .map(([name, value]) => `${name}=${JSON.stringify(value)}`)
    .join(',')}]`;
}

function merge(live: Json | undefined, config: Json, schema: Schema): Json {
  const wanted = partsOf(config, schema);
  const present = live === undefined ? undefined : partsOf(live, schema);
  if (live === undefined || !wanted || !present) return config;
  if (isJsonObject(live) && isJsonObject(config)) {
    const merged: Record<string, Json> = { ...live };
    for (const [key, part] of wanted)
      merged[key.slice(2)] = merge(present.get(key)?.value, part.value, part.schema);
    return merged;
  }
  const items = [...present].map(([key, part]) => {
    const applied = wanted.get(key);
    return applied ? merge(part.value, applied.value, resolve(schema).items ?? {}) : part.value;
  });
  return [...items, ...[...wanted].filter(([key]) => !present.has(key)).map(([, part]) => part.value)];
}

/** The value without the fields in `gone`. An associative list's item goes whole once nobody keeps a part of it. */
function prune(value: Json, gone: FieldSet, kept: FieldSet, schema: Schema): Json | undefined {
  if (isLeaf(gone) || ('.' in gone && isLeaf(kept))) return undefined;
  const parts = partsOf(value, schema);
  if (!parts) return value;
  const remaining = [...parts].flatMap(([key, part]) => {
    const inner =
      key in gone ? prune(part.value, branch(gone, key), branch(kept, key), part.schema) : part.value;
    return inner === undefined ? [] : [[key, inner] as const];
  });
  return Array.isArray(value)
    ? remaining.map(([, inner]) => inner)
    : Object.fromEntries(remaining.map(([key, inner]) => [key.slice(2), inner]));
}
