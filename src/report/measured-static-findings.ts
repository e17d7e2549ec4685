import { placeText } from '../model/manifest.ts';
import type { MeasuredStaticFinding, StaticOutcome } from '../model/static-finding.ts';
import type { GateResult, ScenarioResult } from '../model/verdict.ts';
import { codeSpan, prose } from './markdown.ts';

const OUTCOMES: Readonly<Record<StaticOutcome, string>> = {
  confirmed: 'confirmed',
  contradicted: 'contradicted',
  'not-observed': 'not observed',
  'not-measured': 'not measured',
};

/** What the manifests show, where, and what the run says of it. Not yet inert. */
export function measuredSentence({ severity, outcome, place, text, because }: MeasuredStaticFinding): string {
  return `${OUTCOMES[outcome]}: ${severity} at ${placeText(place)}: ${text} ${because}`;
}

/** `1 confirmed, 2 not observed` */
export function outcomeCounts(findings: readonly MeasuredStaticFinding[]): string {
  return Object.entries(OUTCOMES)
    .map(([outcome, words]) => ({ number: findings.filter((one) => one.outcome === outcome).length, words }))
    .filter(({ number }) => number > 0)
    .map(({ number, words }) => `${number} ${words}`)
    .join(', ');
}

/** One line for each scenario that something was found for; what it is stands in the details. */
export function staticCountLines({ scenarios }: GateResult): readonly string[] {
  const lines = scenarios
    .filter(({ staticFindings }) => staticFindings.length > 0)
    .map(({ name, staticFindings }) => `${codeSpan(name)}: ${outcomeCounts(staticFindings)}`);
  return lines.length === 0 ? [] : [`<sub>Check of the manifests: ${lines.join('; ')}</sub>`];
}

/** Each of them, for a scenario's details. */
export function staticDetails({ staticFindings }: ScenarioResult): readonly string[] {
  if (staticFindings.length === 0) return [];
  return [
    '**Check of the manifests**',
    '',
    ...staticFindings.map(
      ({ cause, severity, outcome, place, text, because }) =>
        `- **${OUTCOMES[outcome]}** ${severity} ${codeSpan(cause)} at ${codeSpan(placeText(place))}: ${prose(text)} ${prose(because)}`,
    ),
    '',
  ];
}
