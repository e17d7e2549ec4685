import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { Ajv, type ValidateFunction } from 'ajv';
import { asJson, asList, at, type Json } from './json.ts';

/** What a request or an answer violates; empty where it is as described. */
export type Violations = readonly string[];

/** One described operation, ready to check what is sent and what is answered. */
export interface Operation {
  readonly method: string;
  /** `/repos/{owner}/{repo}/pulls/{pull_number}` */
  readonly template: string;
  checkRequest(request: {
    readonly path: Readonly<Record<string, string>>;
    readonly query: URLSearchParams;
    readonly body: unknown;
  }): Violations;
  checkAnswer(status: number, body: unknown): Violations;
  /** The description's own example of an answer. */
  example(status: number): Json;
}

/**
 * The named operations of GitHub's published OpenAPI description. Only their schemas are compiled, because the whole
 * description has more than a thousand operations.
 */
export function githubOperations(
  wanted: readonly (readonly [method: string, template: string])[],
): Operation[] {
  const description = loadDescription();
  const ajv = new Ajv({ strict: false, validateFormats: false, allErrors: true, coerceTypes: false });
  const compile = (schema: unknown): ValidateFunction => ajv.compile(asJson(inlined(schema, description)));

  return wanted.map(([method, template]) => {
    const described = asJson(at(description, 'paths', template, method.toLowerCase()));
    const parameters = asList(described.parameters).map((entry) => asJson(inlined(entry, description)));
    const checks = parameters.map((parameter) => ({
      name: String(parameter.name),
      where: String(parameter.in),
      required: parameter.required === true,
      numeric: at(parameter, 'schema', 'type') === 'integer',
      validate: compile(parameter.schema),
    }));
    const bodySchema = at(described, 'requestBody', 'content', 'application/json', 'schema');
    const checkBody = bodySchema === undefined ? undefined : compile(bodySchema);
    const answers = new Map<number, ValidateFunction | undefined>();
    for (const [status, answer] of Object.entries(asJson(described.responses))) {
      const schema = at(inlined(answer, description), 'content', 'application/json', 'schema');
      answers.set(Number(status), schema === undefined ? undefined : compile(schema));
    }

    return {
      method,
      template,
      checkRequest({ path, query, body }) {
        const violations: string[] = [];
        const known = new Set(checks.filter(({ where }) => where === 'query').map(({ name }) => name));
        for (const name of query.keys())
          if (!known.has(name)) violations.push(`unknown query parameter ${name}`);
        for (const { name, where, required, numeric, validate } of checks) {
          const given = where === 'path' ? path[name] : (query.get(name) ?? undefined);
          if (given === undefined) {
            if (required) violations.push(`${where} parameter ${name} is missing`);
          } else {
            violations.push(...validated(validate, numeric ? Number(given) : given, name));
          }
        }
        if (checkBody)
          violations.push(...validated(checkBody, body, 'body'), ...unknownKeys(bodySchema, body));
        else if (body !== undefined) violations.push('a body where none is described');
        return violations;
      },
      checkAnswer(status, body) {
        if (!answers.has(status)) return [];
        const validate = answers.get(status);
        return validate ? validated(validate, body, `answer ${status}`) : [];
      },
      example(status) {
        const examples = at(
          described,
          'responses',
          String(status),
          'content',
          'application/json',
          'examples',
        );
        const first = inlined(at(examples, 'default'), description);
        return asJson(at(first, 'value'));
      },
    };
  });
}

function loadDescription(): Json {
  const file = createRequire(import.meta.url).resolve('@octokit/openapi/generated/api.github.com.json');
  return asJson(JSON.parse(readFileSync(file, 'utf8')));
}

function validated(validate: ValidateFunction, value: unknown, name: string): string[] {
  if (validate(value)) return [];
  return (validate.errors ?? []).map((error) => `${name}${error.instancePath} ${error.message}`);
}

// JSON Schema lets unknown properties pass; for what we send they would be a mistake.
function unknownKeys(schema: unknown, body: unknown): string[] {
  const known = asJson(at(schema, 'properties'));
  return Object.keys(asJson(body))
    .filter((key) => !Object.hasOwn(known, key))
    .map((key) => `body has the unknown property ${key}`);
}

/** The value with every `$ref` replaced by what it refers to. The operations used here have no cycles. */
function inlined(value: unknown, description: Json): unknown {
  if (Array.isArray(value)) return value.map((entry) => inlined(entry, description));
  if (typeof value !== 'object' || value === null) return value;
  const reference = at(value, '$ref');
  if (typeof reference === 'string')
    return inlined(at(description, ...reference.slice(2).split('/')), description);
  const entries = Object.entries(value).filter(([key]) => key !== 'example' && key !== 'examples');
  return withNullable(Object.fromEntries(entries.map(([key, entry]) => [key, inlined(entry, description)])));
}

// OpenAPI 3.0 says `nullable` also beside `allOf` and `anyOf`, where JSON Schema has no such word.
function withNullable(schema: Json): Json {
  if (schema.nullable !== true || schema.type !== undefined) return schema;
  const { nullable: _nullable, ...rest } = schema;
  return { anyOf: [rest, { type: 'null' }] };
}
