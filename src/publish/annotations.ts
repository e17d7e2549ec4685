import { CAUSES, type Finding } from '../model/finding.ts';
import { placeText, type SourcePlace } from '../model/manifest.ts';
import type { Problem } from '../model/problem.ts';
import {
  aboutText,
  type MeasuredStaticFinding,
  pageOf,
  type StaticFinding,
} from '../model/static-finding.ts';
import type { GateResult, ScenarioResult } from '../model/verdict.ts';
import { isShown, type ShownLines } from './shown-lines.ts';

/** Something worth showing beside the code or on the run's page. Its texts may be untrusted. */
export interface Annotation {
  readonly level: AnnotationLevel;
  readonly title: string;
  readonly message: string;
  /** Where it is shown in the changed files; lines and columns start at 1. */
  readonly place?: { readonly file: string; readonly line?: number; readonly column?: number };
}

export type AnnotationLevel = 'error' | 'warning' | 'notice';

/** GitHub shows ten of a kind per step and drops the rest without a word. */
export const ANNOTATION_LIMIT = 8;

const IMPORTANCE: Readonly<Record<AnnotationLevel, number>> = { error: 0, warning: 1, notice: 2 };

/**
 * The most important annotations first, at most ANNOTATION_LIMIT; within a level the given order stays.
 * Where some had to be left out, the last one says how many.
 */
export function chooseAnnotations(all: readonly Annotation[]): readonly Annotation[] {
  const ordered = all.toSorted((a, b) => IMPORTANCE[a.level] - IMPORTANCE[b.level]);
  if (ordered.length <= ANNOTATION_LIMIT) return ordered;
  const shown = ordered.slice(0, ANNOTATION_LIMIT - 1);
  const leftOut = ordered.length - shown.length;
  return [...shown, { level: 'notice', title: 'Rollproof', message: `${leftOut} more in the job summary.` }];
}

/**
 * One annotation for each scenario that is not green and for each reason that belongs to no scenario; behind them one
 * for each cause whose place is known, and what the manifests alone show, unless the run has contradicted it.
 */
export function resultAnnotations(result: GateResult): readonly Annotation[] {
  return [
    ...result.reasons.map(
      (reason): Annotation => ({
        level: result.verdict === 'pass' ? 'warning' : 'error',
        title: `Rollproof: ${result.verdict}`,
        message: [reason.text, reason.remedy].filter(Boolean).join(' '),
      }),
    ),
    ...result.scenarios.filter((scenario) => scenario.verdict !== 'pass').map(scenarioAnnotation),
    ...causeAnnotations(result.scenarios),
    ...staticAnnotations(result.scenarios),
  ];
}

/**
 * Puts annotations beside lines that the pull request shows, those first; elsewhere nobody would see them there, so that
 * the place is told in words. Where it is not known what is shown, all stay as they are.
 */
export function inPullRequest(
  all: readonly Annotation[],
  shown: ShownLines | undefined,
): readonly Annotation[] {
  if (!shown) return all;
  const beside = (annotation: Annotation) =>
    annotation.place !== undefined && isShown(shown, annotation.place);
  return all
    .map((annotation): Annotation => {
      const { place, ...rest } = annotation;
      if (!place || beside(annotation)) return annotation;
      const where = [place.file, place.line, place.column].filter((part) => part !== undefined).join(':');
      return { ...rest, message: `${where}: ${annotation.message}` };
    })
    .toSorted((a, b) => Number(beside(b)) - Number(beside(a)));
}

/** Each cause once for each place, however many scenarios it shows in. */
function causeAnnotations(scenarios: readonly ScenarioResult[]): readonly Annotation[] {
  const all = scenarios.flatMap(({ name, findings, staticFindings }) =>
    findings.flatMap((finding): readonly Annotation[] => {
      const place = placeOfCause(finding, staticFindings);
      return place && finding.drops > 0 ? [causeAnnotation(finding, place, name)] : [];
    }),
  );
  return [...new Map(all.map((one) => [JSON.stringify([one.title, one.place]), one])).values()];
}

function causeAnnotation(finding: Finding, place: SourcePlace, scenario: string): Annotation {
  const { cause, drops, confidence, suggestion, fix } = finding;
  const advice =
    fix?.state === 'withdrawn' ? CAUSES[cause].remedy : (suggestion?.text ?? CAUSES[cause].remedy);
  const share = `${drops} ${drops === 1 ? 'drop' : 'drops'} in ${scenario}, confidence ${confidence}`;
  return {
    level: 'error',
    title: `Rollproof: ${cause}`,
    message: `${CAUSES[cause].title.replace(/\.$/, '')} (${share}). ${asSentence(advice)} See ${pageOf(cause)}.`,
    place,
  };
}

/** Where the suggestion goes, or else where the manifests showed the same cause. */
function placeOfCause(
  { cause, suggestion }: Finding,
  staticFindings: readonly MeasuredStaticFinding[],
): SourcePlace | undefined {
  return suggestion?.diff?.place ?? staticFindings.find((one) => one.cause === cause)?.place;
}

/** What the run confirmed stands there as a cause already. A gate never fails for the rest, so that none is an error. */
function staticAnnotations(scenarios: readonly ScenarioResult[]): readonly Annotation[] {
  const open = scenarios
    .flatMap(({ staticFindings }) => staticFindings)
    .filter(({ outcome }) => outcome === 'not-observed' || outcome === 'not-measured');
  const confirmed = new Set(
    scenarios
      .flatMap(({ staticFindings }) => staticFindings)
      .filter(({ outcome }) => outcome === 'confirmed' || outcome === 'contradicted')
      .map(({ cause, place }) => `${cause} ${placeText(place)}`),
  );
  const once = new Map(open.map((finding) => [`${finding.cause} ${placeText(finding.place)}`, finding]));
  return [...once]
    .filter(([key]) => !confirmed.has(key))
    .map(([, finding]): Annotation => {
      const annotation = staticAnnotation(finding);
      const level = annotation.level === 'error' ? 'warning' : annotation.level;
      return { ...annotation, level, message: `${annotation.message} ${asSentence(finding.because)}` };
    });
}

function scenarioAnnotation(scenario: ScenarioResult): Annotation {
  const { dropped, sent } = scenario.requests;
  const [reason] = scenario.reasons;
  const title =
    scenario.verdict === 'dropped'
      ? `${scenario.name}: ${dropped} of ${sent} requests dropped`
      : `${scenario.name}: ${scenario.verdict}`;
  const message = [reason?.text, reason?.remedy].filter(Boolean).join(' ');
  return { level: 'error', title, message: message || `See the job summary for ${scenario.name}.` };
}

/** A problem of the user's input or of the environment, beside the line it was found in. */
export function problemAnnotation(problem: Problem, level: AnnotationLevel = 'error'): Annotation {
  const place = problem.where === undefined ? undefined : placeOf(problem.where);
  const sentences = [problem.what, place ? undefined : problem.where, problem.why, problem.remedy];
  return {
    level,
    title: `Rollproof ${problem.code}`,
    message: sentences.filter(Boolean).map(asSentence).join(' '),
    ...(place ? { place } : {}),
  };
}

const LEVELS = { error: 'error', warning: 'warning', info: 'notice' } as const;

/** A finding about the manifests alone, beside the line that it is about. */
export function staticAnnotation(finding: StaticFinding): Annotation {
  const { cause, severity, place, suggestion } = finding;
  const sentences = [aboutText(finding), suggestion?.text, `See ${pageOf(cause)}`];
  return {
    level: LEVELS[severity],
    title: `Rollproof check: ${cause}`,
    message: sentences.filter(Boolean).map(asSentence).join(' '),
    // What comes from standard input is in no file that could be shown.
    ...(place.file.startsWith('<') ? {} : { place }),
  };
}

/** `k8s/web.yaml:12:3` is a place in a file; an input's name is not. */
function placeOf(where: string): Annotation['place'] {
  const match = /^(?<file>[^<].*?):(?<line>\d+)(?::(?<column>\d+))?$/.exec(where);
  if (!match?.groups?.file) return undefined;
  const { file, line, column } = match.groups;
  return { file, line: Number(line), ...(column === undefined ? {} : { column: Number(column) }) };
}

function asSentence(text: string | undefined): string {
  return text === undefined || /[.!?]$/.test(text) ? (text ?? '') : `${text}.`;
}
