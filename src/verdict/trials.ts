import { count, plural } from '../model/counted.ts';
import type { Cause, Finding, Fix } from '../model/finding.ts';
import { joinedPatches } from '../model/manifest-patch.ts';
import type { RolledControlWhen } from '../model/plan.ts';
import type { Trial } from '../model/trial.ts';
import type { RolledControl, RunResult, ScenarioResult, Sensitivity, TrialResult } from '../model/verdict.ts';

/** One run with other manifests than the user's. */
export interface TrialRun {
  readonly trial: Trial;
  readonly result: RunResult;
}

/**
 * What to try after a scenario that dropped requests: the suggestions of all its findings together, because only
 * together can they bring the drops to none. Undefined where nothing was dropped or no line of the manifest is suggested.
 */
export function fixToTry(
  { verdict, findings }: Pick<ScenarioResult, 'verdict' | 'findings'>,
  runs: number,
): Trial | undefined {
  const tried = findings.filter(({ drops, suggestion }) => drops > 0 && isChange(suggestion));
  if (verdict !== 'dropped' || tried.length === 0) return undefined;
  return {
    kind: 'fix',
    causes: tried.map(({ cause }) => cause),
    patches: joinedPatches(tried.flatMap(({ suggestion }) => suggestion?.patches ?? [])),
    runs,
  };
}

/** The runs of each change, in order. */
export function trialResults(trials: readonly TrialRun[]): readonly TrialResult[] {
  return [...Map.groupBy(trials, ({ trial }) => JSON.stringify(trial)).values()].flatMap((some) => {
    const [first] = some;
    if (!first) return [];
    return [{ ...first.trial, results: some.map(({ result }) => result).sort((a, b) => a.run - b.run) }];
  });
}

/** The findings with what is known of each suggested change. */
export function findingsWithFixes(
  findings: readonly Finding[],
  runs: readonly RunResult[],
  trials: readonly TrialResult[],
): readonly Finding[] {
  return findings.map((finding) => {
    if (!isChange(finding.suggestion)) return finding;
    const trial = trials.find(
      (one) => one.kind === 'fix' && one.causes.includes(finding.cause) && holds(one, finding.suggestion),
    );
    return { ...finding, fix: fixOf(finding, findings, runs, trial) };
  });
}

function isChange(suggestion: Finding['suggestion']): boolean {
  return (suggestion?.patches ?? []).length > 0;
}

/**
 * Whether a trial was made with this very change: recordings of other runs, and other versions of Rollproof, suggest
 * others. Of a number the larger one may have been tried, for another cause's sake.
 */
function holds({ patches }: Trial, suggestion: Finding['suggestion']): boolean {
  const both = joinedPatches([...patches, ...(suggestion?.patches ?? [])]);
  return JSON.stringify(both) === JSON.stringify(joinedPatches(patches));
}

function fixOf(
  { cause, suggestion }: Finding,
  findings: readonly Finding[],
  runs: readonly RunResult[],
  trial: TrialResult | undefined,
): Fix {
  const diffs = suggestion?.diff ? [suggestion.diff, ...(suggestion.furtherDiffs ?? [])] : [];
  const change = {
    ...(suggestion?.diff && { place: suggestion.diff.place }),
    ...(diffs.length > 0 && { diff: diffs.flatMap(({ lines }) => lines) }),
  };
  if (!trial) return { state: 'suggested', ...change };
  const known = findings.map((finding) => finding.cause);
  const { state, why } = outcomeOf(cause, known, trial);
  return {
    state,
    ...change,
    trials: {
      runs: trial.results.length,
      planned: trial.runs,
      passed: passedOf(trial.results),
      before: mostDropped(runs),
      dropped: mostDropped(trial.results),
      together: trial.causes.filter((other) => other !== cause),
      ...(why === undefined ? {} : { why }),
    },
  };
}

interface FixOutcome {
  readonly state: Exclude<Fix['state'], 'suggested'>;
  readonly why?: string;
}

/** `known` are the causes that the user's own manifests showed: a change that brings another one has not helped. */
function outcomeOf(cause: Cause, known: readonly Cause[], { results, runs }: TrialResult): FixOutcome {
  const refuting = results.find(({ verdict }) => verdict === 'rollout-failed' || verdict === 'dropped');
  if (!refuting) {
    const unmeasured = results.find(({ verdict }) => verdict !== 'pass');
    return passedOf(results) >= Math.max(1, runs)
      ? { state: 'proven' }
      : { state: 'untested', why: unmeasured?.reasons[0]?.text ?? `Fewer trials were made than ${runs}.` };
  }
  if (refuting.verdict === 'rollout-failed') {
    return {
      state: 'withdrawn',
      why: `With it the rollout failed. ${refuting.reasons[0]?.text ?? ''}`.trim(),
    };
  }
  const left = refuting.findings.filter(({ drops }) => drops > 0).map((finding) => finding.cause);
  const others = left.filter((one) => one !== cause && known.includes(one));
  if (left.length === others.length && left.length > 0) {
    return { state: 'untested', why: `What was dropped with it has other causes: ${others.join(', ')}.` };
  }
  return { state: 'withdrawn', why: `With it the causes are: ${left.join(', ')}.` };
}

function passedOf(results: readonly RunResult[]): number {
  return results.filter(({ verdict }) => verdict === 'pass').length;
}

/** Of the runs that came to a verdict, where one did: drops of the others may be nobody's. */
function mostDropped(runs: readonly RunResult[]): number {
  const judged = runs.filter(({ verdict }) => verdict !== 'inconclusive' && verdict !== 'error');
  return (judged.length > 0 ? judged : runs).reduce(
    (most, { requests }) => Math.max(most, requests.dropped),
    0,
  );
}

/** What the bad twin showed; undefined where there was none. */
export function sensitivityOf(trials: readonly TrialResult[]): Sensitivity | undefined {
  const twins = trials.find(({ kind }) => kind === 'sensitivity')?.results ?? [];
  const measured = twins.find(({ verdict }) => verdict === 'dropped' || verdict === 'pass');
  const twin = measured ?? twins[0];
  if (!twin) return undefined;
  const { sent, dropped } = twin.requests;
  if (measured) return { state: dropped > 0 ? 'shown' : 'not-shown', sent, dropped };
  const why = twin.reasons[0]?.text;
  return { state: 'unknown', sent, dropped, ...(why !== undefined && { why }) };
}

/** Whether drops ask for a known-good app to be rolled: those that nothing explains, or any. */
export function asksForRolledControl(
  { verdict, findings }: Pick<ScenarioResult, 'verdict' | 'findings'>,
  when: RolledControlWhen,
): boolean {
  if (verdict !== 'dropped') return false;
  return when === 'dropped' || findings.some(({ cause, drops }) => cause === 'unexplained' && drops > 0);
}

/** What a known-good app showed of the cluster; undefined where none was rolled. */
export function rolledControlOf(trials: readonly TrialResult[]): RolledControl | undefined {
  const run = trials.find(({ kind }) => kind === 'rolled-control')?.results[0];
  if (!run) return undefined;
  const { sent, dropped } = run.requests;
  // Also what is lost before its update: an app of ours that the cluster does not lead to says the same.
  if (dropped > 0) return { state: 'dropped', sent, dropped };
  if (run.verdict === 'pass') return { state: 'clean', sent, dropped };
  const why = run.reasons[0]?.text;
  return { state: 'unknown', sent, dropped, ...(why === undefined ? {} : { why }) };
}

/** No cause is sure where a known-good app lost requests here as well. */
export function findingsInDoubt(
  findings: readonly Finding[],
  control: RolledControl | undefined,
): readonly Finding[] {
  if (control?.state !== 'dropped') return findings;
  const evidence = `A known-good app, rolled on the same cluster right after, lost ${count(control.dropped)} of ${plural(control.sent, 'request')} as well: the cluster or the machine is to blame for some of these, if not for all.`;
  return findings.map((finding) =>
    finding.drops === 0
      ? finding
      : { ...finding, confidence: 'low', evidence: [...finding.evidence, evidence] },
  );
}
