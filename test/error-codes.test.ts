import { globSync, readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';

describe('docs/errors.md', () => {
  it('lists exactly the codes of the source, in order, each once', () => {
    const source = globSync('src/**/*.ts').flatMap(
      (file) => readFileSync(file, 'utf8').match(/RP\d{4}/g) ?? [],
    );
    const listed = [...readFileSync('docs/errors.md', 'utf8').matchAll(/^\| (RP\d{4}) \|/gm)].map(
      ([, code]) => code,
    );
    expect(listed.toSorted()).toEqual([...new Set(source)].toSorted());
    expect(listed).toEqual(listed.toSorted());
  });
});
