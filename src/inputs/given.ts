/** A property, or none where the value is undefined: under exactOptionalPropertyTypes these are different things. */
export function given<Key extends string, T>(key: Key, value: T | undefined): { readonly [K in Key]?: T };
export function given(key: string, value: unknown): Readonly<Record<string, unknown>> {
  return value === undefined ? {} : { [key]: value };
}

/** The entries that are not undefined. */
export function defined<T extends object>(values: T): { readonly [K in keyof T]?: Exclude<T[K], undefined> };
export function defined(values: object): object {
  return Object.fromEntries(Object.entries(values).filter(([, value]) => value !== undefined));
}
