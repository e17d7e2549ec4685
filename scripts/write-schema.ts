// `npm run docs`: writes the JSON schema of the config file, which editors and `rollproof schema` give out. test/inputs/
// holds that it is up to date.
import { writeFileSync } from 'node:fs';
import { configJsonSchema } from '../src/inputs/config-schema.ts';

writeFileSync('schema/rollproof.schema.json', `${JSON.stringify(configJsonSchema(), null, 2)}\n`);
