import { readFileSync } from 'node:fs';
import { Ajv2020 } from 'ajv/dist/2020.js';
import { describe, expect, it } from 'vitest';
import { renderReports } from '../../src/gate/render-reports.ts';
import { aResult } from '../support/a-result.ts';
import { LOST_AND_KEPT, withConnections } from '../support/some-connections.ts';

const { result, recordings } = aResult([
  { replicas: 2, change: (entries) => withConnections(entries, LOST_AND_KEPT) },
]);
const files = renderReports(
  result,
  recordings.map((recording) => ({ ...recording, name: 'run' })),
);

describe('long-lived connections in reports', () => {
  it('are a table of pods in Markdown, and sentences', () => {
    expect(files.get('report.md')).toContain(`| Pod | | Connections lost | Lasting |
| :- | :- | -: | -: |
| \`web-old-0\` | old | 2 | 0 |
| \`web-old-1\` | old | 1 | 0 |
| \`web-new-0\` | new | 0 | 2 |
| \`web-new-1\` | new | 0 | 1 |

Connections: 6 opened, 3 lost since the update (2 closed, 1 reset), 3 lasting, 0 attempts to connect in vain. Lost per old pod: 1 to 2, mean 1.5, standard deviation 0.5. Lasting per new pod: 1 to 2, mean 1.5, standard deviation 0.5.`);
  });

  it('are the same in HTML', () => {
    expect(files.get('report.html')).toContain('<p>Connections: 6 opened, 3 lost since the update');
    expect(files.get('report.html')).toContain(
      '<tr><td><code>web-old-0</code></td><td>old</td><td>2</td><td>0</td></tr>',
    );
  });

  it('are in result.json as the published schema says', () => {
    const schema: object = JSON.parse(readFileSync('schema/result.schema.json', 'utf8'));
    const validate = new Ajv2020({ allErrors: true, strict: true, strictRequired: false }).compile(schema);
    const json = JSON.parse(files.get('result.json') ?? '');
    validate(json);
    expect(validate.errors ?? []).toEqual([]);
    expect(json.scenarios[0].runs[0].connections).toMatchObject({ opened: 6, lost: 3, lasting: 3 });
  });
});
