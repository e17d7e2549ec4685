import { readFileSync } from 'node:fs';
import { Ajv2020 } from 'ajv/dist/2020.js';
import { describe, expect, it } from 'vitest';
import { judgeRecordings } from '../../src/gate/judge-recordings.ts';
import { renderReports } from '../../src/gate/render-reports.ts';
import type { Trial } from '../../src/model/trial.ts';
import { renderConsole } from '../../src/report/console-table.ts';
import { aRecording, type RecordingOptions } from '../support/a-recording.ts';

const golden = (name: string) => `../golden/report/${name}`;

const PLACES = {
  spec: { file: 'k8s/web.yaml', line: 6, column: 1 },
  podSpec: { file: 'k8s/web.yaml', line: 14, column: 5 },
  container: { file: 'k8s/web.yaml', line: 16, column: 11 },
};
/** Drops that a hook and a longer grace period should cure. */
const bad = (name: string, options: RecordingOptions = {}): RecordingOptions => ({
  scenario: { name },
  target: [{ atMs: 4_510, draw: 'xxxxxxxx.x.tt' }],
  template: { gracePeriodSeconds: 5, places: PLACES },
  ...options,
});
const containers = [{ name: 'nginx', lifecycle: { preStop: { sleep: { seconds: 3 } } } }];
const spec = { template: { spec: { containers, terminationGracePeriodSeconds: 13 } } };
const trial: Trial = {
  kind: 'fix',
  causes: ['stops-before-endpoint-removal'],
  patches: [{ kind: 'Deployment', name: 'web', fields: { spec } }],
  runs: 3,
};
const twin: Trial = { kind: 'sensitivity', causes: [], patches: [], runs: 1 };

const control: Trial = { kind: 'rolled-control', causes: [], patches: [], runs: 1 };

const TRIED: readonly RecordingOptions[] = [
  bad('proven'),
  ...[1, 2, 3].map((run) => ({ scenario: { name: 'proven' }, trial, run })),
  bad('withdrawn'),
  bad('withdrawn', { trial, target: [{ atMs: 4_510, draw: 'xxxx' }] }),
  bad('without an answer'),
  { scenario: { name: 'without an answer' }, trial, asleep: [{ fromMs: 4_000, toMs: 7_000 }] },
  { scenario: { name: 'a twin that drops' } },
  bad('a twin that drops', { trial: twin }),
  { scenario: { name: 'a twin that drops none' } },
  { scenario: { name: 'a twin that drops none' }, trial: twin },
  {
    scenario: { name: 'amplified' },
    environment: { amplified: { propagationDelayMs: 5_000, busyProcesses: 2 } },
  },
];

function report(runs: readonly RecordingOptions[]) {
  const recordings = runs.map((options, index) => ({ name: `run-${index}`, entries: aRecording(options) }));
  const result = judgeRecordings(recordings, '0.1.0');
  return { result, files: renderReports(result, recordings) };
}

describe('reports of a known-good app', () => {
  const { result, files } = report([
    bad('it loses requests, too'),
    bad('it loses requests, too', { trial: control, target: [{ atMs: 4_510, draw: 'xxxxx' }] }),
    bad('it loses none'),
    { scenario: { name: 'it loses none' }, trial: control },
  ]);

  it('say what it means for the cluster, and do not count it', () => {
    expect(result.scenarios.map(({ runs, trials }) => [runs.length, trials?.length])).toEqual([
      [1, 1],
      [1, 1],
    ]);
    const [console, markdown] = [renderConsole(result, { colours: false }), files.get('report.md') ?? ''];
    const html = files.get('report.html') ?? '';
    for (const text of [console, markdown, html]) {
      expect(text).toMatch(/lost 5 of [\d,]+ requests as well: look at the cluster/);
      expect(text).toMatch(/lost none of [\d,]+ requests: this cluster can be rolled on/);
    }
    expect(console).toContain('[rolled-control-dropped]');
    expect(markdown).toContain('**A known-good app, rolled in the place of yours**');
  });
});

describe('reports of recordings with trials among them', () => {
  const { result, files } = report(TRIED);

  it('judge each scenario by the runs of its own manifests', () => {
    expect(result.scenarios.map(({ name, verdict }) => `${name}: ${verdict}`)).toEqual([
      'proven: dropped',
      'withdrawn: dropped',
      'without an answer: dropped',
      'a twin that drops: pass',
      'a twin that drops none: pass',
      'amplified: pass',
    ]);
    expect(result.scenarios.map(({ runs }) => runs.length)).toEqual([1, 1, 1, 1, 1, 1]);
    expect(result.scenarios.map(({ findings }) => findings[0]?.fix?.state)).toEqual([
      ...['proven', 'withdrawn', 'untested'],
      ...[undefined, undefined, undefined],
    ]);
  });

  it('say in Markdown what is proven, withdrawn or unknown, and show no lines that did not help', async () => {
    await expect(files.get('report.md')).toMatchFileSnapshot(golden('trials.md'));
  });

  it('say the same on a terminal', async () => {
    await expect(renderConsole(result, { colours: false })).toMatchFileSnapshot(golden('trials.txt'));
  });

  it('are as the published schema says', () => {
    const schema: object = JSON.parse(readFileSync('schema/result.schema.json', 'utf8'));
    const validate = new Ajv2020({ allErrors: true, strict: true, strictRequired: false }).compile(schema);
    expect(validate(JSON.parse(files.get('result.json') ?? '')), JSON.stringify(validate.errors)).toBe(true);
  });

  it('name the plots of trials as such, and keep one own run at the top of the folder', () => {
    expect(files.get('report.html')).toContain('<h3>Trial of the suggested change, run 3</h3>');
    expect(files.get('report.html')).toContain('<h3>Deliberately bad twin, run 1</h3>');
    const one = report(TRIED.slice(0, 4)).files;
    expect([...one.keys()].filter((name) => name.endsWith('check.csv'))).toEqual([
      'check.csv',
      ...['csv/run-1/check.csv', 'csv/run-2/check.csv', 'csv/run-3/check.csv'],
    ]);
  });

  it('say from when on a change works that was tried in both states', () => {
    const update = { kind: 'apply', from: 'next' } as const;
    const scenario = { name: 'applied', update };
    const { files: applied } = report([bad('applied', { scenario }), { scenario, trial }]);
    expect(applied.get('report.md')).toContain('works from the update after this one on');
    expect(files.get('report.md')).not.toContain('works from the update after this one on');
  });

  it('give no verdict where only trials are left of a scenario', () => {
    const { scenarios } = report([{ trial }]).result;
    expect(scenarios[0]).toMatchObject({ verdict: 'inconclusive', runs: [] });
    expect(scenarios[0]?.reasons[0]?.code).toBe('not-run');
  });
});
