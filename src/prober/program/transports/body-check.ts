import { type JsonPath, jsonText, parseJsonPath, valueAtJsonPath } from '../../../model/json-path.ts';
import type { Probe } from '../../../model/recording.ts';
import type { Expectation } from '../../../model/scenario.ts';

/** What is asked of a body has to be found this early: a prober must not hold bodies of any size. */
const HELD_BYTES = 64 * 1024;

/** The longest value that is recorded: a number has fewer digits, and what is longer is none. */
export const VALUE_LIMIT = 64;

export type BodyExpectation = Pick<Expectation, 'bodyContains' | 'json' | 'sequence'>;

/** Whether anything is asked of the body. */
export function looksIntoBody({ bodyContains, json, sequence }: BodyExpectation): boolean {
  return bodyContains !== undefined || json !== undefined || sequence !== undefined;
}

/** Counts a body and looks into its first 64 KiB, whatever chunks it comes in. */
export class BodyCheck {
  readonly #expect: BodyExpectation;
  readonly #held: Buffer[] | undefined;
  #heldBytes = 0;
  #bytes = 0;

  constructor(expect: BodyExpectation) {
    this.#expect = expect;
    this.#held = looksIntoBody(expect) ? [] : undefined;
  }

  add(chunk: Buffer): void {
    this.#bytes += chunk.length;
    if (!this.#held || this.#heldBytes >= HELD_BYTES) return;
    // A copy: the parser uses its memory again.
    const part = Buffer.from(chunk.subarray(0, HELD_BYTES - this.#heldBytes));
    this.#held.push(part);
    this.#heldBytes += part.length;
  }

  /** Bytes seen so far. */
  get bytes(): number {
    return this.#bytes;
  }

  /** What the complete body says of what was asked for; nothing where nothing was. */
  facts(): Pick<Probe, 'bodyOk' | 'value'> {
    const { bodyContains, json, sequence } = this.#expect;
    if (!this.#held) return {};
    const body = Buffer.concat(this.#held);
    const needsJson = json !== undefined || sequence?.path !== undefined;
    const content = needsJson ? parsed(body) : undefined;
    const contains = bodyContains === undefined || body.includes(bodyContains);
    const equals = json === undefined || textAt(content, json.path) === json.equals;
    const value =
      sequence &&
      shortened(sequence.path === undefined ? body.toString('utf8').trim() : textAt(content, sequence.path));
    return {
      ...(bodyContains === undefined && json === undefined ? {} : { bodyOk: contains && equals }),
      ...(value === undefined ? {} : { value }),
    };
  }
}

/** A text that is too long to be a number is told by its beginning. */
function shortened(text: string | undefined): string | undefined {
  return text?.slice(0, VALUE_LIMIT);
}

function textAt(content: unknown, path: string): string | undefined {
  return jsonText(valueAtJsonPath(content, stepsOf(path)));
}

const steps = new Map<string, JsonPath>();

/** Each path is read once: there are one or two of them in a prober's life. */
function stepsOf(path: string): JsonPath {
  const known = steps.get(path);
  if (known) return known;
  const read = parseJsonPath(path)?.path ?? [];
  steps.set(path, read);
  return read;
}

/** Undefined for what is no JSON. */
function parsed(body: Buffer): unknown {
  try {
    return JSON.parse(body.toString('utf8'));
  } catch {
    return undefined;
  }
}
