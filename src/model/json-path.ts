import { isRecord } from './plain-data.ts';

/** The steps of a JSON path: a member's name, or an element's index, which counts from the end where it is negative. */
export type JsonPath = readonly (string | number)[];

const STEP =
  /^(?:\.([\p{L}_][\p{L}\p{N}_-]*)|\[(0|-?[1-9]\d{0,8})\]|\['((?:[^'\\]|\\['\\])*)'\]|\["((?:[^"\\]|\\["\\])*)"\])/u;

const MAX_STEPS = 32;

/**
 * Reads a JSON path at the beginning of a text, and what stands behind it. It is a singular query of RFC 9535: `$`, then
 * `.name`, `['name']` or `[0]`, and nothing that could lead to several values. Undefined where there is none.
 */
export function parseJsonPath(text: string): { readonly path: JsonPath; readonly rest: string } | undefined {
  if (!text.startsWith('$')) return undefined;
  const path: (string | number)[] = [];
  let rest = text.slice(1);
  for (let step = STEP.exec(rest); step && path.length < MAX_STEPS; step = STEP.exec(rest)) {
    const [whole, name, index, single, double] = step;
    path.push(index === undefined ? (name ?? unescaped(single ?? double ?? '')) : Number(index));
    rest = rest.slice(whole.length);
  }
  return { path, rest };
}

/** The value at a path, or undefined where there is none. Members that an object inherits are none. */
export function valueAtJsonPath(value: unknown, path: JsonPath): unknown {
  return path.reduce<unknown>((current, step) => {
    if (typeof step === 'number') return Array.isArray(current) ? current.at(step) : undefined;
    return isRecord(current) && Object.hasOwn(current, step) ? current[step] : undefined;
  }, value);
}

/** A value as the text it is compared as: strings as they are, everything else as JSON. */
export function jsonText(value: unknown): string | undefined {
  return typeof value === 'string' ? value : JSON.stringify(value);
}

function unescaped(text: string): string {
  return text.replace(/\\(.)/g, '$1');
}
