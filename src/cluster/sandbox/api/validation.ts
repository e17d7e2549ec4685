import { isJsonObject, type Json } from '../json.ts';
import { fieldSchema, isOpaque, resolve, type Schema } from './schema.ts';
import type { Cause } from './status-error.ts';

/** What is wrong with a value by its schema alone, and the value without the fields that the schema does not have. */
export interface Checked {
  readonly value: Json;
  /** Paths that no schema knows; a real API server drops them with a warning, or refuses under strict validation. */
  readonly unknownFields: readonly string[];
  /** Wrong JSON types: the object can not be decoded at all. */
  readonly undecodable: readonly string[];
  readonly causes: readonly Cause[];
}

/** Checks types, required fields and enums. Nulls count as absent, as they do in the Kubernetes API. */
export function checkAgainstSchema(value: Json, schema: Schema): Checked {
  const unknownFields: string[] = [];
  const undecodable: string[] = [];
  const causes: Cause[] = [];
  return { value: check(value, schema, ''), unknownFields, undecodable, causes };

  function check(item: Json, itemSchema: Schema, path: string): Json {
    if (isOpaque(itemSchema)) return item;
    const type = resolve(itemSchema);
    if (!hasType(item, type, itemSchema.ref)) {
      undecodable.push(
        `${path === '' ? 'the object' : path}: expected ${type.format ?? type.type}, got ${JSON.stringify(item)}`,
      );
      return item;
    }
    if (type.enum && typeof item === 'string' && item !== '' && !type.enum.includes(item)) {
      const supported = type.enum.map((word) => `"${word}"`).join(', ');
      causes.push({
        field: path,
        message: `Unsupported value: "${item}": supported values: ${supported}`,
        reason: 'FieldValueNotSupported',
      });
    }
    if (Array.isArray(item))
      return item.map((inner, index) => check(inner, type.items ?? {}, `${path}[${index}]`));
    if (!isJsonObject(item)) return item;
    for (const field of type.required ?? []) {
      const given = item[field];
      if (given === undefined || given === null || given === '') {
        causes.push({ field: join(path, field), message: 'Required value', reason: 'FieldValueRequired' });
      }
    }
    const known: [string, Json][] = [];
    for (const [key, inner] of Object.entries(item)) {
      if (inner === null) continue;
      const innerSchema = fieldSchema(itemSchema, key);
      if (innerSchema) known.push([key, check(inner, innerSchema, join(path, key))]);
      else unknownFields.push(join(path, key));
    }
    return Object.fromEntries(known);
  }
}

function hasType(value: Json, type: Schema, ref: string | undefined): boolean {
  const stringOrNumber = type.format === 'int-or-string' || ref === 'api.resource.Quantity';
  switch (type.type) {
    case 'string':
      return typeof value === 'string' || (stringOrNumber && typeof value === 'number');
    case 'integer':
      return typeof value === 'number' && Number.isInteger(value);
    case 'number':
      return typeof value === 'number';
    case 'boolean':
      return typeof value === 'boolean';
    case 'array':
      return Array.isArray(value);
    default:
      return isJsonObject(value);
  }
}

function join(path: string, key: string): string {
  return path === '' ? key : `${path}.${key}`;
}
