// `npm run docs`: writes the table of inputs into the README. test/docs/ holds that it is up to date.
import { readFileSync, writeFileSync } from 'node:fs';
import { inputTable, withInputTable } from './input-table.ts';

writeFileSync('README.md', withInputTable(readFileSync('README.md', 'utf8'), inputTable()));
