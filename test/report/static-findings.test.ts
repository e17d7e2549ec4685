import { readFileSync } from 'node:fs';
import { Ajv2020 } from 'ajv/dist/2020.js';
import { describe, expect, it } from 'vitest';
import type { MeasuredStaticFinding } from '../../src/model/static-finding.ts';
import { renderConsole } from '../../src/report/console-table.ts';
import { renderHtml } from '../../src/report/html.ts';
import { renderJson } from '../../src/report/result-json.ts';
import { renderStaticText } from '../../src/report/static-findings.ts';
import { renderSummary } from '../../src/report/summary.ts';
import { judgeRun } from '../../src/verdict/judge.ts';
import { aRecording } from '../support/a-recording.ts';
import { aResult } from '../support/a-result.ts';
import { aGateResult, aScenarioResult } from '../support/results.ts';

const FINDING: MeasuredStaticFinding = {
  cause: 'no-endpoints',
  severity: 'error',
  object: { kind: 'Deployment', name: 'web' },
  place: { file: 'k8s/web.yaml', line: 6, column: 3 },
  text: 'With strategy Recreate all old pods end first.',
  outcome: 'confirmed',
  because: '12 drops are laid to this cause (confidence high).',
};
const HOSTILE: MeasuredStaticFinding = {
  ...FINDING,
  severity: 'info',
  outcome: 'not-observed',
  place: { file: '::error::<b>.yaml', line: 1, column: 1 },
  text: 'Container <img src=x> has `code` and \u001b[31m [a](http://b) @someone.',
};
const RESULT = aGateResult({ scenarios: [aScenarioResult({ staticFindings: [FINDING, HOSTILE] })] });

describe('static findings in the report of a run', () => {
  it('are counted beside the table and told in the details, with what the run says of them', () => {
    const markdown = renderSummary(
      aGateResult({
        scenarios: [aScenarioResult({ staticFindings: [FINDING], runs: [judgeRun(aRecording())] })],
      }),
    );
    expect(markdown).toContain('<sub>Check of the manifests: `web`: 1 confirmed</sub>');
    expect(markdown).toContain(
      '- **confirmed** error `no-endpoints` at `k8s/web.yaml:6:3`: With strategy Recreate all old pods end first. 12 drops are laid to this cause',
    );
  });

  it('are lines of the console and of the page', () => {
    const sentence = 'confirmed: error at k8s/web.yaml:6:3: With strategy Recreate';
    expect(renderConsole(RESULT, { colours: false })).toContain(`web: check: ${sentence}`);
    expect(renderHtml(RESULT, [])).toContain(`<li>${sentence}`);
    expect(renderHtml(RESULT, [])).toContain('Check of the manifests: 1 confirmed, 1 not observed');
  });

  it('are in result.json as its schema says', () => {
    const { outcome: _outcome, because: _because, ...finding } = FINDING;
    const suggestion = { text: 'Surge.', yaml: ['a: 1'], diff: { place: FINDING.place, lines: ['+a: 1'] } };
    const { result } = aResult([
      {
        change: ([header, ...rest]) =>
          header
            ? [header, { kind: 'static-finding', atMs: 0, finding: { ...finding, suggestion } }, ...rest]
            : [],
      },
    ]);
    const validate = new Ajv2020().compile(JSON.parse(readFileSync('schema/result.schema.json', 'utf8')));
    const json = JSON.parse(renderJson(result));
    expect(validate(json) ? [] : validate.errors).toEqual([]);
    expect(json.scenarios[0].staticFindings).toMatchObject([{ cause: 'no-endpoints', suggestion }]);
  });

  it('say nothing where there are none', () => {
    expect(renderSummary(aGateResult())).not.toContain('Check of the manifests');
    expect(renderHtml(aGateResult(), [])).not.toContain('Check of the manifests');
  });

  it('do nothing where their text is hostile', () => {
    const page = renderHtml(RESULT, []);
    expect(page).not.toContain('<img');
    expect(renderConsole(RESULT, { colours: false })).not.toContain('\u001b');
    const text = renderStaticText(
      { rollproof: '0', findings: [HOSTILE], notCovered: [], deployments: 1 },
      { colours: false },
    );
    expect(text).not.toContain('\u001b');
    expect(text.split('\n').some((line) => line.trimStart().startsWith('::'))).toBe(false);
  });

  it('does not look like a pass where no Deployment was checked', () => {
    const nothing = { rollproof: '0', findings: [], notCovered: [] };
    const text = (deployments: number) => renderStaticText({ ...nothing, deployments }, { colours: false });
    expect(text(0)).toContain('No Deployment was checked');
    expect(text(1)).toBe('0 errors, 0 warnings, 0 infos about 1 Deployment.');
  });
});
