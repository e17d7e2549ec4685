import type { FieldPath } from '../model/manifest.ts';
import { isRecord } from '../model/plain-data.ts';

/**
 * Paths of the fields that were applied and that the live object does not have: the API server has dropped them
 * silently, for example because the feature they belong to is off. Only the topmost missing field of a branch is
 * named. Empty values, nulls and `stringData` are not missed: servers store those differently.
 */
export function prunedFields(applied: unknown, live: unknown, path: FieldPath = []): readonly FieldPath[] {
  if (isEmpty(applied)) return [];
  if (live === undefined || live === null) return [path];
  if (Array.isArray(applied) && Array.isArray(live)) {
    return applied.flatMap((item, index) =>
      prunedFields(item, counterpart(item, live, index), [...path, index]),
    );
  }
  if (isRecord(applied) && isRecord(live)) {
    return Object.entries(applied)
      .filter(([key]) => key !== 'stringData')
      .flatMap(([key, value]) => prunedFields(value, live[key], [...path, key]));
  }
  return [];
}

/** The same item of a live list: servers and webhooks may put items of their own before it. */
function counterpart(item: unknown, live: readonly unknown[], index: number): unknown {
  if (!isRecord(item) || typeof item.name !== 'string') return live[index];
  return live.find((other) => isRecord(other) && other.name === item.name);
}

function isEmpty(value: unknown): boolean {
  if (value === undefined || value === null || value === '') return true;
  if (Array.isArray(value)) return value.length === 0;
  return isRecord(value) && Object.values(value).every(isEmpty);
}
