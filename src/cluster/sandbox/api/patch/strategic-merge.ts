import { isJsonObject, type Json, type JsonObject, sameJson } from '../../json.ts';
import { fieldSchema, resolve, type Schema } from '../schema.ts';

const DIRECTIVE = /^\$/;

/**
 * Strategic merge patch: objects merge, null removes, lists with a merge key merge item by item, other lists are
 * replaced. Understands `$patch: delete|replace`, `$retainKeys` and `$deleteFromPrimitiveList/...`;
 * `$setElementOrder/...` is ignored, so that order follows the live list. Without a schema it is a JSON merge patch
 * (RFC 7396), which has no directives and no merge keys.
 */
export function mergePatch(live: Json | undefined, patch: Json, schema?: Schema): Json | undefined {
  if (!isJsonObject(patch)) return mergeList(live, patch, schema);
  if (schema && patch.$patch === 'delete') return undefined;
  const replace = schema !== undefined && patch.$patch === 'replace';
  const base: JsonObject = !replace && isJsonObject(live) ? live : {};
  const merged: Record<string, Json> = { ...base };
  const retained = schema ? patch.$retainKeys : undefined;
  if (Array.isArray(retained))
    for (const key of Object.keys(merged)) if (!retained.includes(key)) delete merged[key];
  for (const [key, value] of Object.entries(patch)) {
    if (schema && DIRECTIVE.test(key)) {
      const list = /^\$deleteFromPrimitiveList\/(.+)$/.exec(key)?.[1];
      const items = list === undefined ? undefined : merged[list];
      if (list !== undefined && Array.isArray(items) && Array.isArray(value)) {
        merged[list] = items.filter((item) => !value.some((gone) => sameJson(gone, item)));
      }
      continue;
    }
    const next =
      value === null ? undefined : mergePatch(merged[key], value, schema && fieldSchema(schema, key));
    if (next === undefined) delete merged[key];
    else merged[key] = next;
  }
  return merged;
}

function mergeList(live: Json | undefined, patch: Json, schema: Schema | undefined): Json {
  if (!schema || !Array.isArray(patch) || !Array.isArray(live) || schema.patchStrategy !== 'merge')
    return patch;
  const { mergeKey } = schema;
  const itemSchema = resolve(schema).items ?? {};
  if (mergeKey === undefined)
    return [...live, ...patch.filter((item) => !live.some((known) => sameJson(known, item)))];
  if (patch.some((item) => isJsonObject(item) && item.$patch === 'replace' && !(mergeKey in item))) {
    return patch.filter((item) => !(isJsonObject(item) && item.$patch === 'replace'));
  }
  let merged: readonly Json[] = live;
  for (const item of patch) {
    if (!isJsonObject(item)) continue;
    const key = item[mergeKey];
    const index = merged.findIndex((known) => isJsonObject(known) && sameJson(known[mergeKey], key));
    const next = mergePatch(merged[index], item, itemSchema);
    if (next === undefined) merged = merged.filter((_, position) => position !== index);
    else merged = index === -1 ? [...merged, next] : merged.with(index, next);
  }
  return merged;
}
