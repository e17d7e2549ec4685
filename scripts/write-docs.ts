// `npm run docs`: writes the table of inputs into the README. `--check` fails where it is not up to date.
import { readFileSync, writeFileSync } from 'node:fs';
import { inputTable, withInputTable } from './input-table.ts';

const readme = readFileSync('README.md', 'utf8');
const wanted = withInputTable(readme, inputTable());
if (process.argv.includes('--check')) {
  if (readme !== wanted) {
    console.error('The table of inputs in README.md is stale. Run: npm run docs');
    process.exitCode = 1;
  }
} else {
  writeFileSync('README.md', wanted);
}
