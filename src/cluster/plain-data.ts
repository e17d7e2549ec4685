/** A map of parsed YAML or JSON about which nothing is known. */
export type Data = Readonly<Record<string, unknown>>;

export function isMap(value: unknown): value is Data {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** The value where it is a map, an empty map otherwise. */
export function mapOf(value: unknown): Data {
  return isMap(value) ? value : {};
}

/** The maps in a list; nothing where it is no list. */
export function mapsOf(value: unknown): readonly Data[] {
  return Array.isArray(value) ? value.filter(isMap) : [];
}
