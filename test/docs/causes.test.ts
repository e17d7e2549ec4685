import { readdirSync, readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { CAUSES } from '../../src/model/finding.ts';

const ids = Object.keys(CAUSES).sort();

describe('the pages about causes', () => {
  it('are one for each cause, and no other', () => {
    const pages = readdirSync('docs/causes').map((file) => file.replace('.md', ''));
    expect(pages.sort()).toEqual(ids);
  });

  it.each(ids)('%s says what it is, how it shows, how to fix it, and where to read more', (id) => {
    const text = readFileSync(`docs/causes/${id}.md`, 'utf8');
    expect(text.startsWith(`# ${id}\n\n`)).toBe(true);
    expect(text.match(/^## .*$/gm)).toEqual(['## How it shows', '## How to fix it', '## More']);
  });

  it('are the causes that result.json may name', () => {
    const schema = JSON.parse(readFileSync('schema/result.schema.json', 'utf8'));
    expect(schema.$defs.cause.enum.toSorted()).toEqual(ids);
  });
});
