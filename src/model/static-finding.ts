import type { Cause, Suggestion } from './finding.ts';
import type { SourcePlace } from './manifest.ts';

/**
 * How sure a static finding is. error: it follows from the manifests alone, for every update. warning: it follows
 * unless the program or the cluster does something that manifests do not show. info: worth knowing, nothing more.
 */
export type Severity = 'error' | 'warning' | 'info';

/** Most severe first. */
export const SEVERITIES: readonly Severity[] = ['error', 'warning', 'info'];

/** A cause of dropped requests, or of an update that fails, that the manifests show before anything is run. */
export interface StaticFinding {
  readonly cause: Cause;
  readonly severity: Severity;
  /** What it is about. */
  readonly object: { readonly kind: string; readonly name: string };
  readonly place: SourcePlace;
  /** What is there and what follows from it, in plain sentences. Untrusted text: names and commands are in it. */
  readonly text: string;
  readonly suggestion?: Suggestion;
}

/**
 * What a run says of a static finding. confirmed: requests were dropped, or the update failed, for this very cause.
 * not-observed: the run was judged, and did not show it. contradicted: the run showed that it does not hold.
 * not-measured: the run was cut short, or could not have shown it.
 */
export type StaticOutcome = 'confirmed' | 'not-observed' | 'contradicted' | 'not-measured';

/** A static finding beside what the run said of it. */
export interface MeasuredStaticFinding extends StaticFinding {
  readonly outcome: StaticOutcome;
  /** What in the run says so, as a sentence. */
  readonly because: string;
}

/** Path of the page about a cause, from the root of this repository. */
export function pageOf(cause: Cause): string {
  return `docs/causes/${cause}.md`;
}

/** The text with what it is about in front, where it does not begin with that. Untrusted text. */
export function aboutText({ object, text }: StaticFinding): string {
  const about = `${object.kind} ${object.name}`;
  return text.includes(about) ? text : `${about}: ${text}`;
}

/** Most severe first; within a severity by file and line. */
export function bySeverity(a: StaticFinding, b: StaticFinding): number {
  return SEVERITIES.indexOf(a.severity) - SEVERITIES.indexOf(b.severity) || byPlace(a, b);
}

function byPlace({ place: a }: StaticFinding, { place: b }: StaticFinding): number {
  if (a.file !== b.file) return a.file < b.file ? -1 : 1;
  return a.line - b.line || a.column - b.column;
}
