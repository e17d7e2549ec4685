import { isRecord, type PlainRecord } from './plain-data.ts';

/**
 * A change to one object of the manifests, in the form that `kubectl patch` takes by default: maps are merged, `null`
 * takes a field away, containers are found by `name` and the ports of a Service by `port`.
 */
export interface ManifestPatch {
  readonly kind: 'Deployment' | 'Service';
  readonly name: string;
  readonly fields: PlainRecord;
}

/** Lists whose items are found by a key of their own; every other list is replaced as a whole. */
const MERGE_KEYS: Readonly<Record<string, string>> = { containers: 'name', ports: 'port' };

/**
 * The content with the fields of a patch in it; what was given stays as it is. Undefined where the patch names an item
 * of a list that is not there: it was made for another manifest.
 */
export function patchedContent(content: PlainRecord, fields: PlainRecord): PlainRecord | undefined {
  const merged: Record<string, unknown> = { ...content };
  for (const [key, wanted] of Object.entries(fields)) {
    if (wanted === null) {
      delete merged[key];
      continue;
    }
    const value = patchedValue(key, merged[key], wanted);
    if (value === undefined) return undefined;
    merged[key] = value;
  }
  return merged;
}

function patchedValue(key: string, current: unknown, wanted: unknown): unknown {
  if (isRecord(wanted)) return patchedContent(isRecord(current) ? current : {}, wanted);
  const mergeKey = MERGE_KEYS[key];
  if (!Array.isArray(wanted) || mergeKey === undefined) return wanted;
  const items: unknown[] = Array.isArray(current) ? [...current] : [];
  for (const item of wanted) {
    if (!isRecord(item)) return undefined;
    const index = items.findIndex((one) => isRecord(one) && one[mergeKey] === item[mergeKey]);
    const found = items[index];
    const patched = isRecord(found) ? patchedContent(found, item) : undefined;
    if (!patched) return undefined;
    items[index] = patched;
  }
  return items;
}

/**
 * Several patches as one for each object. Where two set the same field the later one does, and of two numbers the larger
 * one stands: they are seconds and thresholds, and each is the least that its own cause needs.
 */
export function joinedPatches(patches: readonly ManifestPatch[]): readonly ManifestPatch[] {
  return [...Map.groupBy(patches, ({ kind, name }) => `${kind}/${name}`).values()].flatMap((some) => {
    const [first] = some;
    return first ? [{ ...first, fields: some.map(({ fields }) => fields).reduce(joinedFields) }] : [];
  });
}

function joinedFields(one: PlainRecord, other: PlainRecord): PlainRecord {
  const joined: Record<string, unknown> = { ...one };
  for (const [key, value] of Object.entries(other)) {
    const before = joined[key];
    if (isRecord(before) && isRecord(value)) joined[key] = joinedFields(before, value);
    else if (typeof before === 'number' && typeof value === 'number') joined[key] = Math.max(before, value);
    else if (MERGE_KEYS[key] !== undefined && Array.isArray(before) && Array.isArray(value)) {
      joined[key] = joinedItems(before, value, MERGE_KEYS[key]);
    } else joined[key] = value;
  }
  return joined;
}

function joinedItems(
  before: readonly unknown[],
  after: readonly unknown[],
  mergeKey: string,
): readonly unknown[] {
  const items = [...before];
  for (const item of after) {
    const index = items.findIndex(
      (one) => isRecord(one) && isRecord(item) && one[mergeKey] === item[mergeKey],
    );
    const found = items[index];
    if (isRecord(found) && isRecord(item)) items[index] = joinedFields(found, item);
    else items.push(item);
  }
  return items;
}
