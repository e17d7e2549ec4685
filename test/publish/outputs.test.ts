import { readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { expect, it } from 'vitest';

it('no source writes the environment or the path of later steps', () => {
  const source = path.resolve(import.meta.dirname, '../../src');
  const files = readdirSync(source, { recursive: true, encoding: 'utf8' }).filter((name) =>
    name.endsWith('.ts'),
  );
  expect(files.length).toBeGreaterThan(20);
  for (const name of files) {
    expect(readFileSync(path.join(source, name), 'utf8'), name).not.toMatch(
      /exportVariable|addPath|GITHUB_ENV\b|GITHUB_PATH\b/,
    );
  }
});
