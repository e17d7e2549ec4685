import { stripVTControlCharacters, styleText } from 'node:util';
import type { GateResult, Reason, ScenarioResult, Verdict } from '../model/verdict.ts';
import { consoleLine } from './console-line.ts';
import { causeSentence, withoutKnownRemedy } from './findings.ts';
import { adviceText, rolledControlSentence, sensitivitySentence, survivalSentence } from './fix-text.ts';
import { headline } from './headline.ts';
import { measured, PHRASE_END } from './how-measured.ts';
import { howSure } from './how-sure.ts';
import { measuredSentence } from './measured-static-findings.ts';
import { standInNotice } from './stand-in-notice.ts';
import { columnsOf, figuresOf, summaryRows, VERDICTS } from './summary-table.ts';

export interface ConsoleOptions {
  readonly colours: boolean;
}

const COLOURS: Readonly<Record<Verdict, 'green' | 'red' | 'yellow'>> = {
  pass: 'green',
  dropped: 'red',
  'rollout-failed': 'red',
  inconclusive: 'yellow',
  error: 'red',
};

const NAME_LIMIT = 60;

/** The report for a terminal or a log: table, reasons with their remedies, how it was measured, one sentence. */
export function renderConsole(result: GateResult, { colours }: ConsoleOptions): string {
  const paint = (style: Parameters<typeof styleText>[0], text: string) =>
    colours ? styleText(style, text, { validateStream: false }) : text;
  const summary = summaryRows(result.scenarios);
  const rows = summary.map((row) => [
    consoleLine(row.name, NAME_LIMIT),
    paint(COLOURS[row.verdict], `${VERDICTS[row.verdict].plain} ${VERDICTS[row.verdict].word}`),
    ...figuresOf(row, row.verdict === 'dropped' ? paint('red', row.dropped) : row.dropped),
  ]);
  const reasons = [
    ...result.reasons.map((reason) => ({ name: '', ...reason })),
    ...result.scenarios.flatMap(reasonsOf),
  ].flatMap(({ name, text, remedy, code }) => [
    `${consoleLine(name + text)} [${code}]`,
    ...(remedy === undefined ? [] : [`  → ${consoleLine(remedy)}`]),
  ]);
  const { places, methods } = measured(result.scenarios);
  const howMeasured = [
    ...places,
    ...methods.map(({ names, phrases }) => {
      const of = names.length === 0 ? '' : `${names.join(', ')}: `;
      return `${of}${phrases.join(PHRASE_END)}`;
    }),
    ...result.scenarios.flatMap((scenario) => {
      const sentences = howSure(scenario);
      return sentences.length === 0 ? [] : [`${scenario.name}: ${sentences.join(' ')}`];
    }),
  ].map((line) => paint('dim', consoleLine(line)));
  const sentence = `${VERDICTS[result.verdict].plain} ${headline(result, (name) => consoleLine(name, NAME_LIMIT))}`;
  return [
    ...standInNotice(result),
    ...(rows.length === 0 ? [] : [aligned([columnsOf(summary), ...rows])]),
    ...(reasons.length === 0 ? [] : [reasons.join('\n')]),
    ...(howMeasured.length === 0 ? [] : [howMeasured.join('\n')]),
    `${paint([COLOURS[result.verdict], 'bold'], sentence)}\n`,
  ].join('\n\n');
}

interface NamedReason extends Reason {
  readonly name: string;
}

function reasonsOf(scenario: ScenarioResult): readonly NamedReason[] {
  const { name, reasons, findings, nearMisses, staticFindings } = scenario;
  const sensitivity = sensitivitySentence(scenario);
  const survival = survivalSentence(scenario);
  const control = rolledControlSentence(scenario);
  return [
    ...reasons.map((reason) => ({ name: `${name}: `, ...withoutKnownRemedy(reason, scenario) })),
    ...findings.map((finding) => ({
      name: `${name}: cause: `,
      text: causeSentence(finding),
      code: finding.cause,
      remedy: adviceText(finding),
    })),
    ...nearMisses.map((miss) => ({ ...miss, name: `${name}: near miss: ` })),
    ...staticFindings.map((finding) => ({
      name: `${name}: check: `,
      text: measuredSentence(finding),
      code: finding.cause,
    })),
    ...(survival === undefined ? [] : [{ name: `${name}: `, text: survival, code: 'amplified' }]),
    ...(sensitivity === undefined
      ? []
      : [{ name: `${name}: `, text: sensitivity, code: `sensitivity-${scenario.sensitivity?.state}` }]),
    ...(control === undefined
      ? []
      : [{ name: `${name}: `, text: control, code: `rolled-control-${scenario.rolledControl?.state}` }]),
  ];
}

/** Two columns of text to the left, figures to the right, two spaces between. */
function aligned(rows: readonly (readonly string[])[]): string {
  const widths = (rows[0] ?? []).map((_, column) =>
    Math.max(...rows.map((row) => widthOf(row[column] ?? ''))),
  );
  return rows
    .map((row) =>
      row
        .map((cell, column) => {
          const room = ' '.repeat((widths[column] ?? 0) - widthOf(cell));
          return column < 2 ? cell + room : room + cell;
        })
        .join('  ')
        .trimEnd(),
    )
    .join('\n');
}

/** Columns a text takes in a terminal; wide characters take two. */
function widthOf(text: string): number {
  return [...stripVTControlCharacters(text)].reduce(
    (width, character) => width + (WIDE.test(character) ? 2 : 1),
    0,
  );
}

const WIDE =
  /[\u1100-\u115F\u2E80-\uA4CF\uAC00-\uD7A3\uF900-\uFAFF\uFE30-\uFE6F\uFF00-\uFF60\uFFE0-\uFFE6\u{1F300}-\u{1FAFF}]/u;
