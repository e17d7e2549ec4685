import { count, plural } from '../model/counted.ts';
import { CAUSES, type Finding, type FixTrials, type Suggestion } from '../model/finding.ts';
import type { ScenarioResult } from '../model/verdict.ts';
import { duration } from './figures.ts';

/** What a suggestion may be called after what is known of it. Only a proven one is a fix. */
export function suggestionLabel({ suggestion, fix }: Finding): string {
  if (suggestion && (suggestion.patches ?? []).length === 0) return 'Advice';
  if (!fix?.trials) return 'Suggestion, not tried';
  switch (fix.state) {
    case 'suggested':
      return 'Suggestion, not tried';
    case 'proven':
      return `Fix, proven (${trialPhrase(fix.trials)})`;
    case 'withdrawn':
      return `Suggestion withdrawn, ${fix.trials.dropped > 0 ? 'requests are dropped with it, too' : 'the rollout fails with it'} (${trialPhrase(fix.trials)})`;
    case 'untested':
      return `Suggestion, tried without an answer (${trialPhrase(fix.trials)})`;
  }
}

/** `37 → 0 in 3 of 3 runs` */
export function trialPhrase({ before, dropped, passed, planned, runs }: FixTrials): string {
  const others = runs - passed;
  const where =
    passed < planned
      ? `${plural(runs, 'run')}, of which ${passed === 0 ? 'none' : passed} passed`
      : `${passed} of ${plural(planned, 'run')}${others > 0 ? `, ${others} more without a verdict` : ''}`;
  return `${count(before)} → ${count(dropped)} in ${where}`;
}

/** What came of trials, as a sentence to go behind the remedy; undefined where none were made. Not yet inert. */
export function fixSentence({ suggestion, fix }: Finding): string | undefined {
  if (!suggestion || !fix?.trials) return undefined;
  const { trials } = fix;
  const along =
    trials.together.length === 0
      ? ''
      : ` It was tried together with what is suggested against ${trials.together.join(', ')}.`;
  const why = trials.why === undefined ? '' : ` ${trials.why}`;
  const figures = trialPhrase(trials);
  switch (fix.state) {
    case 'suggested':
      return undefined;
    case 'proven':
      return `Proven: ${figures}. ${suggestion.text}${along}`;
    case 'withdrawn':
      return `What was suggested is withdrawn${trials.dropped > 0 ? ', it does not stop the drops' : ''}: ${figures}.${why}${along}`;
    case 'untested':
      return `What is suggested was tried without an answer: ${figures}.${why}${along}`;
  }
}

/** The advice behind a cause: what is proven, what is withdrawn, what is suggested, or what helps in general. Not yet inert. */
export function adviceText(finding: Finding): string {
  return fixSentence(finding) ?? finding.suggestion?.text ?? CAUSES[finding.cause].remedy;
}

/** The lines to show with it: none of a change that did not help. */
export function shownLines({ suggestion, fix }: Finding): readonly SuggestedLines[] {
  if (!suggestion || fix?.state === 'withdrawn') return [];
  return linesOf(suggestion);
}

/** Lines of one place; without a place they are plain YAML. */
export interface SuggestedLines {
  readonly place?: NonNullable<Suggestion['diff']>['place'];
  readonly lines: readonly string[];
}

function linesOf({ yaml, diff, furtherDiffs = [] }: Suggestion): readonly SuggestedLines[] {
  if (diff) return [diff, ...furtherDiffs];
  return yaml.length === 0 ? [] : [{ lines: yaml }];
}

/** Under an amplified delay: how much of one the workload survives. Undefined in a plain run. Not yet inert. */
export function survivalSentence({ environment, runs, verdict }: ScenarioResult): string | undefined {
  if (!environment || environment.cluster === 'none') return undefined;
  const askedMs = environment.amplified?.propagationDelayMs;
  if (askedMs === undefined || runs.length === 0) return undefined;
  const longestMs = runs.reduce((longest, run) => Math.max(longest, run.sentToEndingMs ?? 0), 0);
  if (longestMs === 0)
    return `Amplified in vain: no new connection was sent to a pod that was ending, although nodes followed changes at most every ${duration(askedMs)}.`;
  const sent = `new connections were sent to ending pods for up to ${duration(longestMs)}`;
  const asked = `nodes followed changes at most every ${duration(askedMs)}`;
  return verdict === 'pass'
    ? `Survives ${duration(longestMs)} of propagation delay: ${sent} (${asked}), and none was dropped.`
    : `Amplified: ${sent} (${asked}).`;
}

/** What the bad twin says about a scenario that dropped nothing; undefined where there was none. Not yet inert. */
export function sensitivitySentence({ sensitivity, verdict }: ScenarioResult): string | undefined {
  if (!sensitivity) return undefined;
  const { state, sent, dropped, why } = sensitivity;
  const twin = 'A deliberately bad twin (no preStop hook, 1 s to end)';
  switch (state) {
    case 'shown':
      return `${twin} dropped ${count(dropped)} of ${plural(sent, 'request')}: this setup shows drops.`;
    case 'not-shown':
      return `This setup could not have shown a drop here: ${twin.replace('A ', 'a ')} dropped none of ${plural(sent, 'request')}, either.${verdict === 'pass' ? ' The pass says little: probe at a higher rate, or amplify the race.' : ''}`;
    case 'unknown':
      return `Whether this setup could have shown a drop is not known: ${twin.replace('A ', 'a ')} could not be measured. ${why ?? ''}`.trim();
  }
}

/** What a known-good app says about the cluster; undefined where none was rolled. Not yet inert. */
export function rolledControlSentence({ rolledControl }: ScenarioResult): string | undefined {
  if (!rolledControl) return undefined;
  const { state, sent, dropped, why } = rolledControl;
  const app = 'A known-good app, rolled in the place of yours right after,';
  switch (state) {
    case 'clean':
      return `${app} lost none of ${plural(sent, 'request')}: this cluster can be rolled on without a drop.`;
    case 'dropped':
      return `${app} lost ${count(dropped)} of ${plural(sent, 'request')} as well: look at the cluster and the machine before the manifests.`;
    case 'unknown':
      return `Whether a known-good app loses requests here is not known: it could not be measured. ${why ?? ''}`.trim();
  }
}
