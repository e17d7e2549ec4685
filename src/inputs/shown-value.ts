const MAX_LENGTH = 60;

/** A wrong value as it is quoted in a message: short, in JSON's notation, never the whole of something big. */
export function shownValue(value: unknown): string {
  switch (typeof value) {
    case 'string':
      return JSON.stringify(value.length > MAX_LENGTH ? `${value.slice(0, MAX_LENGTH)}…` : value);
    case 'number':
    case 'boolean':
    case 'bigint':
      return String(value);
    case 'undefined':
      return 'nothing';
    default:
      if (value === null) return 'nothing (null)';
      if (!Array.isArray(value)) return 'a mapping';
      return value.length > 0 && value.length <= 5 && value.every((item) => typeof item === 'string')
        ? value.map(shownValue).join(', ')
        : `a list of ${value.length} items`;
  }
}
