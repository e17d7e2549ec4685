import resultSchema from '../../schema/result.schema.json' with { type: 'json' };
import configSchema from '../../schema/rollproof.schema.json' with { type: 'json' };
import { BadInputError } from '../model/problem.ts';

const SCHEMAS = { config: configSchema, result: resultSchema } as const;

/** `rollproof schema [config|result]`: prints the published schema. */
export function schemaCommand(of: string): number {
  if (of !== 'config' && of !== 'result') {
    throw new BadInputError([
      {
        code: 'RP1017',
        what: `There is no schema of ${JSON.stringify(of)}.`,
        where: 'rollproof schema',
        remedy: 'Ask for config or result.',
      },
    ]);
  }
  process.stdout.write(`${JSON.stringify(SCHEMAS[of], null, 2)}\n`);
  return 0;
}
