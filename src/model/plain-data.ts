/** An object with named fields about which nothing else is known: parsed YAML or JSON. */
export type PlainRecord = Readonly<Record<string, unknown>>;

/** Is it an object with named fields? Lists and null are none. */
export function isRecord(value: unknown): value is PlainRecord {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** The items of a list; none where it is no list. */
export function listOf(value: unknown): readonly unknown[] {
  return Array.isArray(value) ? value : [];
}

/** A property of data of unknown shape; undefined where any step of the way is missing. */
export function property(value: unknown, ...path: readonly string[]): unknown {
  let current = value;
  for (const step of path) {
    if (typeof current !== 'object' || current === null || !Object.hasOwn(current, step)) return undefined;
    current = Object.getOwnPropertyDescriptor(current, step)?.value;
  }
  return current;
}
