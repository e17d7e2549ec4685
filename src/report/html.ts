import type { Finding } from '../model/finding.ts';
import type { RecordingEntry } from '../model/recording.ts';
import type { GateResult, Reason, ScenarioResult, Verdict } from '../model/verdict.ts';
import { type PodLife, podLives } from '../verdict/pod-generations.ts';
import type { RunFacts } from '../verdict/run-facts.ts';
import { targetSamples } from '../verdict/target-samples.ts';
import { duration } from './figures.ts';
import { causeSentence } from './findings.ts';
import { headline } from './headline.ts';
import { measuredFigures, measuredHow, measuredOn } from './how-measured.ts';
import { plainLine } from './markdown.ts';
import page from './page-inline.json' with { type: 'json' };
import { standInNotice } from './stand-in-notice.ts';
import { COLUMNS, summaryRows, VERDICTS } from './summary-table.ts';

/** A recording's entries, as they were read. */
export interface RunRecording {
  readonly entries: readonly RecordingEntry[];
}

/**
 * The report as one HTML file that needs nothing else: the table, and for each recording a scatter plot of send time
 * and response time, in which dropped requests are red marks below zero, the update is shaded, and phases and ends of
 * pods are vertical lines. Text from outside is inert; the page may load nothing.
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
  const head = COLUMNS.map((column) => `<th scope="col">${column}</th>`).join('');
  const rows = summaryRows(scenarios).map(
    (row) =>
      `<tr><td title="${html(row.name)}">${html(row.name)}</td><td>${badge(row.verdict)}</td>${[
        row.requests,
        row.dropped,
        row.longestOutage,
        row.response,
        row.responseDuring,
      ]
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
  const own = plots.filter(({ scenario: name }) => name === scenario.name);
  return `<section>
<h2>${html(scenario.name)} ${badge(scenario.verdict)}</h2>
${reasonList(scenario.reasons)}
${findingList(scenario.findings)}
<p class="small">${html(measured)}</p>
${own.map((plot) => figure(plot, own.length > 1)).join('\n')}
</section>`;
}

function figure({ id, run, data, label, ends }: Plot, isOneOfSeveral: boolean): string {
  return `${isOneOfSeveral ? `<h3>Run ${run}</h3>` : ''}
<div class="chart" role="img" aria-label="${html(label)}" data-source="${id}"></div>
<div class="readout">&nbsp;</div>
<div class="key"><span><i style="background:var(--ok)"></i>answered</span><span><i style="background:var(--bad)"></i>dropped or not judged</span><span><i class="area" style="background:var(--span)"></i>update until complete</span><span><i class="stroke" style="background:var(--phase)"></i>trigger, complete, last old pod gone</span><span><i class="stroke" style="background:var(--pod)"></i>a pod is told to end, is gone</span></div>
${ends.length === 0 ? '' : `<details class="small"><summary>Pods</summary><ul>${ends.map((line) => `<li>${html(line)}</li>`).join('')}</ul></details>`}
<script type="application/json" id="${id}">${inScript(data)}</script>`;
}

function findingList(findings: readonly Finding[]): string {
  return findings
    .map(({ evidence, suggestion, ...finding }) => {
      const sentences = [...evidence, ...(suggestion ? [`Suggestion, not tried: ${suggestion.text}`] : [])];
      const items = sentences.map((sentence) => `<li>${prose(sentence)}</li>`).join('');
      return `<details><summary>Cause: ${html(causeSentence({ ...finding, evidence }))} <code>${html(finding.cause)}</code></summary><ul>${items}</ul></details>`;
    })
    .join('\n');
}

function reasonList(reasons: readonly Reason[]): string {
  if (reasons.length === 0) return '';
  const items = reasons.map(
    ({ text, remedy }) =>
      `<li>${prose(text)}${remedy === undefined ? '' : ` <strong>→</strong> ${prose(remedy)}`}</li>`,
  );
  return `<ul>${items.join('')}</ul>`;
}

function badge(verdict: Verdict): string {
  return `<span class="${verdict}">${VERDICTS[verdict].plain} ${VERDICTS[verdict].word}</span>`;
}

interface Plot {
  readonly id: string;
  readonly scenario: string;
  readonly run: number;
  readonly data: ChartData;
  readonly label: string;
  /** What became of the pods, one line each. */
  readonly ends: readonly string[];
}

/** What page/scatter.js draws. Integers and differences keep tens of thousands of points small. */
interface ChartData {
  readonly sent: readonly number[];
  readonly response: readonly number[];
  readonly failures: readonly string[];
  readonly span: readonly [number, number] | null;
  readonly marks: readonly { readonly at: number; readonly kind: 'phase' | 'pod' }[];
}

function plotOf({ entries }: RunRecording, index: number): Plot | undefined {
  const { facts, samples } = targetSamples(entries);
  if (!facts) return undefined;
  const { header, cuts } = facts;
  // Seconds count from the update, so that plots can be compared.
  const zeroMs = cuts.triggeredMs ?? 0;
  const seconds = (ms: number) => Math.round(ms - zeroMs) / 1000;
  const failures: string[] = [];
  const sent: number[] = [];
  const response: number[] = [];
  let lastTicks = 0;
  const drawn = samples
    .flatMap(({ sentMs, scheduledMs, endedMs, end }) =>
      sentMs === undefined ? [] : [{ sentMs, responseMs: (endedMs ?? sentMs) - scheduledMs, end }],
    )
    .sort((a, b) => a.sentMs - b.sentMs);
  for (const { sentMs, responseMs, end } of drawn) {
    const ticks = Math.round((sentMs - zeroMs) * 10);
    sent.push(ticks - lastTicks);
    lastTicks = ticks;
    if (end.end === 'ok') {
      response.push(Math.max(0, Math.round(responseMs * 100)));
    } else {
      const name =
        'class' in end ? `${end.end === 'dropped' ? 'dropped' : 'not judged'}: ${end.class}` : end.end;
      if (!failures.includes(name)) failures.push(name);
      response.push(-1 - failures.indexOf(name));
    }
  }
  const lives = podLives(facts);
  const dropped = samples.filter(({ end }) => end.end === 'dropped').length;
  return {
    id: `plot-${index}`,
    scenario: header.scenario.name,
    run: header.run,
    label: `Send time and response time of ${drawn.length} requests, ${dropped} of them dropped`,
    data: {
      sent,
      response,
      failures,
      span: cuts.triggeredMs === undefined ? null : [0, seconds(cuts.completeMs ?? facts.probingStoppedMs)],
      marks: marksOf(facts, lives, seconds),
    },
    ends: lives.map((life) => biography(life, seconds)),
  };
}

function marksOf(
  facts: RunFacts,
  lives: readonly PodLife[],
  seconds: (ms: number) => number,
): ChartData['marks'] {
  const { triggeredMs, completeMs, oldPodsGoneMs } = facts.cuts;
  const phases = [triggeredMs, completeMs, oldPodsGoneMs].flatMap((ms) => (ms === undefined ? [] : [ms]));
  const ends = lives.flatMap(({ terminatingMs, goneMs }) =>
    [terminatingMs, goneMs].flatMap((ms) => (ms === undefined ? [] : [ms])),
  );
  return [
    ...ends.map((ms) => ({ at: seconds(ms), kind: 'pod' as const })),
    ...phases.map((ms) => ({ at: seconds(ms), kind: 'phase' as const })),
  ];
}

function biography(
  { name, node, generation, firstReadyMs, terminatingMs, goneMs }: PodLife,
  seconds: (ms: number) => number,
): string {
  const at = (ms: number) => `${seconds(ms).toFixed(2)} s`;
  const steps = [
    ...(generation === 'new' && firstReadyMs !== undefined ? [`ready at ${at(firstReadyMs)}`] : []),
    ...(terminatingMs === undefined ? [] : [`told to end at ${at(terminatingMs)}`]),
    ...(goneMs === undefined ? [] : [`gone at ${at(goneMs)}`]),
    ...(terminatingMs === undefined || goneMs === undefined
      ? []
      : [`took ${duration(goneMs - terminatingMs)}`]),
  ];
  return `${generation} pod ${name}${node === undefined ? '' : ` on ${node}`}${steps.length === 0 ? '' : `: ${steps.join(', ')}`}`;
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
