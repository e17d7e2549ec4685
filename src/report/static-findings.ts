import { styleText } from 'node:util';
import { plural } from '../model/counted.ts';
import { CAUSES } from '../model/finding.ts';
import { inertLine } from '../model/inert-text.ts';
import { type ManifestObject, placeText } from '../model/manifest.ts';
import { aboutText, pageOf, SEVERITIES, type Severity, type StaticFinding } from '../model/static-finding.ts';
import { consoleLine } from './console-line.ts';

/** What `rollproof check` has found. */
export interface StaticReport {
  readonly rollproof: string;
  readonly findings: readonly StaticFinding[];
  readonly notCovered: readonly Pick<ManifestObject, 'kind' | 'name' | 'place'>[];
  /** How many Deployments were looked at. */
  readonly deployments: number;
}

export const STATIC_SCHEMA_VERSION = 1;

/** Nothing found where nothing was looked at must not look like a pass. */
const NOTHING_CHECKED =
  'No Deployment was checked: none of apps/v1 with a selector is among these manifests.';

const COLOURS: Readonly<Record<Severity, 'red' | 'yellow' | 'cyan'>> = {
  error: 'red',
  warning: 'yellow',
  info: 'cyan',
};

/**
 * For a terminal or a log: each finding begins with its place, its severity and its cause, what to write follows
 * further in, and the last line has the sum.
 */
export function renderStaticText(
  { findings, notCovered, deployments }: StaticReport,
  { colours }: { readonly colours: boolean },
): string {
  const paint = (style: Parameters<typeof styleText>[0], text: string) =>
    colours ? styleText(style, text, { validateStream: false }) : text;
  const blocks = findings.map((finding) => {
    const { cause, severity, place } = finding;
    const where = consoleLine(placeText(place));
    const { remedy, lines, below } = whatToWrite(finding);
    return [
      `${paint('bold', where)}: ${paint(COLOURS[severity], severity)} ${cause}`,
      `  ${consoleLine(aboutText(finding))}`,
      `  → ${consoleLine(remedy)}${below ? ` Below line ${below}:` : ''}`,
      ...lines.map((line) => `      ${consoleYaml(line)}`),
      `  ${paint('dim', pageOf(cause))}`,
    ].join('\n');
  });
  return [
    ...blocks,
    ...(notCovered.length === 0 ? [] : [notCoveredLine(notCovered)]),
    ...(deployments === 0 ? [NOTHING_CHECKED] : []),
    sumLine(findings, deployments),
  ].join('\n\n');
}

/** For programs; docs/check.md describes it. */
export function renderStaticJson({ rollproof, findings, notCovered, deployments }: StaticReport): string {
  const report = {
    schemaVersion: STATIC_SCHEMA_VERSION,
    rollproof,
    deployments,
    findings: findings.map((finding) => ({ ...finding, page: pageOf(finding.cause) })),
    notCovered: notCovered.map(({ kind, name, place }) => ({ kind, name, place })),
  };
  return JSON.stringify(report, null, 2);
}

/** `2 errors, 1 warning and 0 infos about 3 Deployments.` */
export function sumLine(findings: readonly StaticFinding[], deployments: number): string {
  const number = (severity: Severity) => findings.filter((finding) => finding.severity === severity).length;
  const [errors, warnings, infos] = SEVERITIES.map((severity) => plural(number(severity), severity));
  return `${errors}, ${warnings}, ${infos} about ${plural(deployments, 'Deployment')}.`;
}

/** The change that a finding proposes: its own, or what helps against its cause in general. */
function whatToWrite({ cause, suggestion }: StaticFinding) {
  if (!suggestion) return { remedy: CAUSES[cause].remedy, lines: [], below: undefined };
  const { text, yaml, diff } = suggestion;
  const inserts = diff?.lines.every((line) => line.startsWith('+'));
  return {
    remedy: text,
    lines: (diff && !inserts ? diff.lines : yaml).map((line) => line),
    below: inserts ? diff?.place.line : undefined,
  };
}

/** Indentation is what YAML lives of; the rest of the line is as inert as any other text. */
function consoleYaml(line: string): string {
  const [indent = ''] = /^[+-]? */.exec(line) ?? [];
  return indent + inertLine(line.slice(indent.length));
}

function notCoveredLine(objects: StaticReport['notCovered']): string {
  const names = objects.map(({ kind, name, place }) => `${kind} ${name} (${placeText(place)})`);
  return consoleLine(
    `Not covered: ${names.join(', ')}. The rules are about rolling updates of Deployments of apps/v1.`,
  );
}
