import { plural } from '../model/counted.ts';
import { CAUSES, type Cause, type Finding } from '../model/finding.ts';
import { placeText } from '../model/manifest.ts';
import type { Reason, ScenarioResult } from '../model/verdict.ts';
import { adviceText, shownLines, suggestionLabel } from './fix-text.ts';
import { codeSpan, plainLine, prose } from './markdown.ts';

/** Causes that stand under the table; the others are in the details. */
const FEW = 3;

/** Causes of requests that are not judged, where no drop is laid to them. */
const OF_MEASURING: ReadonlySet<Cause> = new Set(['prober-fault', 'stale-conntrack']);

/** The cause in one sentence: what happened, to how many requests, how sure that is, what to do. Not yet inert. */
export function causeSentence(finding: Finding): string {
  const { title } = CAUSES[finding.cause];
  const share =
    finding.drops > 0
      ? `${plural(finding.drops, 'drop')}, confidence ${finding.confidence}`
      : OF_MEASURING.has(finding.cause)
        ? 'not judged'
        : 'no request dropped for it';
  return `${title.replace(/\.$/, '')} (${share}).`;
}

/** The causes of a scenario's drops as items of a list, each with what to do. */
export function causeLines({ name, findings }: ScenarioResult): readonly string[] {
  const told = findings.slice(0, FEW);
  const left = findings.length - told.length;
  return [
    ...told.map(
      (finding) =>
        `- ${codeSpan(name)}: **Cause:** ${prose(causeSentence(finding))} **→** ${prose(adviceText(finding))} <sub>${prose(finding.cause)}</sub>`,
    ),
    ...(left > 0 ? [`- ${codeSpan(name)}: ${plural(left, 'more cause')} in the details.`] : []),
  ];
}

/** What shows each cause, and the lines that should help, for a scenario's details. */
export function findingDetails({ findings }: ScenarioResult): readonly string[] {
  return findings.flatMap((finding) => [
    `**${codeSpan(finding.cause)}** ${prose(causeSentence(finding))}`,
    '',
    ...finding.evidence.map((sentence) => `- ${prose(sentence)}`),
    ...undecidedLine(finding),
    '',
    ...suggestionLines(finding),
  ]);
}

function undecidedLine({ undecided }: Finding): readonly string[] {
  if (!undecided) return [];
  return [
    `- Cannot be told from ${undecided.causes.map(codeSpan).join(', ')}. What would decide: ${prose(undecided.decidedBy)}`,
  ];
}

/** What to do about drops stands beside their cause, where there is one. */
export function withoutKnownRemedy(reason: Reason, { findings }: ScenarioResult): Reason {
  const { remedy, ...rest } = reason;
  return reason.code === 'dropped' && findings.length > 0 ? rest : reason;
}

function suggestionLines(finding: Finding): readonly string[] {
  const { suggestion, fix } = finding;
  if (!suggestion) return [];
  const why = fix?.trials?.why;
  return [
    `${suggestionLabel(finding)}: ${prose(suggestion.text)}${why === undefined ? '' : ` ${prose(why)}`}`,
    '',
    ...shownLines(finding).flatMap(({ place, lines }) => [
      ...(place ? [`Below ${codeSpan(placeText(place))}:`, ''] : []),
      place ? '```diff' : '```yaml',
      ...lines.map(codeLine),
      '```',
      '',
    ]),
  ];
}

/** A line within a fence, which nothing in it can end. */
function codeLine(line: string): string {
  const [indent = ''] = /^[+-]? */.exec(line) ?? [];
  return `${indent}${plainLine(line.slice(indent.length)).replaceAll('`', "'")}`;
}
