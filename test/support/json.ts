/** An object of unknown make, read key by key. */
export type Json = Readonly<Record<string, unknown>>;

/** The value as an object; empty where it is none. */
export function asJson(value: unknown): Json {
  return typeof value === 'object' && value !== null ? Object.fromEntries(Object.entries(value)) : {};
}

/** The value as a list; empty where it is none. */
export function asList(value: unknown): readonly unknown[] {
  return Array.isArray(value) ? value : [];
}

/** The value at the end of a path of keys; undefined where the path breaks off. */
export function at(value: unknown, ...path: readonly string[]): unknown {
  let found = value;
  for (const key of path) found = asJson(found)[key];
  return found;
}
