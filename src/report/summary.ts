import { plural } from '../model/counted.ts';
import type { GateResult, Reason, ScenarioResult } from '../model/verdict.ts';
import { firstThatFits } from './budget.ts';
import { causeLines, withoutKnownRemedy } from './findings.ts';
import { rolledControlSentence, sensitivitySentence, survivalSentence } from './fix-text.ts';
import { headline } from './headline.ts';
import { measured, PHRASE_END } from './how-measured.ts';
import { howSure } from './how-sure.ts';
import { codeSpan, prose } from './markdown.ts';
import { staticCountLines } from './measured-static-findings.ts';
import { nearMissLines } from './near-misses.ts';
import { scenarioDetails } from './scenario-details.ts';
import { standInNotice } from './stand-in-notice.ts';
import { summaryTable, VERDICTS } from './summary-table.ts';

export interface SummaryOptions {
  /** Longest text, in UTF-16 units. A comment takes 65,536, of which some are needed for what goes around it. */
  readonly maxCharacters?: number;
  /** Markdown of our own making that goes under everything: commit, run, links. Never from outside. */
  readonly footer?: string;
}

/** Rows of the table, and reasons, that are shown while there is room for nothing else. */
const FEW = 20;

/**
 * The report as Markdown, for the job summary, the pull-request comment and report.md alike. Where it would be too
 * long, detail goes in this order: details of scenarios that passed, all details, how it was measured, all but
 * the first rows and reasons, everything but the heading. It then says what was left out.
 */
export function renderSummary(result: GateResult, options: SummaryOptions = {}): string {
  const { maxCharacters = Number.POSITIVE_INFINITY, footer } = options;
  const title = `### ${VERDICTS[result.verdict].symbol} ${headline(result, codeSpan)}`;
  const heading = [...standInNotice(result).map((notice) => `**${notice}**`), title].join('\n\n');
  const failing = result.scenarios.filter(({ verdict }) => verdict !== 'pass');
  const first = [...failing, ...result.scenarios.filter(({ verdict }) => verdict === 'pass')].slice(0, FEW);
  const table = (scenarios: readonly ScenarioResult[]) =>
    scenarios.length === 0 ? [] : [summaryTable({ scenarios })];
  const reasons = reasonLines(result);
  const some = [reasons.slice(0, FEW).join('\n')].filter(Boolean);
  const all = [reasons.join('\n')].filter(Boolean);
  const howMeasured = measuredLines(result);
  const assumed = assumedLines(result);
  const details = (scenarios: readonly ScenarioResult[]) =>
    scenarios.filter(({ runs }) => runs.length > 0).map(scenarioDetails);
  const leftOut = (what: string) =>
    `<sub>Left out for its length: ${what}. The report files have everything.</sub>`;
  const last = footer === undefined ? [] : [footer];
  const whole = [
    heading,
    ...table(result.scenarios),
    ...all,
    ...staticCountLines(result),
    ...howMeasured,
    ...assumed,
  ];
  const rowsLeft = result.scenarios.length - first.length;
  return firstThatFits(
    [
      () => [...whole, ...details(result.scenarios), ...last],
      () => [...whole, ...details(failing), leftOut('details of scenarios that passed'), ...last],
      () => [...whole, leftOut('all details'), ...last],
      () => [
        heading,
        ...table(result.scenarios),
        ...all,
        leftOut('details and how it was measured'),
        ...last,
      ],
      () => [
        heading,
        ...table(first),
        ...some,
        leftOut(`details, ${plural(rowsLeft, 'scenario')}, all but the first ${FEW} reasons`),
        ...last,
      ],
      () => [heading, leftOut('everything else')],
    ].map((blocks) => () => `${blocks().join('\n\n')}\n`),
    maxCharacters,
  );
}

function reasonLines({ reasons, scenarios }: GateResult): readonly string[] {
  return [
    ...reasons.map((reason) => `- ${reasonText(reason)}`),
    ...scenarios.flatMap((scenario) => [
      ...scenario.reasons.map(
        (reason) => `- ${codeSpan(scenario.name)}: ${reasonText(withoutKnownRemedy(reason, scenario))}`,
      ),
      ...causeLines(scenario),
      ...nearMissLines(scenario),
      ...survivalLine(scenario),
      ...sensitivityLine(scenario),
      ...rolledControlLine(scenario),
    ]),
  ];
}

function survivalLine(scenario: ScenarioResult): readonly string[] {
  const sentence = survivalSentence(scenario);
  return sentence === undefined ? [] : [`- ${codeSpan(scenario.name)}: ${prose(sentence)}`];
}

function sensitivityLine(scenario: ScenarioResult): readonly string[] {
  const sentence = sensitivitySentence(scenario);
  if (sentence === undefined) return [];
  const mark = scenario.sensitivity?.state === 'shown' ? '' : '⚠️ ';
  return [`- ${codeSpan(scenario.name)}: ${mark}${prose(sentence)}`];
}

function rolledControlLine(scenario: ScenarioResult): readonly string[] {
  const sentence = rolledControlSentence(scenario);
  if (sentence === undefined) return [];
  const mark = scenario.rolledControl?.state === 'clean' ? '' : '⚠️ ';
  return [`- ${codeSpan(scenario.name)}: ${mark}${prose(sentence)}`];
}

function reasonText({ text, remedy, code }: Reason): string {
  const next = remedy === undefined ? '' : ` **→** ${prose(remedy)}`;
  return `${prose(text)}${next} <sub>${prose(code)}</sub>`;
}

/** On what and how: one line for all scenarios that were measured the same way. */
function measuredLines({ scenarios }: GateResult): readonly string[] {
  const { places, methods } = measured(scenarios);
  const lines = [
    ...places.map(prose),
    ...methods.map(({ names, phrases }) => {
      const of = names.length === 0 ? '' : `${names.map((name) => codeSpan(name)).join(', ')}: `;
      return `${of}${phrases.map(prose).join(PHRASE_END)}`;
    }),
  ];
  return [
    ...(lines.length === 0 ? [] : [`<sub>How it was measured: ${lines.join('<br>')}</sub>`]),
    ...sureLines(scenarios),
  ];
}

/** What the runs show and do not show. */
function sureLines(scenarios: readonly ScenarioResult[]): readonly string[] {
  const lines = scenarios.flatMap((scenario) => {
    const sentences = howSure(scenario);
    return sentences.length === 0 ? [] : [`${codeSpan(scenario.name)}: ${sentences.map(prose).join(' ')}`];
  });
  return lines.length === 0 ? [] : [`<sub>How sure it is: ${lines.join('<br>')}</sub>`];
}

function assumedLines({ assumed }: GateResult): readonly string[] {
  return assumed.length === 0 ? [] : [`<sub>Assumed: ${assumed.map(prose).join('; ')}</sub>`];
}
