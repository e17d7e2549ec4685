import type { Trial } from '../model/trial.ts';
import type { ScenarioResult } from '../model/verdict.ts';
import { badTwin, patchedScenario, saysAlready } from '../plan/patched-scenario.ts';
import { judgeRun } from '../verdict/judge.ts';
import { asksForRolledControl, fixToTry, type TrialRun } from '../verdict/trials.ts';
import { recordRun, type ScenarioPlace } from './record-run.ts';
import type { NamedRecording } from './render-reports.ts';
import { rolledControlScenario } from './rolled-control.ts';
import { verdictLine } from './verdict-line.ts';

/** A trial's run as it was recorded and judged. */
export interface RecordedTrial extends TrialRun {
  readonly recording: NamedRecording;
}

/** Trials that may end without a verdict before it is given up. */
const SPARE = 2;

/**
 * Makes the runs with other manifests that were asked for: where requests were dropped, a known-good app is rolled and
 * the suggestions are tried; where none were, a bad twin shows whether any would have been. The verdict rests on none
 * of them.
 */
export async function runTrials(
  place: ScenarioPlace,
  result: Pick<ScenarioResult, 'verdict' | 'findings'>,
): Promise<readonly RecordedTrial[]> {
  return [...(await runRolledControl(place, result)), ...(await runChanged(place, result))];
}

/** A known-good app in the place of the user's, where the drops ask for it. */
async function runRolledControl(
  place: ScenarioPlace,
  ofRuns: Pick<ScenarioResult, 'verdict' | 'findings'>,
): Promise<readonly RecordedTrial[]> {
  const { planned, cluster, places } = place;
  if (!planned.rolledControl || !asksForRolledControl(ofRuns, planned.rolledControl)) return [];
  const control = rolledControlScenario(planned, cluster, places.proberImage);
  if (!control) {
    place.progress.warning('a known-good app is not rolled: it would need the same port of the node');
    return [];
  }
  place.progress.line('a known-good app, rolled in the place of yours');
  const trial = { kind: 'rolled-control', causes: [], patches: [], runs: 1 } as const;
  const { recording } = await recordRun({ ...place, planned: control }, { run: 1, trial });
  const result = judgeRun(recording.entries);
  place.progress.line(`known-good app: ${verdictLine(result)}`);
  return [{ trial, result, recording }];
}

async function runChanged(
  place: ScenarioPlace,
  ofRuns: Pick<ScenarioResult, 'verdict' | 'findings'>,
): Promise<readonly RecordedTrial[]> {
  const trial = trialAfter(place, ofRuns);
  if (!trial) return [];
  const planned = patchedScenario(place.planned, trial.patches);
  if (!planned) {
    place.progress.warning('the suggestion does not fit the manifests that were applied, and is not tried');
    return [];
  }
  // What passes then has passed by luck. A twin that is the same is told of: nothing could have been worse.
  if (trial.kind === 'fix' && saysAlready(place.planned, trial.patches)) {
    place.progress.warning('the manifests say already what is suggested, and it is not tried');
    return [];
  }
  const recorded: RecordedTrial[] = [];
  let passed = 0;
  for (let run = 1; passed < trial.runs && run <= trial.runs + SPARE; run++) {
    place.progress.line(
      trial.kind === 'fix'
        ? `trial ${run} (${passed} of ${trial.runs} passed): the same with the suggested change (${trial.causes.join(', ')})`
        : 'a deliberately bad twin: the same without preStop hooks, with a second to end',
    );
    const { recording } = await recordRun({ ...place, planned }, { run, trial });
    const result = judgeRun(recording.entries);
    recorded.push({ trial, result, recording });
    place.progress.line(`trial: ${verdictLine(result)}`);
    if (result.verdict === 'pass') passed++;
    // One without a verdict says nothing for or against the change; any other ends it.
    else if (result.verdict !== 'inconclusive') break;
  }
  return recorded;
}

function trialAfter(
  { planned }: ScenarioPlace,
  result: Pick<ScenarioResult, 'verdict' | 'findings'>,
): Trial | undefined {
  if (result.verdict === 'pass' && planned.sensitivity) {
    const patch = badTwin(planned);
    return patch && { kind: 'sensitivity', causes: [], patches: [patch], runs: 1 };
  }
  return planned.tryFixRuns === undefined ? undefined : fixToTry(result, planned.tryFixRuns);
}
