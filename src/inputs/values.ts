import { z } from 'zod';
import { parseJsonPath } from '../model/json-path.ts';
import type { Expectation, Update } from '../model/scenario.ts';
import { DURATION_PATTERN, parseDurationMs } from './duration.ts';
import { parseUpdate, UPDATE_FORMS } from './update-text.ts';

/**
 * The values that inputs and the config file can take: one schema for both, and the words that say what it wants
 * ("has to be ..."). Schemas turn what was written into what Settings holds.
 */
export interface Value<T> {
  readonly schema: z.ZodType<T>;
  readonly expects: string;
}

/** Headers that say how a request is framed and sent. */
const OWN_HEADERS: ReadonlySet<string> = new Set([
  ...['host', 'connection', 'user-agent', 'content-length', 'transfer-encoding', 'upgrade', 'expect', 'te'],
]);

/** Printable text on one line. */
export function text({ maxLength = 1024, expects = 'text on one line' } = {}): Value<string> {
  return {
    schema: z
      .string()
      .min(1)
      .max(maxLength)
      .regex(/^\P{Cc}*$/u),
    expects,
  };
}

/** Text that may not stand in a committed file; it is never printed. */
export const secret: Value<string> = { schema: z.string().min(1).max(4096), expects: 'a token' };

/** One or several texts. */
export function list(expects: string): Value<readonly string[]> {
  const item = text().schema;
  const schema = z
    .union([item, z.array(item).min(1).max(500)])
    .transform((given) => (typeof given === 'string' ? [given] : given));
  return { schema, expects };
}

export function choice<const T extends string>(words: readonly [T, ...T[]]): Value<T> {
  return { schema: z.enum(words), expects: `one of ${words.join(', ')}` };
}

/** One or several of the words, each at most once, in the order of the table. */
export function choices<const T extends string>(words: readonly [T, ...T[]]): Value<readonly T[]> {
  const word = z.enum(words);
  const schema = z
    .union([word, z.array(word).min(1).max(words.length)])
    .transform((given) =>
      words.filter((one) => (typeof given === 'string' ? one === given : given.includes(one))),
    );
  return { schema, expects: `one or several of ${words.join(', ')}` };
}

export const flag: Value<boolean> = { schema: z.boolean(), expects: 'true or false' };

export function integer(min: number, max: number): Value<number> {
  return { schema: z.int().min(min).max(max), expects: `a whole number from ${min} to ${max}` };
}

export function number(min: number, max: number): Value<number> {
  return { schema: z.number().min(min).max(max), expects: `a number from ${min} to ${max}` };
}

/** A whole number, or `auto` for one that is found out. */
export function integerOrAuto(min: number, max: number): Value<number | 'auto'> {
  return {
    schema: z.union([z.int().min(min).max(max), z.literal('auto')]),
    expects: `a whole number from ${min} to ${max}, or auto`,
  };
}

/** A duration in milliseconds; both bounds are written like the value itself. */
export function duration(min: string, max: string): Value<number> {
  const minMs = parseDurationMs(min) ?? 0;
  const maxMs = parseDurationMs(max) ?? 0;
  const schema = z
    .string()
    .regex(DURATION_PATTERN)
    .refine((given) => isBetween(parseDurationMs(given), minMs, maxMs))
    .transform((given) => parseDurationMs(given) ?? 0);
  return { schema, expects: `a duration from ${min} to ${max}, with its unit (500ms, 5s, 2m)` };
}

function isBetween(value: number | undefined, min: number, max: number): boolean {
  return value !== undefined && value >= min && value <= max;
}

export const kubernetesVersion: Value<string> = {
  schema: z
    .string()
    .regex(/^v?1\.\d{1,3}(\.\d{1,3})?$/)
    .transform((given) => given.replace(/^v/, '')),
  expects: 'a Kubernetes version as text, such as "1.34" (quoted in YAML, where 1.30 is the number 1.3)',
};

export const headerName: Value<string> = {
  schema: z
    .string()
    .max(100)
    .regex(/^[A-Za-z][\w-]*$/)
    .refine((given) => !OWN_HEADERS.has(given.toLowerCase())),
  expects: 'the name of a header, such as X-Delay, and none that every request has',
};

const STATUS_RANGE = /^([1-5]\d\d)(?:-([1-5]\d\d))?$/;

export const statusRange: Value<Pick<Expectation, 'statusFrom' | 'statusTo'>> = {
  schema: z
    .union([z.int().min(100).max(599), z.string().regex(STATUS_RANGE)])
    .transform((given) => {
      const [, from, to = from] = STATUS_RANGE.exec(String(given)) ?? [];
      return { statusFrom: Number(from), statusTo: Number(to) };
    })
    .refine(({ statusFrom, statusTo }) => statusFrom <= statusTo),
  expects: 'a status or a range of them, such as 200 or 200-399',
};

/** `$.status=ok`: a JSON path, and the text that the value there has to be. */
export const jsonEquals: Value<{ readonly path: string; readonly equals: string }> = {
  schema: text().schema.transform((given, context) => {
    const parsed = parseJsonPath(given);
    if (parsed && parsed.path.length > 0 && parsed.rest.startsWith('=')) {
      return {
        path: given.slice(0, given.length - parsed.rest.length),
        equals: parsed.rest.slice(1),
      };
    }
    context.addIssue({ code: 'custom', message: 'no JSON path and value' });
    return z.NEVER;
  }),
  expects: "a JSON path and the value there, such as $.status=ok or $['checks'][0].up=true",
};

/** `body`, or the JSON path of a number. */
export const sequencePlace: Value<{ readonly path?: string }> = {
  schema: text().schema.transform((given, context) => {
    if (given === 'body') return {};
    const parsed = parseJsonPath(given);
    if (parsed?.rest === '') return { path: given };
    context.addIssue({ code: 'custom', message: 'no JSON path' });
    return z.NEVER;
  }),
  expects: 'body, or a JSON path such as $.version',
};

/** `127.0.0.1:8125`, `[::1]:8125`, `statsd:8125` */
export const hostAndPort: Value<{ readonly host: string; readonly port: number }> = {
  schema: text().schema.transform((given, context) => {
    const [, bracketed, plain, port] = /^(?:\[([0-9a-fA-F:.]+)\]|([^\s:[\]]+)):(\d{1,5})$/.exec(given) ?? [];
    const host = bracketed ?? plain;
    if (host !== undefined && Number(port) >= 1 && Number(port) <= 65_535)
      return { host, port: Number(port) };
    context.addIssue({ code: 'custom', message: 'no host and port' });
    return z.NEVER;
  }),
  expects: 'a host and a UDP port, such as 127.0.0.1:8125',
};

const FAILING = ['dropped', 'inconclusive', 'rollout-failed', 'error'] as const;
const failing = choices(FAILING);

export const failOn: Value<readonly (typeof FAILING)[number][]> = {
  schema: z.union([
    z.literal('never').transform(() => []),
    z.tuple([z.literal('never')]).transform(() => []),
    failing.schema,
  ]),
  expects: `never, or ${failing.expects}`,
};

const updateObject = z
  .strictObject({
    apply: z.string().optional(),
    image: z.string().optional(),
    env: z.string().optional(),
    sequence: z.string().optional(),
    command: z.string().optional(),
  })
  .transform((given) => Object.entries(given).map(([kind, detail]) => `${kind}:${detail}`))
  .refine((forms) => forms.length === 1)
  .transform(([form]) => form ?? '');

export const update: Value<Update> = {
  schema: z.union([z.string().max(4096), updateObject]).transform((given, context): Update => {
    const parsed = parseUpdate(given);
    if (parsed) return parsed;
    context.addIssue({ code: 'custom', message: 'no form of an update' });
    return z.NEVER;
  }),
  expects: `one of ${UPDATE_FORMS.join(', ')}`,
};
