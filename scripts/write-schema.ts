// Writes the JSON schema of the config file, which editors and `rollproof schema` give out. `--check` fails where the
// committed one is not up to date.
import { readFileSync, writeFileSync } from 'node:fs';
import { configJsonSchema } from '../src/inputs/config-schema.ts';

const FILE = 'schema/rollproof.schema.json';

const wanted = `${JSON.stringify(configJsonSchema(), null, 2)}\n`;
if (!process.argv.includes('--check')) writeFileSync(FILE, wanted);
else if (readFileSync(FILE, 'utf8') !== wanted) {
  console.error(`${FILE} is stale. Run: node scripts/write-schema.ts`);
  process.exitCode = 1;
}
