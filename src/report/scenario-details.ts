import { markdownTable } from 'markdown-table';
import { count, plural } from '../model/counted.ts';
import type { Trial } from '../model/trial.ts';
import { isUrlProbe } from '../model/url-probe.ts';
import { PHASES, type Phase, type RunResult, type ScenarioResult } from '../model/verdict.ts';
import { connectionTable } from './connections.ts';
import { duration, NOTHING } from './figures.ts';
import { findingDetails } from './findings.ts';
import { ganttChart } from './gantt.ts';
import { codeSpan, prose } from './markdown.ts';
import { staticDetails } from './measured-static-findings.ts';
import { runName } from './run-name.ts';
import { stopwatchTables } from './stopwatch.ts';
import { VERDICTS } from './summary-table.ts';

/** Rows of one table; more of them help nobody. */
const ROW_LIMIT = 50;

/** Everything about one scenario that a table row has no room for, folded. */
export function scenarioDetails(scenario: ScenarioResult): string {
  return [
    '<details>',
    `<summary>${VERDICTS[scenario.verdict].symbol} Details of ${prose(scenario.name)}</summary>`,
    '',
    ...findingDetails(scenario),
    ...staticDetails(scenario),
    ...scenario.runs.flatMap((run) => [...runDetails(run, scenario), '']),
    ...trialTables(scenario),
    '</details>',
  ].join('\n');
}

function runDetails(run: RunResult, { scenario, runs }: ScenarioResult): readonly string[] {
  return [
    ...(runs.length === 1
      ? []
      : [`**${runName(run, runs).replace('run', 'Run')}: ${VERDICTS[run.verdict].word}**`, '']),
    phaseTable(run, isUrlProbe(scenario) ? [] : PHASES),
    '',
    ...(run.outages.length === 0 ? [] : [outageTable(run), '']),
    ...ganttChart(run),
    ...connectionTable(run),
    ...stopwatchTables(run),
    ...run.guards.map(({ held, text }) => `- ${held ? '✅' : '❌'} ${prose(text)}`),
    ...rolloutLine(run),
  ];
}

const BOTH_STATES =
  'Both states of the manifests had the change. A pod ends by what it was started with: what is changed about its end works from the update after this one on.';

/** Runs with other manifests: what was changed, and what came of each. */
function trialTables({ trials = [], scenario }: ScenarioResult): readonly string[] {
  const applied = 'update' in scenario && scenario.update.kind === 'apply';
  return trials.flatMap(({ kind, causes, results }) => [
    trialHeading(kind, causes),
    '',
    markdownTable(
      [
        ['Run', 'Verdict', 'Requests', 'Dropped'],
        ...results.map(({ run, verdict, requests }) => [
          count(run),
          VERDICTS[verdict].word,
          count(requests.sent),
          count(requests.dropped),
        ]),
      ],
      { align: ['r', 'l', 'r', 'r'], alignDelimiters: false },
    ),
    '',
    ...(kind === 'fix' && applied ? [BOTH_STATES, ''] : []),
  ]);
}

function trialHeading(kind: Trial['kind'], causes: Trial['causes']): string {
  switch (kind) {
    case 'fix':
      return `**The same with what is suggested against ${causes.map(codeSpan).join(', ')}**`;
    case 'sensitivity':
      return '**A deliberately bad twin: the same without preStop hooks, with 1 s to end**';
    case 'rolled-control':
      return '**A known-good app, rolled in the place of yours**';
  }
}

/** A probe of a URL has no phases: one line for all. */
function phaseTable({ phases, requests }: RunResult, shown: readonly Phase[]): string {
  const rows = [...shown.map((phase) => [phase, phases[phase]] as const), ['all', requests] as const];
  return markdownTable(
    [
      ['Phase', 'Scheduled', 'Sent', 'Answered', 'Dropped', 'Not judged', 'Unsent'],
      ...rows.map(([name, counts]) => [
        name,
        ...[counts.scheduled, counts.sent, counts.ok, counts.dropped, counts.notJudged, counts.unsent].map(
          count,
        ),
      ]),
    ],
    { align: ['l', 'r', 'r', 'r', 'r', 'r', 'r'], alignDelimiters: false },
  );
}

function outageTable({ outages, outagesLeftOut = 0 }: RunResult): string {
  const shown = outages.slice(0, ROW_LIMIT);
  const table = markdownTable(
    [
      ['Outage from', 'Length', 'At least', 'At most', 'Dropped', 'Answered within', 'As a client saw it'],
      ...shown.map((outage) => [
        duration(outage.fromMs),
        duration(outage.lengthMs),
        outage.bounds ? duration(outage.bounds.atLeastMs) : NOTHING,
        outage.bounds ? duration(outage.bounds.atMostMs) : NOTHING,
        count(outage.dropped),
        count(outage.answered),
        Object.entries(outage.classes)
          .map(([name, number]) => `${number} ${name}`)
          .join(', '),
      ]),
    ],
    { align: ['r', 'r', 'r', 'r', 'r', 'r', 'l'], alignDelimiters: false },
  );
  const more = outages.length + outagesLeftOut - shown.length;
  return more > 0 ? `${table}\n\n${more} more outages are in the report files.` : table;
}

function rolloutLine({ rollout }: RunResult): readonly string[] {
  const { outcome, durationMs, replacedPods, detail } = rollout;
  if (outcome === undefined) return [];
  const took = durationMs === undefined ? '' : ` in ${duration(durationMs)}`;
  return [
    `- Rollout: ${codeSpan(outcome)}${took}, ${plural(replacedPods, 'pod')} replaced${detail === undefined ? '' : `: ${prose(detail)}`}`,
  ];
}
