import { readFileSync } from 'node:fs';
import { stripVTControlCharacters } from 'node:util';
import { Ajv2020 } from 'ajv/dist/2020.js';
import { describe, expect, it } from 'vitest';
import { inlinedPage } from '../../scripts/inline-page.ts';
import { REPORT_NAMES, renderReports } from '../../src/gate/render-reports.ts';
import { SANDBOX_NOTICE } from '../../src/model/sandbox-notice.ts';
import type { GateResult } from '../../src/model/verdict.ts';
import { renderConsole } from '../../src/report/console-table.ts';
import { renderCheckCsv, renderUpdateCsv } from '../../src/report/csv.ts';
import { renderHtml } from '../../src/report/html.ts';
import { renderJunit } from '../../src/report/junit.ts';
import { renderJson } from '../../src/report/result-json.ts';
import { renderSummary } from '../../src/report/summary.ts';
import { aRecording } from '../support/a-recording.ts';
import { ALL_VERDICTS, aResult, RED_AND_GREEN } from '../support/a-result.ts';
import { recognisedCommands } from '../support/runner-log-commands.ts';

const golden = (name: string) => `../golden/report/${name}`;
const HOSTILE = '</script><script>alert(1)</script><img src=x onerror=alert(2)>"\'&<!--';

describe('a table without an update', () => {
  const { result } = aResult();
  const probed: GateResult = {
    ...result,
    scenarios: result.scenarios.map((scenario) => ({
      ...scenario,
      runs: scenario.runs.map(({ responseDuring, ...run }) => run),
    })),
  };

  it.each([
    ['the console', (shown: GateResult) => renderConsole(shown, { colours: false })],
    ['the page', (shown: GateResult) => renderHtml(shown, [])],
  ])('has no column for it on %s', (_where, render) => {
    expect(render(result)).toContain('p99 during update');
    expect(render(probed)).not.toContain('p99 during update');
    expect(render(probed)).toContain('p50 / p99');
  });
});

describe('the summary', () => {
  it('of a run with a red and a green scenario', async () => {
    await expect(renderSummary(aResult(RED_AND_GREEN).result)).toMatchFileSnapshot(
      golden('red-and-green.md'),
    );
  });

  it('of a run that passed', async () => {
    await expect(renderSummary(aResult().result)).toMatchFileSnapshot(golden('pass.md'));
  });

  it('of one of each verdict', async () => {
    await expect(renderSummary(aResult(ALL_VERDICTS).result)).toMatchFileSnapshot(golden('all-verdicts.md'));
  });

  it('of a gate whose cluster did not come up', async () => {
    const reasons = [
      { code: 'RP2101', text: 'Docker does not answer.', remedy: 'Start it, or run `rollproof doctor`.' },
    ];
    await expect(renderSummary(aResult([], { reasons, assumed: [] }).result)).toMatchFileSnapshot(
      golden('no-cluster.md'),
    );
  });

  it('keeps to its length by leaving out detail, and says what', () => {
    const many = Array.from({ length: 60 }, (_, index) => ({
      scenario: { name: `scenario ${index}` },
      target: index % 2 === 0 ? [{ atMs: 4_500, draw: 'x' }] : [],
      tailMs: 5_000,
    }));
    const { result } = aResult(many);
    const full = renderSummary(result).length;
    let before = full;
    for (const maxCharacters of [full, 60_000, 30_000, 12_000, 3_000, 300, 40, 0]) {
      const text = renderSummary(result, { maxCharacters });
      expect(text.length).toBeLessThanOrEqual(maxCharacters);
      expect(text.length).toBeLessThanOrEqual(before);
      if (maxCharacters < full && maxCharacters >= 300) expect(text).toContain('Left out for its length');
      expect((text.match(/<details>/g) ?? []).length).toBe((text.match(/<\/details>/g) ?? []).length);
      before = text.length;
    }
  });

  it('ends with what the caller puts under it', () => {
    expect(renderSummary(aResult().result, { footer: '<sub>Commit 4be1c7d</sub>' })).toMatch(
      /<sub>Commit 4be1c7d<\/sub>\n$/,
    );
  });
});

describe('the console', () => {
  it('shows a plain table', async () => {
    await expect(renderConsole(aResult(ALL_VERDICTS).result, { colours: false })).toMatchFileSnapshot(
      golden('all-verdicts.txt'),
    );
  });

  it('gets colours only where they are asked for, and the same text with them', () => {
    const { result } = aResult(RED_AND_GREEN);
    const coloured = renderConsole(result, { colours: true });
    const plain = renderConsole(result, { colours: false });
    expect(plain).not.toContain('\u001B');
    expect(stripVTControlCharacters(coloured)).toBe(plain);
    expect(coloured).not.toBe(plain);
  });

  it('shows no control character of anybody else', () => {
    const { result } = aResult([{ scenario: { name: 'a\u001B[2Jb\r\nc\u202E' } }]);
    const text = renderConsole(result, { colours: false });
    expect(['\u001B', '\r', '\u202E'].filter((character) => text.includes(character))).toEqual([]);
  });

  it('says nothing that the runner takes for a command, also where the command line prints it', () => {
    const evil = '::error::x ##[add-mask]y';
    const { result } = aResult([{ scenario: { name: evil }, outcome: 'crash-loop', detail: evil }], {
      reasons: [{ code: 'RP2101', text: evil, remedy: evil }],
    });
    expect(recognisedCommands(renderConsole(result, { colours: false }))).toEqual([]);
  });
});

describe('result.json', () => {
  const schema: object = JSON.parse(readFileSync('schema/result.schema.json', 'utf8'));
  const validate = new Ajv2020({ allErrors: true, strict: true, strictRequired: false }).compile(schema);

  it.each([
    ['all verdicts', ALL_VERDICTS],
    ['several runs', [{ run: 1 }, { run: 2 }]],
    ['nothing', []],
    ['a recording without a header', [{ change: () => [] }]],
  ])('of %s is as the published schema says', (_what, runs) => {
    const valid = validate(JSON.parse(renderJson(aResult(runs).result)));
    expect(validate.errors ?? []).toEqual([]);
    expect(valid).toBe(true);
  });

  it('is refused by the schema where it is not', () => {
    const result = JSON.parse(renderJson(aResult().result));
    expect(validate({ ...result, verdict: 'green' })).toBe(false);
    expect(validate({ ...result, schemaVersion: 2 })).toBe(false);
    expect(validate({ ...result, surprise: 1 })).toBe(false);
  });

  it('stays the same', async () => {
    await expect(renderJson(aResult(RED_AND_GREEN).result)).toMatchFileSnapshot(golden('red-and-green.json'));
  });
});

describe('JUnit', () => {
  it('has one test case per run', async () => {
    await expect(renderJunit(aResult(ALL_VERDICTS).result)).toMatchFileSnapshot(
      golden('all-verdicts.junit.xml'),
    );
  });

  it('is well-formed whatever a name says', () => {
    const xml = renderJunit(aResult([{ scenario: { name: `${HOSTILE}\u0000\uD800` } }]).result);
    expect(['<script', '<img', '\u0000', '\uD800'].filter((forbidden) => xml.includes(forbidden))).toEqual(
      [],
    );
  });

  it('is not green where nothing was run', () => {
    expect(renderJunit(aResult([]).result)).toContain('<error');
  });
});

it('one run has every report that a later one removes, and no other beside them', () => {
  const { result, recordings } = aResult();
  const files = renderReports(
    result,
    recordings.slice(0, 1).map((recording) => ({ ...recording, name: 'run' })),
  );
  expect([...files.keys()].toSorted()).toEqual(REPORT_NAMES.toSorted());
});

describe('on the sandbox', () => {
  const runs = [{ environment: { cluster: 'sandbox' } }] as const;
  const { result, recordings } = aResult(runs);
  const files = renderReports(
    result,
    recordings.map((recording) => ({ ...recording, name: 'run' })),
  );

  it.each([
    ['report.md', `**${SANDBOX_NOTICE}**\n\n### `],
    ['check.csv', `# ${SANDBOX_NOTICE}\nsend_time,`],
    ['update.csv', `# ${SANDBOX_NOTICE}\nstart_time,`],
    ['result.json', `{\n  "notice": "${SANDBOX_NOTICE}",\n`],
  ])('%s says so in its first line', (name, beginning) => {
    expect(files.get(name)?.slice(0, beginning.length)).toBe(beginning);
  });

  it.each([
    ['report.html', `<body>\n<p><strong>${SANDBOX_NOTICE}</strong></p>\n`],
    ['junit.xml', `<testsuite name="rollproof ${SANDBOX_NOTICE}"`],
  ])('%s says so in the first line that is shown', (name, beginning) => {
    expect(files.get(name)).toContain(beginning);
  });

  it('a shortened report and the console say so too, and no report on kind does', () => {
    expect(renderSummary(result, { maxCharacters: 500 })).toMatch(`**${SANDBOX_NOTICE}**`);
    expect(renderConsole(result, { colours: false }).split('\n')[0]).toBe(SANDBOX_NOTICE);
    const onKind = aResult();
    const named = onKind.recordings.map((recording) => ({ ...recording, name: 'run' }));
    expect([...renderReports(onKind.result, named).values()].join()).not.toContain(SANDBOX_NOTICE);
  });
});

describe('the tables of the first experiment', () => {
  const entries = aRecording({ target: [{ atMs: 4_510, draw: 'x' }], tailMs: 5_000 });

  it('hold send time and response time, -0.01 where a request was dropped', () => {
    const lines = renderCheckCsv(entries).trimEnd().split('\n');
    expect(lines).toHaveLength(1 + 1100);
    expect(lines.slice(0, 2)).toEqual(['send_time,response_time', '1795176000.000200,0.001000']);
    expect(lines[1 + 451]).toBe('1795176004.510200,-0.010000');
  });

  it('hold start and end of the update', () => {
    expect(renderUpdateCsv(entries)).toBe('start_time,end_time\n1795176003.000000,1795176005.000000\n');
  });

  it('are empty but for their heads where nothing was measured', () => {
    expect(renderCheckCsv([])).toBe('send_time,response_time\n');
    expect(renderUpdateCsv([])).toBe('start_time,end_time\n');
  });
});

describe('the HTML report', () => {
  const { result, recordings } = aResult([
    {
      scenario: { name: HOSTILE },
      detail: HOSTILE,
      outcome: 'crash-loop',
      target: [{ atMs: 4_510, draw: 'xt' }],
    },
    { scenario: { name: 'second' } },
  ]);
  const page = renderHtml(result, recordings);
  const dataOf = (html: string) =>
    [...html.matchAll(/<script type="application\/json" id="[^"]+">(.*?)<\/script>/gs)].map(([, json]) =>
      JSON.parse(json ?? ''),
    );

  it('sets code in a sentence as code, and what it holds stays inert', () => {
    const reasons = [{ code: 'RP2003', text: 'There is no `<kind>`.', remedy: 'Use `--context`.' }];
    expect(renderHtml({ ...result, reasons }, [])).toContain(
      '<li>There is no <code>&#60;kind&#62;</code>. <strong>→</strong> Use <code>--context</code>.</li>',
    );
  });

  it('loads nothing', () => {
    expect(page).toContain("default-src 'none'");
    expect(page.replace(/<script>.*<\/script>/s, '')).not.toMatch(/src=["']|href=|url\(/);
  });

  it('keeps text from outside inert', () => {
    expect(page.match(/<script/g)).toHaveLength(1 + recordings.length);
    expect(page).not.toContain('<img');
    expect(page).not.toContain('alert(1)</script>');
  });

  it('carries every request that was sent, with drops below zero', () => {
    const [first, second] = dataOf(page);
    expect(first.sent).toHaveLength(1200);
    expect(first.response.slice(450, 454)).toEqual([120, -1, -2, 150]);
    expect(first.failures).toEqual(['dropped: refused', 'dropped: connect-timeout']);
    expect(second.response.every((ticks: number) => ticks >= 0)).toBe(true);
  });

  it('shades the update and marks phases and ends of pods, in seconds since the update', () => {
    const [, second] = dataOf(page);
    expect(second.span).toEqual([0, 2]);
    expect(second.marks).toEqual([
      { at: 1.5, kind: 'pod' },
      { at: 3, kind: 'pod' },
      { at: 0, kind: 'phase' },
      { at: 2, kind: 'phase' },
      { at: 3, kind: 'phase' },
    ]);
  });

  it('has a section for a scenario without a recording', () => {
    expect(renderHtml(result, [])).toContain('<h2>second');
  });

  it('carries the page script that the sources give (npm run page writes it)', async () => {
    expect(await inlinedPage()).toBe(readFileSync('src/report/page-inline.json', 'utf8'));
  });
});
