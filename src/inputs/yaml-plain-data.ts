import { type Alias, type Document, isAlias, isMap, isNode, isScalar, isSeq, type YAMLMap } from 'yaml';

/** Something in a document that has no meaning as plain data; offsets are in characters. */
export type Fault =
  | {
      readonly kind: 'duplicate-key';
      readonly offset: number;
      readonly key: string;
      readonly firstOffset: number;
    }
  | {
      readonly kind:
        | 'complex-key'
        | 'prototype-key'
        | 'unresolved-alias'
        | 'bad-merge'
        | 'circular'
        | 'too-large';
      readonly offset: number;
    };

/** Values after all aliases and merges are written out. */
const MAX_VALUES = 150_000;
const MAX_FAULTS = 20;

interface Anchor {
  /** `open` while the anchor's own content is being read. */
  readonly state: 'open' | 'read';
  readonly value: unknown;
  readonly size: number;
}

/**
 * A document as plain data. The library's own conversion compares every key with every other one and follows aliases
 * by walking the document anew; this one passes over the document once, whatever is in it.
 */
export function readPlainData(document: Document.Parsed): {
  readonly value: unknown;
  readonly faults: readonly Fault[];
} {
  const reader = new PlainDataReader();
  const value = reader.read(document.contents);
  return { value, faults: reader.faults.slice(0, MAX_FAULTS) };
}

class PlainDataReader {
  readonly faults: Fault[] = [];
  readonly #anchors = new Map<string, Anchor>();
  #values = 0;

  read(node: unknown): unknown {
    if (!isNode(node)) return null;
    if (isAlias(node)) return this.#alias(node);
    if (!this.#fits(1, node)) return null;
    const before = this.#values;
    if (node.anchor) this.#anchors.set(node.anchor, { state: 'open', value: null, size: 0 });
    const value = isMap(node)
      ? this.#map(node)
      : isSeq(node)
        ? node.items.map((item) => this.read(item))
        : plain(node);
    if (node.anchor)
      this.#anchors.set(node.anchor, { state: 'read', value, size: this.#values - before + 1 });
    return value;
  }

  #map(node: YAMLMap): Record<string, unknown> {
    const own: Record<string, unknown> = {};
    let inherited: Record<string, unknown> = {};
    const firstOffset = new Map<string, number>();
    for (const pair of node.items) {
      const offset = offsetOf(pair.key) ?? offsetOf(node) ?? 0;
      const key = keyText(pair.key);
      if (isMerge(pair.key)) inherited = this.#merge(inherited, pair.value);
      else if (key === undefined) this.faults.push({ kind: 'complex-key', offset });
      else if (key === '__proto__') this.faults.push({ kind: 'prototype-key', offset });
      else if (firstOffset.has(key)) {
        this.faults.push({ kind: 'duplicate-key', offset, key, firstOffset: firstOffset.get(key) ?? 0 });
      } else {
        firstOffset.set(key, offset);
        own[key] = this.read(pair.value);
      }
    }
    return { ...inherited, ...own };
  }

  /** `<<`: what is merged first wins, and a mapping's own keys win over it. */
  #merge(before: Record<string, unknown>, node: unknown): Record<string, unknown> {
    const merged = this.read(node);
    if (this.#values > MAX_VALUES) return before;
    let all = before;
    for (const source of Array.isArray(merged) ? merged : [merged]) {
      if (typeof source !== 'object' || source === null || Array.isArray(source)) {
        this.faults.push({ kind: 'bad-merge', offset: offsetOf(node) ?? 0 });
        return all;
      }
      all = { ...source, ...all };
    }
    return all;
  }

  #alias(node: Alias): unknown {
    const anchor = this.#anchors.get(node.source);
    const offset = offsetOf(node) ?? 0;
    if (anchor?.state === 'read') return this.#fits(anchor.size, node) ? anchor.value : null;
    this.faults.push({ kind: anchor ? 'circular' : 'unresolved-alias', offset });
    return null;
  }

  #fits(size: number, node: unknown): boolean {
    const fitted = this.#values <= MAX_VALUES;
    this.#values += size;
    const fits = this.#values <= MAX_VALUES;
    if (fitted && !fits) this.faults.push({ kind: 'too-large', offset: offsetOf(node) ?? 0 });
    return fits;
  }
}

function plain(node: unknown): unknown {
  return isScalar(node) ? (node.value ?? null) : null;
}

function isMerge(key: unknown): boolean {
  return isScalar(key) && typeof key.value === 'symbol';
}

/** The text of a key; undefined for a mapping or a list as key. */
export function keyText(key: unknown): string | undefined {
  if (key === null) return '';
  if (!isScalar(key)) return undefined;
  return typeof key.value === 'symbol' ? '<<' : String(key.value ?? '');
}

/** Where a node begins, in characters from the start of the text; undefined for what was not written. */
export function offsetOf(node: unknown): number | undefined {
  return isNode(node) ? node.range?.[0] : undefined;
}
