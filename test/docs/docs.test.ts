import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { dirname, join, normalize } from 'node:path';
import { describe, expect, it } from 'vitest';
import { inputTable, withInputTable } from '../../scripts/input-table.ts';

const pages = ['README.md', 'CONTRIBUTING.md', 'test/README.md', ...pagesIn('docs')];

describe('documents', () => {
  it("README's table of inputs is the table of options (npm run docs)", () => {
    const readme = readFileSync('README.md', 'utf8');
    expect(readme).toBe(withInputTable(readme, inputTable()));
  });

  it("README's table of exit codes has those that --help tells, and describes each once", () => {
    const help = /Exit codes: ([^']+)'/.exec(readFileSync('src/cli/run-program.ts', 'utf8'))?.[1] ?? '';
    const [, table = ''] = readFileSync('README.md', 'utf8').split('| verdict | exit code | meaning |');
    const rows = [...(table.split('\n\n')[0] ?? '').matchAll(/^\|[^|]+\| ([\d, ]+) \|/gm)];
    const described = rows.flatMap(([, codes = '']) => codes.split(', '));
    expect(described).toEqual(help.match(/\d+/g));
    expect(described).toEqual(['0', '1', '2', '3', '4', '5', '70', '130', '143']);
  });

  it.each(pages)('%s links only to what is there', (page) => {
    const text = readFileSync(page, 'utf8').replaceAll(/```[\s\S]*?```/g, '');
    const targets = [...text.matchAll(/\]\(([^)\s#]+)[^)]*\)/g)]
      .map((match) => match[1] ?? '')
      .filter((target) => !/^[a-z]+:/.test(target));
    expect(targets.filter((target) => !existsSync(normalize(join(dirname(page), target))))).toEqual([]);
  });
});

function pagesIn(folder: string): string[] {
  return readdirSync(folder, { recursive: true, encoding: 'utf8' })
    .filter((name) => name.endsWith('.md'))
    .map((name) => join(folder, name));
}
