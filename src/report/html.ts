import type { Finding } from '../model/finding.ts';
import type { MeasuredStaticFinding } from '../model/static-finding.ts';
import type { Trial } from '../model/trial.ts';
import type { GateResult, NearMiss, Reason, RunResult, ScenarioResult, Verdict } from '../model/verdict.ts';
import { connectionRows, connectionSentences } from './connections.ts';
import { causeSentence, withoutKnownRemedy } from './findings.ts';
import {
  adviceText,
  rolledControlSentence,
  sensitivitySentence,
  suggestionLabel,
  survivalSentence,
} from './fix-text.ts';
import { headline } from './headline.ts';
import { measuredFigures, measuredHow, measuredOn } from './how-measured.ts';
import { howSure } from './how-sure.ts';
import { plainLine } from './markdown.ts';
import { measuredSentence, outcomeCounts } from './measured-static-findings.ts';
import page from './page-inline.json' with { type: 'json' };
import { type Plot, plotOf, type RunRecording } from './plot.ts';
import { runName } from './run-name.ts';
import { standInNotice } from './stand-in-notice.ts';
import { columnsOf, figuresOf, summaryRows, VERDICTS } from './summary-table.ts';

/**
 * The report as one HTML file that needs nothing else: the table, and for each recording a scatter plot of send time
 * and response time, in which dropped requests are red marks below zero, the update is shaded, and phases and ends of
 * pods are vertical lines; under it each pod's time as a lane. Text from outside is inert; the page may load nothing.
 */
export function renderHtml(result: GateResult, recordings: readonly RunRecording[]): string {
  const title = `${VERDICTS[result.verdict].plain} ${headline(result, (name) => plainLine(name))}`;
  const plots = recordings.map(plotOf).filter((plot) => plot !== undefined);
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'; script-src 'unsafe-inline'">
<title>${html(title)}</title>
<style>${page.style}</style>
</head>
<body>
${standInNotice(result)
  .map((notice) => `<p><strong>${html(notice)}</strong></p>\n`)
  .join('')}<h1 class="${result.verdict}">${html(title)}</h1>
${table(result.scenarios)}
${reasonList(result.reasons)}
${result.scenarios.map((scenario) => section(scenario, plots)).join('\n')}
<p class="small">Rollproof ${html(result.rollproof)}, ${html(result.startedAt)}. Drag to zoom into a plot, double-click to see all of it again.</p>
<script>${page.script.replaceAll('</script', '<\\/script')}</script>
</body>
</html>
`;
}

function table(scenarios: readonly ScenarioResult[]): string {
  if (scenarios.length === 0) return '';
  const summary = summaryRows(scenarios);
  const head = columnsOf(summary)
    .map((column) => `<th scope="col">${column}</th>`)
    .join('');
  const rows = summary.map(
    (row) =>
      `<tr><td title="${html(row.name)}">${html(row.name)}</td><td>${badge(row.verdict)}</td>${figuresOf(row)
        .map((figure) => `<td>${figure}</td>`)
        .join('')}</tr>`,
  );
  return `<div class="wide"><table><thead><tr>${head}</tr></thead><tbody>${rows.join('\n')}</tbody></table></div>`;
}

function section(scenario: ScenarioResult, plots: readonly Plot[]): string {
  const measured = [
    ...measuredOn(scenario),
    ...measuredHow(scenario),
    ...measuredFigures(scenario.runs),
  ].join(' · ');
  // What was tried stands behind what was found.
  const own = plots
    .filter(({ scenario: name }) => name === scenario.name)
    .toSorted((one, other) => Number(one.trial !== undefined) - Number(other.trial !== undefined));
  return `<section>
<h2>${html(scenario.name)} ${badge(scenario.verdict)}</h2>
${reasonList(scenario.reasons.map((reason) => withoutKnownRemedy(reason, scenario)))}
${nearMissList(scenario.nearMisses)}
${findingList(scenario.findings)}
${staticList(scenario.staticFindings)}
${notes(scenario)}<p class="small">${html(measured)}</p>
${sureNote(scenario)}${scenario.runs.map(connectionFigures).join('')}${own.map((plot) => figure(plot, own)).join('\n')}
</section>`;
}

/** What the runs show and do not show; nothing where nothing is to be said. */
function sureNote(scenario: ScenarioResult): string {
  const sentences = howSure(scenario);
  return sentences.length === 0 ? '' : `<p class="small">${prose(sentences.join(' '))}</p>\n`;
}

function connectionFigures(run: RunResult): string {
  const sentences = connectionSentences(run);
  if (sentences.length === 0) return '';
  const rows = connectionRows(run).map(
    ({ name, generation, lost, lasting }) =>
      `<tr><td><code>${html(name)}</code></td><td>${generation}</td><td>${lost}</td><td>${lasting}</td></tr>`,
  );
  const head = '<tr><th>Pod</th><th></th><th>Connections lost</th><th>Lasting</th></tr>';
  return `<p>${prose(sentences.join(' '))}</p>
<details class="small"><summary>Connections by pod</summary><table><thead>${head}</thead><tbody>${rows.join('\n')}</tbody></table></details>
`;
}

const TRIALS: Readonly<Record<Trial['kind'], string>> = {
  fix: 'Trial of the suggested change, run',
  sensitivity: 'Deliberately bad twin, run',
  'rolled-control': 'Known-good app, run',
};

function notes(scenario: ScenarioResult): string {
  return [survivalSentence(scenario), sensitivitySentence(scenario), rolledControlSentence(scenario)]
    .map((sentence) => (sentence === undefined ? '' : `<p>${prose(sentence)}</p>\n`))
    .join('');
}

function figure(plot: Plot, all: readonly Plot[]): string {
  const { id, run, trial, data, label, ends } = plot;
  const own = all.filter((other) => other.trial === undefined);
  const name = trial ? `${TRIALS[trial]} ${run}` : runName(plot, own).replace('run', 'Run');
  return `${all.length > 1 ? `<h3>${html(name)}</h3>` : ''}
<div class="chart" role="img" aria-label="${html(label)}" data-source="${id}"></div>
<div class="lanes"></div>
<div class="readout" aria-live="polite">&nbsp;</div>
<div class="key"><span><i style="background:var(--ok)"></i>answered</span><span><i style="background:var(--bad)"></i>dropped or not judged</span>${data.span === null ? '' : UPDATE_KEY}${data.lanes.length === 0 ? '' : STAGE_KEY}</div>
${ends.length === 0 ? '' : `<details class="small"><summary>Pods</summary><ul>${ends.map((line) => `<li>${html(line)}</li>`).join('')}</ul></details>`}
<script type="application/json" id="${id}">${inScript(data)}</script>`;
}

/** What the colours of the lanes mean. */
const STAGE_KEY = ['starting', 'in service', 'in hook', 'ending', 'ended']
  .map((stage) => `<span><i class="area ${stage.replace(' ', '-')}"></i>pod ${stage}</span>`)
  .join('');

/** What is drawn of an update; a plot without one has none of it. */
const UPDATE_KEY =
  '<span><i class="area" style="background:var(--span)"></i>update until complete</span><span><i class="stroke" style="background:var(--phase)"></i>trigger, complete, last old pod gone</span><span><i class="stroke" style="background:var(--pod)"></i>a pod is told to end, is gone</span>';

function findingList(findings: readonly Finding[]): string {
  return findings
    .map((finding) => {
      const { evidence, suggestion, fix } = finding;
      const why = fix?.trials?.why === undefined ? '' : ` ${fix.trials.why}`;
      const sentences = [
        ...evidence,
        ...(suggestion ? [`${suggestionLabel(finding)}: ${suggestion.text}${why}`] : []),
      ];
      const items = sentences.map((sentence) => `<li>${prose(sentence)}</li>`).join('');
      return `<details><summary>Cause: ${html(causeSentence(finding))} → ${prose(adviceText(finding))} <code>${html(finding.cause)}</code></summary><ul>${items}</ul></details>`;
    })
    .join('\n');
}

/** What the manifests alone show, folded. */
function staticList(findings: readonly MeasuredStaticFinding[]): string {
  if (findings.length === 0) return '';
  const items = findings.map(
    (finding) => `<li>${prose(measuredSentence(finding))} <code>${html(finding.cause)}</code></li>`,
  );
  return `<details><summary>Check of the manifests: ${html(outcomeCounts(findings))}</summary><ul>${items.join('')}</ul></details>`;
}

function reasonList(reasons: readonly Reason[]): string {
  if (reasons.length === 0) return '';
  const items = reasons.map(
    ({ text, remedy }) =>
      `<li>${prose(text)}${remedy === undefined ? '' : ` <strong>→</strong> ${prose(remedy)}`}</li>`,
  );
  return `<ul>${items.join('')}</ul>`;
}

function nearMissList(misses: readonly NearMiss[]): string {
  return reasonList(misses.map(({ text, ...miss }) => ({ ...miss, text: `Near miss: ${text}` })));
}

function badge(verdict: Verdict): string {
  return `<span class="${verdict}">${VERDICTS[verdict].plain} ${VERDICTS[verdict].word}</span>`;
}

/** Text of unknown origin in an element or a quoted attribute. */
function html(text: string): string {
  return plainLine(text, 1000).replace(/[&<>"']/g, (character) => `&#${character.codePointAt(0)};`);
}

/** A sentence, in which `code` is set as such. Only ever an element's content: it holds tags. */
function prose(text: string): string {
  return html(text).replace(/`([^`]+)`/g, '<code>$1</code>');
}

/** JSON within a script element: nothing in it can end the element or open a comment. */
function inScript(value: unknown): string {
  return JSON.stringify(value).replaceAll('<', '\\u003c');
}
