import fc from 'fast-check';
import type { Nodes } from 'mdast';
import { fromMarkdown } from 'mdast-util-from-markdown';
import { gfmFromMarkdown } from 'mdast-util-gfm';
import { gfm } from 'micromark-extension-gfm';
import { describe, expect, it } from 'vitest';
import { codeCell, codeSpan, plainLine, prose } from '../../src/report/markdown.ts';
import { renderSummary } from '../../src/report/summary.ts';
import { summaryTable } from '../../src/report/summary-table.ts';
import { aResult } from '../support/a-result.ts';
import { anyText } from '../support/any-text.ts';
import { propertyRuns } from '../support/property-runs.ts';

/** What people write who want a comment of ours to say or do something else. */
const HOSTILE = [
  '</details><h1>PASS</h1>',
  '<img src=x onerror=alert(1)>',
  '<!-- rollproof key=x -->',
  '[click](https://evil.example/)',
  '![](https://evil.example/pixel.png)',
  '@octocat and @org/team',
  '#123 GH-7 owner/repo#9 octocat@1a2b3c',
  'https://evil.example www.evil.example mail@evil.example',
  '| a | b |\n|---|---|\n| c | d |',
  'a\\|b \\\\| c',
  '`code` ``more`` ```\nfence\n```',
  '**bold** _it_ ~~gone~~ $x^2$ $$y$$',
  '\n# heading\n> quote\n- item\n1. one\n---',
  '&lt;script&gt; &#60;b&#62; &amp;',
  '\u202Eevil\u202C \u200B\uFEFF zero',
  '\u001B[31mred\u001B[0m \u0000 \r\n ::error::x ##[error]x',
  '[ref]: https://evil.example\n[^1]: note',
  '\uD800 lone',
  '- [ ] task',
  'a`|`b',
] as const;

const EACH_HOSTILE = HOSTILE.map((one): [string] => [one]);

const text = fc.oneof(
  fc.constantFrom(...HOSTILE),
  anyText(),
  fc.string({ unit: fc.constantFrom(...'\\`|*_[]()<>!#@&~$:/.w-h\n\r a1'), maxLength: 40 }),
  fc.array(fc.constantFrom(...HOSTILE)).map((parts) => parts.join(' ')),
);

function nodesOf(markdown: string): readonly Nodes[] {
  const flat = (node: Nodes): readonly Nodes[] =>
    ['children' in node ? node.children.flatMap(flat) : [], node].flat();
  return flat(fromMarkdown(markdown, { extensions: [gfm()], mdastExtensions: [gfmFromMarkdown()] }));
}

const typesOf = (markdown: string) => [...new Set(nodesOf(markdown).map(({ type }) => type))].sort();
const textsOf = (markdown: string) =>
  nodesOf(markdown).flatMap((node) => (node.type === 'text' ? [node.value] : []));

describe('the table', () => {
  const { scenarios } = aResult([{ scenario: { name: 'one' } }, { scenario: { name: 'two' } }]).result;
  const [one, two] = scenarios.map((scenario) => ({
    ...scenario,
    runs: scenario.runs.map(({ responseDuring, ...run }) => run),
  }));
  const [updated] = scenarios;
  if (!one || !two || !updated) throw new Error('there are two scenarios');

  it('has no column that no row fills, as where a URL is probed and nothing is updated', () => {
    const probed = summaryTable({ scenarios: [one, two] }).split('\n');
    expect(probed[0]).toMatch(/Longest outage \| +p50 \/ p99 \|$/);
    expect(probed.map((line) => line.split('|').length)).toEqual([8, 8, 8, 8]);
  });

  it('keeps a column that one row fills', () => {
    const mixed = summaryTable({ scenarios: [updated, two] }).split('\n');
    expect(mixed[0]).toContain('p99 during update');
    expect(mixed.map((line) => line.split('|').length)).toEqual([9, 9, 9, 9]);
    expect(mixed[3]).toMatch(/\| +– \|$/);
  });
});

describe('text of unknown origin', () => {
  it('in a sentence is text and code and nothing else', () => {
    fc.assert(
      fc.property(text, (hostile) => {
        const allowed = ['inlineCode', 'paragraph', 'root', 'text'];
        expect(typesOf(`Said: ${prose(hostile)} end`).filter((type) => !allowed.includes(type))).toEqual([]);
      }),
      { ...propertyRuns(400), examples: EACH_HOSTILE },
    );
  });

  it('in a sentence mentions nobody and refers to nothing', () => {
    fc.assert(
      fc.property(text, (hostile) => {
        for (const value of textsOf(`Said: ${prose(hostile)} end`)) {
          expect(value).not.toMatch(/@[\w]|#\w|gh-\d|:\/\/|www\./i);
        }
      }),
      { ...propertyRuns(400), examples: EACH_HOSTILE },
    );
  });

  it('as code is one code span', () => {
    fc.assert(
      fc.property(text, (hostile) => {
        const markdown = `Said ${codeSpan(hostile)} end`;
        expect(typesOf(markdown)).toEqual(['inlineCode', 'paragraph', 'root', 'text']);
        const [code] = nodesOf(markdown).flatMap((node) => (node.type === 'inlineCode' ? [node.value] : []));
        expect(code?.trim()).toBe(plainLine(hostile));
      }),
      { ...propertyRuns(400), examples: EACH_HOSTILE },
    );
  });

  it('in a cell adds neither a column nor a row', () => {
    fc.assert(
      fc.property(text, (hostile) => {
        const markdown = `| a | b |\n| - | - |\n| ${codeCell(hostile)} | 1 |\n\nafter`;
        const rows = nodesOf(markdown).flatMap((node) =>
          node.type === 'tableRow' ? [node.children.length] : [],
        );
        expect(rows).toEqual([2, 2]);
        expect(typesOf(markdown)).toEqual(
          ['inlineCode', 'paragraph', 'root', 'table', 'tableCell', 'tableRow', 'text'].sort(),
        );
      }),
      { ...propertyRuns(400), examples: EACH_HOSTILE },
    );
  });

  it('is shown as it is where it is harmless', () => {
    expect(prose('pod web-6f9c-x2k1: exit code 1 (Error), 12.5 s')).toBe(
      'pod web-6f9c-x2k1: exit code 1 (Error), 12.5 s',
    );
    expect(codeSpan('a`b')).toBe('``a`b``');
    expect(codeCell('a|b')).toBe('`a\\|b`');
  });
});

describe('the summary', () => {
  it('has the nodes it always has, whatever names and messages say', () => {
    const shape = (name: string) => {
      const { result } = aResult(
        [{ scenario: { name, deployment: name }, outcome: 'crash-loop', detail: name, intervalMs: 50 }],
        { assumed: [name], reasons: [{ code: 'x', text: name, remedy: name }] },
      );
      return nodesOf(renderSummary(result)).flatMap((node) =>
        node.type === 'html'
          ? [node.value.replace(/Details of .*/, 'Details')]
          : ['link', 'image', 'heading', 'table', 'tableRow', 'list'].includes(node.type)
            ? [node.type]
            : [],
      );
    };
    const usual = shape('web');
    fc.assert(
      fc.property(text, (hostile) => {
        expect(shape(hostile)).toEqual(usual);
      }),
      { ...propertyRuns(25), examples: EACH_HOSTILE },
    );
  });

  it('keeps the number of columns', () => {
    for (const name of HOSTILE) {
      const table = summaryTable(aResult([{ scenario: { name } }]).result);
      const rows = nodesOf(table).flatMap((node) => (node.type === 'tableRow' ? [node.children.length] : []));
      expect(rows).toEqual([7, 7]);
    }
  });
});
