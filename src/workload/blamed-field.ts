import type { FieldPath } from '../model/manifest.ts';
import { isRecord } from '../model/plain-data.ts';

/**
 * The field that a refusal of the API server blames, as a path into the object; empty where it names none.
 * Validation writes `spec.containers[0].image: Required value`, server-side apply writes
 * `.spec.containers[name="app"].imagge: field not declared in schema`.
 */
export function blamedField(message: string, content: unknown): FieldPath {
  const written = FIELD.exec(message)?.[1] ?? '';
  const path: (string | number)[] = [];
  let value = content;
  for (const [, selector, name] of written.matchAll(STEP)) {
    const step = selector === undefined ? name : indexOf(value, selector);
    if (step === undefined) break;
    path.push(step);
    value = isRecord(value) || Array.isArray(value) ? Reflect.get(value, step) : undefined;
  }
  return path;
}

/** From the message's first field to the colon behind it; a path begins at a field every object may have. */
const FIELD =
  /(?:^|[\s.])((?:spec|metadata|data|stringData|rules|roleRef|subjects|type)(?:\.\w+|\[[^\]]+\])*): /;
const STEP = /\[([^\]]+)\]|(\w+)/g;

/** `0`, or the keys of a list item: `containerPort=80,protocol="TCP"`. */
function indexOf(list: unknown, selector: string): number | undefined {
  if (/^\d+$/.test(selector)) return Number(selector);
  if (!Array.isArray(list)) return undefined;
  const keys = [...selector.matchAll(/(\w+)=(?:"([^"]*)"|([^,]*))/g)];
  const index = list.findIndex(
    (item) =>
      isRecord(item) && keys.every(([, key = '', quoted, bare]) => String(item[key]) === (quoted ?? bare)),
  );
  return index < 0 ? undefined : index;
}
